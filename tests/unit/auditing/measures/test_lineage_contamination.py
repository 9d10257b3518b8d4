from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.measuring import values
from support.sidecars import ledger_of, record, sample, write

from provenance.auditing.measures import Doubt, Measured, NotMeasured, Part, Subject
from provenance.auditing.measures.lineage_contamination import MEASURE
from provenance.repository import Repository

EVALUATION = [record(sample(number)) for number in (1, 2, 3)]
MIX = [
    record(sample(1), 2),  # a copy
    record(sample(10), 3, parents=[sample(20)]),  # a grandchild of 2
    record(sample(20), 0, parents=[sample(2)]),
    record(sample(2), 0),
    record(sample(11), 1, parents=[sample(3)], evidence="inferred"),  # only guessed
    record(sample(3), 0),
    record(sample(12), 4, parents=[sample(30)]),
    record(sample(30), 0),
]


def measured(repository: Repository, folder: Path, *evaluations: list[dict[str, Any]]) -> Measured | NotMeasured:
    paths = [write(folder, "mix.jsonl", MIX)]
    paths += [write(folder, f"evaluation{number}.jsonl", records) for number, records in enumerate(evaluations)]
    with ledger_of(repository, *paths) as ledger:
        parts = [Part(ledger, dataset) for dataset in ledger.recorded]
        return MEASURE.measure(Subject(parts[0], folder, evaluations=tuple(parts[1:])))


def test_copies_and_all_descendants_are_found_and_guesses_are_not(repository: Repository, tmp_path: Path) -> None:
    found = measured(repository, tmp_path, EVALUATION)
    assert values(found) == {
        "rows": 5,
        "fraction": 0.5,
        "unknown_rows": 1,  # the one that is only guessed
        "rows_through_models": 0,
        "evaluation_samples": 2,
        "evaluations": {"evaluation0.jsonl": {"rows": 5, "samples": 2}},
    }
    assert isinstance(found, Measured)
    assert {each.sample_id for each in found.outstanding} == {sample(1), sample(10)}
    assert {each.why for each in found.outstanding} == {"is, or comes from, a row of evaluation0.jsonl"}


def test_rows_that_come_from_several_sets_are_counted_once(repository: Repository, tmp_path: Path) -> None:
    found = values(measured(repository, tmp_path, EVALUATION[:1], EVALUATION, [record(sample(99))]))
    assert (found["rows"], found["evaluation_samples"]) == (5, 3)
    assert {path: each["rows"] for path, each in found["evaluations"].items()} == {
        "evaluation0.jsonl": 2,
        "evaluation1.jsonl": 5,
        "evaluation2.jsonl": 0,
    }


def test_an_ancestor_in_an_evaluation_set_is_not_a_row_of_it(repository: Repository, tmp_path: Path) -> None:
    assert values(measured(repository, tmp_path, [record(sample(2), 0), record(sample(98))]))["rows"] == 0


def test_without_an_evaluation_set_nothing_is_measured(repository: Repository, tmp_path: Path) -> None:
    assert measured(repository, tmp_path) == NotMeasured("no evaluation set is named; name one with --evaluation")


def test_ids_of_another_digest_say_nothing(repository: Repository, tmp_path: Path) -> None:
    paths = [write(tmp_path, "mix.jsonl", MIX), write(tmp_path, "evaluation.jsonl", EVALUATION)]
    with ledger_of(repository, *paths) as ledger:
        audited, evaluation = (Part(ledger, dataset) for dataset in ledger.recorded)
        header = evaluation.dataset.sidecar.header
        other = header.model_copy(update={"identity": header.identity.model_copy(update={"digest": "sha256"})})
        object.__setattr__(evaluation.dataset.sidecar, "header", other)
        found = MEASURE.measure(Subject(audited, tmp_path, evaluations=(evaluation,)))
    assert found == NotMeasured("evaluation.jsonl: its sample ids are sha256, those of mix.jsonl xxh3_128")


def test_a_stale_evaluation_set_is_not_compared(repository: Repository, tmp_path: Path) -> None:
    paths = [write(tmp_path, "mix.jsonl", MIX, md5="a"), write(tmp_path, "evaluation.jsonl", EVALUATION, md5="b")]
    with ledger_of(repository, *paths, md5="a") as ledger:
        audited, evaluation = (Part(ledger, dataset) for dataset in ledger.recorded)
        found = MEASURE.measure(Subject(audited, tmp_path, evaluations=(evaluation,)))
    assert isinstance(found, NotMeasured)
    assert found.reason.startswith("evaluation.jsonl: its sidecar was made for a file of md5 b")


@pytest.mark.parametrize(
    "records",
    [
        [record(sample(1), 3, origin="unknown", evidence=None)],
        [record(sample(1), 3, parents=[sample(2)]), record(sample(2), 0, origin="unknown", content_bytes=None)],
        [record(sample(1), 3, origin="synthetic", kind="rewrite")],
        [record(sample(1), 3, origin="synthetic", kind="answer")],
        [record(sample(1), 3, origin="synthetic", kind=None)],
        [record(sample(1), 3, parents=[sample(2)]), record(sample(2), 0, evidence="inferred", parents=[sample(3)])],
    ],
    ids=[
        "unknown origin",
        "a parent that nobody knows",
        "a rewrite of nothing",
        "an answer without its question",
        "a model's text of an unstated kind",
        "a parent whose parent is guessed",
    ],
)
def test_what_lineage_does_not_say_is_no_clearance(
    repository: Repository, tmp_path: Path, records: list[dict[str, Any]]
) -> None:
    known = record(sample(5), 2)
    with ledger_of(
        repository, write(tmp_path, "mix.jsonl", [*records, known]), write(tmp_path, "test.jsonl", [record(sample(9))])
    ) as ledger:
        mix, test = (Part(ledger, dataset) for dataset in ledger.recorded)
        found = MEASURE.measure(Subject(mix, tmp_path, evaluations=(test,)))
    assert (values(found)["rows"], values(found)["unknown_rows"]) == (0, 3)
    assert isinstance(found, Measured)
    why = "the ancestry of 3 rows is incomplete"
    assert found.doubts == {"rows": Doubt(3, why), "fraction": Doubt(0.6, why)}


def test_rows_that_came_of_it_in_any_case_are_not_in_doubt(repository: Repository, tmp_path: Path) -> None:
    both = [
        record(sample(10), parents=[sample(1), sample(2)]),
        record(sample(1), 0),
        record(sample(2), 0, origin="unknown", content_bytes=None),
    ]
    with ledger_of(
        repository, write(tmp_path, "mix.jsonl", both), write(tmp_path, "test.jsonl", [record(sample(1))])
    ) as ledger:
        mix, test = (Part(ledger, dataset) for dataset in ledger.recorded)
        found = MEASURE.measure(Subject(mix, tmp_path, evaluations=(test,)))
    assert isinstance(found, Measured)
    assert (values(found)["rows"], values(found)["unknown_rows"], found.doubts) == (1, 0, {})


def test_an_evaluation_set_without_rows_clears_nothing(repository: Repository, tmp_path: Path) -> None:
    assert measured(repository, tmp_path, []) == NotMeasured(
        "evaluation0.jsonl: has no rows, so that nothing can go back to them"
    )
