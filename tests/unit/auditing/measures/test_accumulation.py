from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sidecars import ledger_of, record, sample, write

from provenance.auditing.measures import Measured, NotMeasured, Part, Subject
from provenance.auditing.measures.accumulation import MEASURE
from provenance.repository import Repository

# Numbers of real samples, one for each row.
ROWS = st.lists(st.integers(0, 6), max_size=12)


def compared(repository: Repository, folder: Path, before: list[int], now: list[int]) -> Measured | NotMeasured:
    """What is measured of real rows ``now`` with ``before`` as the previous version, to which a synthetic is added."""
    paths = []
    for name, rows in (("now", now), ("before", before)):
        records = [record(sample(number), count) for number, count in Counter(rows).items()]
        records.append(record(sample(99), 1, origin="synthetic"))
        paths.append(write(folder / name, "mix.jsonl", records))
    with ledger_of(repository, paths[0]) as ledger, ledger_of(repository, paths[1]) as earlier:
        previous = Part(earlier, earlier.recorded[0])
        return MEASURE.measure(Subject(Part(ledger, ledger.recorded[0]), folder, previous=previous))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(ROWS, ROWS)
def test_agrees_with_counting_what_both_have(
    repository: Repository, tmp_path: Path, before: list[int], now: list[int]
) -> None:
    found = compared(repository, tmp_path, before, now)
    if not before:
        assert found == NotMeasured("mix.jsonl: the previous version has no real rows")
        return
    retained = (Counter(before) & Counter(now)).total()
    assert isinstance(found, Measured)
    assert found.values == {
        "retained_fraction": pytest.approx(retained / len(before)),
        "previous_real_rows": len(before),
        "retained_rows": retained,
    }
    assert {each.sample_id for each in found.outstanding} == {sample(n) for n in Counter(before) - Counter(now)}


def test_adding_retains_everything_and_replacing_nothing(repository: Repository, tmp_path: Path) -> None:
    added = compared(repository, tmp_path / "added", [1, 2, 3], [3, 2, 1, 4])
    replaced = compared(repository, tmp_path / "replaced", [1, 2, 3], [4, 5, 6])
    assert isinstance(added, Measured) and isinstance(replaced, Measured)
    assert (added.values["retained_fraction"], replaced.values["retained_fraction"]) == (1.0, 0.0)


def test_without_a_previous_version_there_is_nothing_to_compare(repository: Repository, tmp_path: Path) -> None:
    with ledger_of(repository, write(tmp_path, "mix.jsonl", [record(sample(1))])) as ledger:
        found = MEASURE.measure(Subject(Part(ledger, ledger.recorded[0]), tmp_path))
    assert found == NotMeasured("there is no previous version to compare with; name its revision with --since")
