"""What people are told of the columns that count, and of text that does not."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.lineage.records import IdentitySettings
from provenance.report.content_words import content_fields, lines_on_content, text_not_counted


def stated(**more: Any) -> IdentitySettings:
    settings = {"digest": "xxh3_128", "canonical_form": 1, "rule": "named", "fields": ["code", "text"], **more}
    return IdentitySettings.model_validate(settings)


def test_columns_are_named_and_the_many_of_wide_data_counted() -> None:
    assert content_fields(stated()) == "code, text"
    assert content_fields(stated(beside=["id", "a\nb"])) == "code, text; not counted: id, a b"
    many = content_fields(stated(fields=[f"f{number:02}" for number in range(14)]))
    assert many is not None and many.endswith("f11, 2 more")
    assert list(lines_on_content("images", stated(fields=[]), None)) == []


def test_text_that_does_not_count_comes_with_what_settles_it() -> None:
    beside = {"beside": ["id", "my notes", "source"], "text_beside": ["my notes", "source"]}
    assert text_not_counted("a b.jsonl", stated(**beside), None) == (
        "my notes, source read like text and do not count; if they are content, "
        "run `provenance add 'a b.jsonl' --fields 'code,text,my notes,source' …`"
    )
    assert text_not_counted("x.jsonl", stated(**beside, left=["source"]), "run it again") == (
        "my notes reads like text and does not count; if it is content, put `fields: [code,text,my notes]` for x.jsonl "
        "into provenance.yaml and run it again"
    )


@pytest.mark.parametrize("settled", [{"rule": "declared"}, {"left": ["source"]}, {"text_beside": []}])
def test_what_somebody_settled_is_no_warning(settled: dict[str, Any]) -> None:
    identity = stated(**{"beside": ["source"], "text_beside": ["source"], **settled})
    assert text_not_counted("x.jsonl", identity, None) is None
