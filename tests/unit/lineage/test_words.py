"""The kinds, which the documentation lists as they are."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest
from pydantic import TypeAdapter

from provenance.lineage.words import Kind

CONCEPTS = Path(__file__).resolve().parents[3] / "docs/concepts.md"


def test_the_documentation_has_the_table_of_kinds() -> None:
    section = CONCEPTS.read_text(encoding="utf-8").split("## Kinds\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (yes|) ?\|$", section, re.MULTILINE)
    assert rows == [(str(kind), kind.meaning, "yes" if kind.from_others else "") for kind in Kind]


@pytest.mark.parametrize("name", ["other:brainstorm", "other:a.b-c_9", "other:" + "x" * 64])
def test_a_kind_of_one_s_own(name: str) -> None:
    assert TypeAdapter(Kind).validate_python(name) == name == Kind(name).value
    assert isinstance(Kind(name), Kind) and not Kind(name).from_others
    assert TypeAdapter(Kind).dump_json(Kind(name)) == f'"{name}"'.encode()
    assert name not in list(Kind)
    jsonschema.validate(name, TypeAdapter(Kind).json_schema())


@pytest.mark.parametrize("name", ["other:", "other", "brainstorm", "other:a b", "other:" + "x" * 65, "other:\n", 7])
def test_what_is_no_kind(name: object) -> None:
    with pytest.raises(ValueError, match=r"is not a valid Kind"):
        Kind(name)  # type: ignore[arg-type]
