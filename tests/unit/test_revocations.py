from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.schemas import schema_of

from provenance.documents import parse_tracked
from provenance.errors import RepositoryError
from provenance.revocations import Revocations

SCHEMA = Path(__file__).resolve().parents[2] / "docs/specification/revocations.schema.json"
START = "version: 1\nrevocations:"
ENTRY = """
  - id: 0123456789ab
    selectors: ["source:forum"]
    reason: withdrawn
    revoked: "2026-11-20T09:30:00Z"
"""


def parsed(text: str) -> Revocations:
    return parse_tracked(text, "provenance.revocations.yaml", Revocations)


def test_the_schema_in_the_documentation_is_that_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema_of(Revocations)


def test_a_file_that_is_edited_by_hand_is_read() -> None:
    (entry,) = parsed(START + ENTRY).revocations
    assert (entry.selectors, entry.reason, entry.by, entry.revoked.hour) == (("source:forum",), "withdrawn", None, 9)


def test_a_decision_that_two_branches_took_counts_once_and_from_the_earlier_day() -> None:
    later = ENTRY.replace("09:", "11:", 1)
    assert later != ENTRY
    assert parsed(START + later + ENTRY).revocations == parsed(START + ENTRY).revocations


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (START + ENTRY + ENTRY.replace("withdrawn", "recalled"), "two revocations have the id 0123456789ab"),
        (START + ENTRY.replace("withdrawn", '""'), "reason"),
        (START + ENTRY.replace("reason", "reasons"), "reason: Field required"),
        (START + ENTRY.replace('["source:forum"]', "[]"), "selectors"),
        (START.replace("1", "2") + ENTRY, "version"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(RepositoryError, match=said):
        parsed(text)
