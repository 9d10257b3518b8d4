"""Records of samples as they stand in a sidecar, of all or of some, kept or read again."""

from __future__ import annotations

import pytest
from support.sidecars import record, sample, write

from provenance.export import sample_records
from provenance.export.sample_records import SampleRecords
from provenance.lineage.sidecar import Sidecar, open_sidecar

MANY = 70_000


@pytest.fixture(scope="module", params=[1, 4], ids=["file", "parts"])
def sidecar(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sidecar:
    """Three row groups, or four parts; every hundredth sample was born in two ways."""
    records = [record(sample(number), activity=number % 7) for number in range(MANY)]
    records += [record(sample(number), rows=0, activity=9) for number in range(0, MANY, 100)]
    return open_sidecar(write(tmp_path_factory.mktemp("records"), "x.jsonl", records, parts=request.param))


def test_every_sample_once_with_all_of_its_births(sidecar: Sidecar) -> None:
    found = list(SampleRecords(sidecar).each("activity"))
    assert [each for each, _ in found] == sorted(bytes.fromhex(sample(number)) for number in range(MANY))
    assert sum(len(births) for _, births in found) == MANY + MANY // 100
    assert {len(births) for _, births in found} == {1, 2}
    assert SampleRecords(sidecar).used("activity") == {0, 1, 2, 3, 4, 5, 6, 9}


@pytest.mark.parametrize("few", [0, 10_000])
def test_some_samples_are_found_wherever_they_are(sidecar: Sidecar, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_records, "_FEW", few)
    numbers = (0, 100, 1, 12_345, MANY - 1)
    asked = SampleRecords(sidecar, sorted(bytes.fromhex(sample(number)) for number in numbers))
    found = {each.hex(): [birth["activity"] for birth in births] for each, births in asked.each("activity")}
    assert found == {sample(n): [n % 7, 9] if n % 100 == 0 else [n % 7] for n in numbers}
    assert asked.used("activity") == {n % 7 for n in numbers} | {9}


def test_no_sample_and_samples_that_are_not_there(sidecar: Sidecar) -> None:
    assert list(SampleRecords(sidecar, []).each("rows")) == []
    assert list(SampleRecords(sidecar, [bytes(16), b"\xff" * 16]).each("rows")) == list(
        SampleRecords(sidecar, [bytes.fromhex(sample(0))]).each("rows")
    )
