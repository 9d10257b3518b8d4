"""Rows that agree with samples of the inputs on the columns that both have, where other columns count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.workbench import DERIVATION, Workbench, identifier

from provenance.identity import Identity, sample_id
from provenance.lineage.births import Dependency
from provenance.lineage.records import Activity
from provenance.lineage.sidecar import open_sidecar

CODES = [{"text": f"task {number}", "code": f"def f{number}(): pass"} for number in range(3)]


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def activity_of(workbench: Workbench, out: Path, record: dict[str, Any]) -> Activity:
    number: int = record["activity"]
    return open_sidecar(Path(f"{out}.lineage.parquet")).header.activities[number]


def test_what_counts_on_one_side_only_is_compared_too(workbench: Workbench) -> None:
    real = workbench.collected("codes.jsonl", CODES)
    # The out declares the text alone, and one code was rewritten.
    out = workbench.dataset("out.jsonl", [CODES[0], {**CODES[1], "code": "# by a model"}])
    report = workbench.complete(out, identity=Identity(fields=("text",)), dependencies=[real], derivation=DERIVATION)
    assert (report.carried, report.aligned, report.unknown) == (0, 1, 1)
    origins = {record["sample_id"]: record["origin"] for record in workbench.records(out) if record["rows"]}
    assert origins == {sample_id({"text": "task 0"}): "real", sample_id({"text": "task 1"}): "unknown"}


def test_rows_of_one_sample_that_fit_different_ones_come_from_none(workbench: Workbench) -> None:
    real = workbench.collected("codes.jsonl", CODES)
    out = workbench.dataset("out.jsonl", [CODES[0], {**CODES[0], "code": "# by a model"}])
    report = workbench.complete(out, identity=Identity(fields=("text",)), dependencies=[real], derivation=DERIVATION)
    assert (report.samples, report.aligned, report.unknown) == (1, 0, 2)


def test_the_input_with_the_most_columns_in_common_is_believed(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", [{"text": row["text"]} for row in CODES])
    codes = workbench.collected("codes.jsonl", CODES)
    out = workbench.dataset("out.jsonl", [{**CODES[0], "rationale": "since it is so"}])
    workbench.complete(out, dependencies=[documents, codes], derivation=DERIVATION)
    record = workbench.record(out, {**CODES[0], "rationale": "since it is so"})
    assert (record["origin"], record["parents"]) == ("unknown", [identifier(CODES[0])])


def test_equal_fits_in_two_inputs_are_ambiguous(workbench: Workbench) -> None:
    inputs = [
        workbench.collected(f"{name}.jsonl", [{"text": "one", name: name}, {"text": "two", name: name}])
        for name in ("notes", "code")
    ]
    out = workbench.dataset("out.jsonl", [{"text": "one"}])
    workbench.complete(out, dependencies=inputs, derivation=DERIVATION)
    record = workbench.record(out, {"text": "one"})
    assert (record["parents"], record["origin"], record["depth"], record["license"]) == ([], "real", 0, "MIT")


def test_what_is_added_empty_makes_no_origin_unknown(workbench: Workbench) -> None:
    real = workbench.collected("documents.jsonl", [{"text": "one"}, {"text": "two"}, {"text": "three"}])
    rows = [{"text": "one", "code": "", "notes": None}, {"text": "two", "code": None, "notes": ""}]
    out = workbench.dataset("out.jsonl", [*rows, {"text": "three", "code": "x", "notes": ""}])
    workbench.complete(out, dependencies=[real], derivation=DERIVATION)
    assert [workbench.record(out, row)["origin"] for row in rows] == ["real", "real"]
    assert workbench.record(out, {"text": "three", "code": "x", "notes": ""})["origin"] == "unknown"


def renamed(workbench: Workbench, real: Dependency, rows: list[dict[str, Any]]) -> list[tuple[str, list[str], object]]:
    out = workbench.dataset("out.jsonl", rows)
    workbench.complete(out, dependencies=[real], derivation=DERIVATION)
    found = [workbench.record(out, row) for row in rows]
    activities = [None if record["activity"] is None else activity_of(workbench, out, record) for record in found]
    return [
        (record["origin"], record["parents"], activity and activity.renamed)
        for record, activity in zip(found, activities, strict=True)
    ]


def test_columns_that_were_only_renamed_are_found_by_their_values(workbench: Workbench) -> None:
    real = workbench.collected("codes.jsonl", CODES)
    rows = [{"prompt": row["text"], "completion": row["code"]} for row in CODES[:2]]
    names = {"prompt": "text", "completion": "code"}
    assert renamed(workbench, real, rows) == [("real", [identifier(row)], names) for row in CODES[:2]]
    # One of them may be dropped besides.
    questions = [{"question": row["text"]} for row in CODES[:2]]
    expected = [("real", [identifier(row)], {"question": "text"}) for row in CODES[:2]]
    assert renamed(workbench, real, questions) == expected


def test_what_is_not_equal_in_every_row_was_not_renamed(workbench: Workbench) -> None:
    rated = [{"text": f"text {number}", "label": number % 2 == 0} for number in range(4)]
    real = workbench.collected("rated.jsonl", rated)
    # A model's verdicts, of which some are those of people.
    verdicts: list[dict[str, Any]] = [{"text": row["text"], "target": True} for row in rated]
    assert renamed(workbench, real, verdicts) == [("unknown", [identifier(row)], None) for row in rated]


def test_a_column_that_may_be_one_of_two_was_not_renamed(workbench: Workbench) -> None:
    twice = [{"text": f"text {number}", "code": f"text {number}"} for number in range(2)]
    real = workbench.collected("twice.jsonl", twice)
    assert renamed(workbench, real, [{"prompt": "text 0"}]) == [("unknown", [], None)]
