from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sidecars import ledger_of, record, sample, write

from provenance.auditing.measures import Measured, NotMeasured, Part, Subject
from provenance.auditing.measures.exact_duplicates import MEASURE
from provenance.repository import Repository


def measured(repository: Repository, folder: Path, rows: list[int]) -> Measured | NotMeasured:
    path = write(folder, "mix.jsonl", [record(sample(number), count) for number, count in enumerate(rows)])
    with ledger_of(repository, path) as ledger:
        return MEASURE.measure(Subject(Part(ledger, ledger.recorded[0]), folder))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(rows=st.lists(st.integers(0, 5), min_size=1).filter(any))
def test_agrees_with_counting_rows(repository: Repository, tmp_path: Path, rows: list[int]) -> None:
    found = measured(repository, tmp_path, rows)
    assert isinstance(found, Measured)
    written_out = [number for number, count in enumerate(rows) for _ in range(count)]
    assert found.values["rows"] == len(written_out)
    assert found.values["duplicate_rows"] == len(written_out) - len(set(written_out))
    assert found.values["fraction"] == pytest.approx(1 - len(set(written_out)) / len(written_out))


def test_the_most_repeated_stand_out_first(repository: Repository, tmp_path: Path) -> None:
    found = measured(repository, tmp_path, [1, 2, 1000, 0])
    assert isinstance(found, Measured)
    assert [(each.sample_id, each.why) for each in found.outstanding] == [
        (sample(2), "its content is in 1,000 rows"),
        (sample(1), "its content is in 2 rows"),
    ]


def test_of_no_rows_there_is_no_fraction(repository: Repository, tmp_path: Path) -> None:
    assert measured(repository, tmp_path, [0]) == NotMeasured("mix.jsonl: has no rows")
