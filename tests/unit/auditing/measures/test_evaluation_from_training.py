from __future__ import annotations

from pathlib import Path
from typing import Any

from support.measuring import values
from support.sidecars import ledger_of, record, sample, write

from provenance.auditing.measures import Doubt, Measured, NotMeasured, Part, Subject
from provenance.auditing.measures.evaluation_from_training import MEASURE
from provenance.repository import Repository

MIX = [record(sample(number), 2) for number in (1, 2, 3)]


def measured(repository: Repository, folder: Path, *evaluations: list[dict[str, Any]]) -> Measured | NotMeasured:
    paths = [write(folder, "mix.jsonl", MIX)]
    paths += [write(folder, f"test{number}.jsonl", records) for number, records in enumerate(evaluations)]
    with ledger_of(repository, *paths) as ledger:
        parts = [Part(ledger, dataset) for dataset in ledger.recorded]
        return MEASURE.measure(Subject(parts[0], folder, evaluations=tuple(parts[1:])))


def test_evaluation_rows_made_from_rows_of_the_data_are_found(repository: Repository, tmp_path: Path) -> None:
    test = [
        record(sample(1), 0),
        record(sample(50), 3, parents=[sample(1)]),
        record(sample(51), 1, parents=[sample(60)]),  # a grandchild
        record(sample(60), 0, parents=[sample(2), sample(9)]),
        record(sample(2), 0),
        record(sample(9), 0),
        record(sample(52), 3, parents=[sample(9)]),  # from elsewhere
        record(sample(3), 1),  # a row of both: not made from another
    ]
    found = measured(repository, tmp_path, test, [record(sample(70), 2)])
    assert values(found) == {
        "evaluation_rows": 4,
        "fraction": 0.4,
        "unknown_rows": 0,
        "samples": 2,
        "evaluations": {"test0.jsonl": {"rows": 4, "samples": 2}, "test1.jsonl": {"rows": 0, "samples": 0}},
    }
    assert isinstance(found, Measured)
    assert {each.sample_id for each in found.outstanding} == {sample(1), sample(2)}
    assert {each.why for each in found.outstanding} == {"a row of test0.jsonl was made from it"}


def test_evaluation_rows_of_unknown_ancestry_are_in_doubt(repository: Repository, tmp_path: Path) -> None:
    found = measured(repository, tmp_path, [record(sample(50), 3, origin="unknown", evidence=None), record(sample(51))])
    assert isinstance(found, Measured)
    why = "the ancestry of 3 evaluation rows is incomplete"
    assert found.doubts == {"evaluation_rows": Doubt(3, why), "fraction": Doubt(0.75, why)}


def test_without_evaluation_rows_nothing_is_measured(repository: Repository, tmp_path: Path) -> None:
    assert measured(repository, tmp_path) == NotMeasured("no evaluation set is named; name one with --evaluation")
    assert isinstance(measured(repository, tmp_path, []), NotMeasured)
