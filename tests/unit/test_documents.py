from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from provenance.documents import front_matter, parse_yaml, read_document, validated
from provenance.errors import ProvenanceError, RepositoryError


class Part(BaseModel):
    id: str
    rows: int


class Page(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str
    parts: list[Part] = []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: [", "x.yaml: not valid YAML"),
        (b"\xff\xfe", "x.yaml: not valid YAML"),
        (b"day: 2026-02-31", "x.yaml: not valid YAML"),
        (b"a: 1\na: 2", "x.yaml: not valid YAML.*duplicate"),
        (b"a: !!python/object/apply:os.system ['true']", "x.yaml: not valid YAML"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "x.yaml: YAML aliases"),
        (b"[" * 20_000, "x.yaml: not valid YAML: .*nest"),
        (b"[" * 100 + b"]" * 100, "x.yaml: not valid YAML: nested too deeply, in more than 64 levels"),
        (b"[" + b"a," * 100_001 + b"]", "x.yaml: more than 100,000 keys and values"),
        (b"# " + b"x" * (1 << 20), "x.yaml: larger than 1 MiB"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_in_one_line(content: bytes, problem: str) -> None:
    with pytest.raises(ProvenanceError, match=problem) as raised:
        parse_yaml(content, "x.yaml")
    assert "\n" not in str(raised.value)


def calls_for(text: str) -> int:
    """How many functions are called to read ``text``, or to refuse it."""
    called = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal called
        called += event == "call"

    sys.setprofile(count)
    try:
        parse_yaml(text, "x.yaml")
    except ProvenanceError:
        pass
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.parametrize("sign", ["[", "{", "- ", "? ", "*a ", "[a, "])
def test_what_is_refused_costs_no_more_where_there_is_more_of_it(sign: str) -> None:
    calls_for(sign)  # imports are over
    assert calls_for(sign * 200_000) <= calls_for(sign * 20_000) + 100


def test_reading_costs_in_proportion_to_what_is_read() -> None:
    entry = "- {id: a, parts: [[[1]]]}\n"
    assert calls_for(entry * 800) < 2.2 * calls_for(entry * 400)


def test_each_wrong_key_is_named() -> None:
    assert validated(Page, {"title": "a"}, "x.yaml") == Page(title="a")
    with pytest.raises(RepositoryError) as raised:
        validated(
            Page, {"titel": "b", "parts": [{"id": "one", "rows": 1}, {"rows": "x"}]}, "x.yaml", "!", RepositoryError
        )
    assert str(raised.value).splitlines() == [
        "x.yaml: title: Field required!",
        "x.yaml: parts.2.id: Field required!",
        "x.yaml: parts.2.rows: Input should be a valid integer, unable to parse string as an integer!",
        "x.yaml: titel: Extra inputs are not permitted!",
    ]


def test_of_very_many_wrong_keys_the_first_are_named() -> None:
    with pytest.raises(ProvenanceError, match="x.yaml: 31 more$") as raised:
        validated(Page, {str(number): 1 for number in range(50)}, "x.yaml")
    assert len(str(raised.value).splitlines()) == 21


def test_a_file_that_is_no_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="the policy cannot be read: No such file"):
        read_document(tmp_path / "none.yaml", "policy")
    with open(tmp_path / "large.yaml", "wb") as handle:
        handle.truncate(5 << 20)
    with pytest.raises(ProvenanceError, match="too large for a policy"):
        read_document(tmp_path / "large.yaml", "policy")


@pytest.mark.parametrize("before", ["", "\ufeff", "\n\n", "\ufeff\r\n \n"])
def test_a_byte_order_mark_and_blank_lines_before_a_card_are_skipped(before: str) -> None:
    assert front_matter(f"{before}---\nlicense: mit\n---\n# A\n".encode(), "README.md") == {"license": "mit"}


def test_text_before_the_dashes_is_no_metadata() -> None:
    assert front_matter(b"A\n---\nlicense: mit\n---\n", "README.md") is None
