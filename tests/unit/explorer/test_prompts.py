"""A prompt that is filled in again is proven by its digest, or said to be a guess."""

from __future__ import annotations

from typing import Any

import pytest
from xxhash import xxh3_128_hexdigest

from provenance.explorer.prompts import prompt_of
from provenance.lineage.records import Plan, Record

DIGEST = "xxh3_128"


def recorded(template: str | None, sent: str | None, text: str | None = None) -> Record:
    values: dict[str, Any] = dict.fromkeys(Record.model_fields)
    values |= {"sample_id": "00", "rows": 1, "possible_rows": 0, "ambiguous_rows": 0, "by_marks": False, "calls": 1}
    values |= {"doubts": (), "parents": (), "parent_roles": (), "origin": "synthetic", "prompt_text": text}
    values["plan"] = None if template is None else Plan(name="ask", template=template)
    values["prompt"] = None if sent is None else xxh3_128_hexdigest(sent.encode())
    return Record.model_validate(values)


@pytest.mark.parametrize(
    ("template", "parents", "sent"),
    [
        ("Ask: {text}", [{"text": "one"}], "Ask: one"),
        ("Ask: {question}", [{"text": "one", "other": "two"}], "Ask: two"),
        ("{a} and {b}", [{"a": "1"}, {"b": "2"}], "1 and 2"),
        ("{{{text}}}", [{"text": "{x}"}], "{{x}}"),
        ("No variable", [], None),
    ],
)
def test_what_has_the_recorded_digest_is_what_was_sent(
    template: str, parents: list[dict[str, str]], sent: str | None
) -> None:
    found = prompt_of(recorded(template, sent or template), parents, DIGEST)
    assert found is not None
    if sent is None:
        assert not found.is_filled
        return
    assert found.is_proven
    assert found.text.striptags() == sent


def test_another_digest_and_none_prove_nothing() -> None:
    for sent in ("Ask: two", None):
        found = prompt_of(recorded("Ask: {text}", sent), [{"text": "one"}], DIGEST)
        assert found is not None
        assert (found.is_proven, found.is_filled) == (False, True)


def test_text_that_was_kept_is_shown_and_proven_unless_it_was_redacted() -> None:
    for kept, is_proven in (("Ask: one", True), ("Ask: [redacted]", False)):
        found = prompt_of(recorded("Ask: {text}", "Ask: one", kept), [], DIGEST)
        assert found is not None
        assert (found.text, found.is_proven) == (kept, is_proven)


def test_no_prompt_is_none() -> None:
    assert prompt_of(recorded(None, None), [{"text": "one"}], DIGEST) is None


def test_values_are_escaped() -> None:
    found = prompt_of(recorded("<b>{text}", None), [{"text": "<script>"}], DIGEST)
    assert found is not None
    assert "<script>" not in found.text
    assert "<b>" not in found.text
