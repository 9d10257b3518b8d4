from __future__ import annotations

from pathlib import Path
from typing import Any

from support.measuring import values
from support.sidecars import ledger_of, record, sample, write

from provenance.auditing.measures import Doubt, Measured, NotMeasured, Part, Subject
from provenance.auditing.measures.evaluation_siblings import MEASURE
from provenance.repository import Repository

# Documents 1 to 4; rows of the mix are 10 and up, of the evaluation 50 and up.
DOCUMENTS = [record(sample(number), 0) for number in (1, 2, 3, 4)]


def measured(
    repository: Repository, folder: Path, mix: list[dict[str, Any]], *evaluations: list[dict[str, Any]]
) -> Measured | NotMeasured:
    paths = [write(folder, "mix.jsonl", mix)]
    paths += [write(folder, f"test{number}.jsonl", records) for number, records in enumerate(evaluations)]
    with ledger_of(repository, *paths) as ledger:
        parts = [Part(ledger, dataset) for dataset in ledger.recorded]
        return MEASURE.measure(Subject(parts[0], folder, evaluations=tuple(parts[1:])))


def test_rows_from_the_same_document_are_siblings(repository: Repository, tmp_path: Path) -> None:
    mix = [
        *DOCUMENTS,
        record(sample(10), 3, parents=[sample(1)]),
        record(sample(11), 2, parents=[sample(30)]),  # a grandchild of 2
        record(sample(30), 0, parents=[sample(2), sample(4)]),
        record(sample(12), 5, parents=[sample(3)]),
    ]
    test = [*DOCUMENTS[:2], record(sample(50), parents=[sample(1)]), record(sample(51), parents=[sample(2)])]
    found = measured(repository, tmp_path, mix, test, [record(sample(52))])
    assert values(found) == {
        "rows": 5,
        "fraction": 0.5,
        "unknown_rows": 0,
        "roots": 2,
        "evaluations": {"test0.jsonl": {"rows": 5, "roots": 2}, "test1.jsonl": {"rows": 0, "roots": 0}},
    }
    assert isinstance(found, Measured)
    assert {each.sample_id for each in found.outstanding} == {sample(10), sample(11)}
    assert {each.why for each in found.outstanding} == {
        "is a sibling of a row of test0.jsonl: both go back to one real root"
    }


def test_what_was_made_from_the_other_is_no_sibling(repository: Repository, tmp_path: Path) -> None:
    mix = [
        record(sample(1), 1),  # the evaluation row 50 was made from it
        record(sample(50), 1, parents=[sample(1)]),  # a copy of an evaluation row
        record(sample(11), 1, parents=[sample(50)]),  # made from one
        record(sample(12), 1, parents=[sample(1)]),
    ]
    test = [record(sample(1), 0), record(sample(50), parents=[sample(1)])]
    assert values(measured(repository, tmp_path, mix, test))["rows"] == 1


def test_a_model_s_text_is_no_real_root(repository: Repository, tmp_path: Path) -> None:
    seed = record(sample(1), 0, origin="synthetic", kind="from_scratch")
    mix = [seed, record(sample(10), parents=[sample(1)])]
    assert values(measured(repository, tmp_path, mix, [seed, record(sample(50), parents=[sample(1)])]))["rows"] == 0


def test_unknown_ancestors_may_be_shared(repository: Repository, tmp_path: Path) -> None:
    mix = [record(sample(10), 2, origin="unknown", evidence=None), record(sample(11), 3)]
    found = measured(repository, tmp_path, mix, [record(sample(50))])
    assert isinstance(found, Measured)
    why = "the ancestry of 2 rows, or of evaluation rows, is incomplete"
    assert found.doubts == {"rows": Doubt(2, why), "fraction": Doubt(0.4, why)}
    found = measured(repository, tmp_path, mix, [record(sample(50), origin="unknown", evidence=None)])
    assert isinstance(found, Measured)
    assert found.doubts["rows"].more == 5


def test_without_evaluation_rows_nothing_is_measured(repository: Repository, tmp_path: Path) -> None:
    named = NotMeasured("no evaluation set is named; name one with --evaluation")
    assert measured(repository, tmp_path, DOCUMENTS) == named
    assert isinstance(measured(repository, tmp_path, [record(sample(10))], []), NotMeasured)
