"""The fixtures of another detector, allenai/decon, judged as its own tests expect; they lie beside the checkout."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.suites import rows_found, suite

_FOLDER = Path(os.environ.get("PROVENANCE_DECON") or Path(__file__).resolve().parents[5] / "shared/data/decon")
TOWER, CRUST, EQUATION = 0, 1, 2


def fixture(name: str) -> list[dict[str, Any]]:
    path = _FOLDER / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"data of another project is absent: {path}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.mark.parametrize("reference", ["passage_question_answer", "question_answer", "question"])
@pytest.mark.parametrize(
    ("name", "expected", "with_answers"),
    [
        ("clean", set(), set()),
        ("contaminated_at_beginning", {(0, TOWER)}, set()),
        ("contaminated_at_end", {(0, TOWER)}, set()),
        ("contaminated_middle_position", {(0, TOWER)}, set()),
        ("contaminated_punctuation_variation", {(0, TOWER)}, set()),
        # A letter is left out twice: its own tests demand nothing here.
        ("contaminated_single_edit", {(0, TOWER)}, set()),
        # The solved equation is the answer of a row.
        ("contaminated_multiple_in_one", {(0, TOWER), (0, CRUST)}, {(0, EQUATION)}),
        ("contaminated_mixed", {(0, TOWER), (3, CRUST)}, {(4, EQUATION)}),
        ("contaminated_edge_cases", {*((number, TOWER) for number in range(5)), (3, CRUST)}, set()),
    ],
)
def test_its_fixtures_are_judged_as_its_tests_expect(
    tmp_path: Path, reference: str, name: str, expected: set[tuple[int, int]], with_answers: set[tuple[int, int]]
) -> None:
    sought = suite(tmp_path, reference=fixture(f"{reference}_reference"))
    found = rows_found(sought, *(row["text"] for row in fixture(name)))
    assert found == expected | (with_answers if "answer" in reference else set())
