from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from provenance.documents import parse_yaml, read_document, validated
from provenance.errors import ProvenanceError, RepositoryError


class Page(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a: [", "x.yaml: not valid YAML"),
        (b"\xff\xfe", "x.yaml: not valid YAML"),
        (b"day: 2026-02-31", "x.yaml: not valid YAML"),
        (b"a: 1\na: 2", "x.yaml: not valid YAML.*duplicate"),
        (b"a: !!python/object/apply:os.system ['true']", "x.yaml: not valid YAML"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "x.yaml: YAML aliases"),
        (b"[" * 20_000, "x.yaml: not valid YAML: nested too deeply"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_in_one_line(content: bytes, problem: str) -> None:
    with pytest.raises(ProvenanceError, match=problem) as raised:
        parse_yaml(content, "x.yaml")
    assert "\n" not in str(raised.value)


def test_the_first_wrong_key_is_named() -> None:
    assert validated(Page, {"title": "a"}, "x.yaml") == Page(title="a")
    with pytest.raises(RepositoryError, match=r"^x\.yaml: titel: Extra inputs are not permitted; see docs$"):
        validated(Page, {"title": "a", "titel": "b"}, "x.yaml", "; see docs", RepositoryError)


def test_a_file_that_is_no_document_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="the policy cannot be read: No such file"):
        read_document(tmp_path / "none.yaml", "policy")
    with open(tmp_path / "large.yaml", "wb") as handle:
        handle.truncate(5 << 20)
    with pytest.raises(ProvenanceError, match="too large for a policy"):
        read_document(tmp_path / "large.yaml", "policy")
