from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.born import Born, agrees, born
from support.sidecars import Words, record, sample, write

from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.tombstones import Tombstones

WORDS = Words((Activity(type=ActivityType.COLLECTION),))


def ended(folder: Path, records: list[dict[str, Any]], going: set[str]) -> list[dict[str, Any]]:
    sidecar = open_sidecar(write(folder, "a.jsonl", records, WORDS))

    def causes(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
        return np.array([each.tobytes().hex() in going for each in ids], np.uint32)

    batches = list(Tombstones(sidecar, causes, 1).batches())
    found = pa.Table.from_batches(batches).to_pylist()
    return [each | {"sample_id": each["sample_id"].hex()} for each in found]


def test_the_purge_may_be_the_first_activity_of_a_sidecar(tmp_path: Path) -> None:
    sidecar = open_sidecar(write(tmp_path, "a.jsonl", [record(sample(1), 1, origin="unknown")], Words(())))
    batches = Tombstones(sidecar, lambda ids: np.ones(len(ids), np.uint32), 0).batches()
    assert pa.Table.from_batches(list(batches))["activity"].to_pylist() == [None, 0]


# Samples by number: rows, and whether they were born a second time.
MEMBERS = st.dictionaries(st.integers(1, 40), st.tuples(st.integers(0, 3), st.booleans()), min_size=1)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(members=MEMBERS, going=st.sets(st.integers(1, 40)), group=st.integers(1, 7))
def test_nothing_is_lost_and_what_goes_has_one_tombstone(
    tmp_path: Path, members: dict[int, tuple[int, bool]], going: set[int], group: int
) -> None:
    records = []
    for number, (rows, twice) in members.items():
        records.append(record(sample(number), rows, activity=0))
        if twice:
            records.append(record(sample(number), 0, origin="synthetic", activity=0, evidence="declared"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("provenance.lineage.parts.ROW_GROUP_ROWS", group)
        found = ended(tmp_path, records, {sample(number) for number in going})
    assert [each["sample_id"] for each in found] == sorted(each["sample_id"] for each in found)
    for number, (rows, twice) in members.items():
        of_sample = [each for each in found if each["sample_id"] == sample(number)]
        goes = number in going and rows > 0
        assert len(of_sample) == 1 + twice + goes
        assert sum(each["rows"] for each in of_sample) == (0 if number in going else rows)
        assert [each["activity"] for each in of_sample] == [0] * (1 + twice) + [1] * goes
        if goes:
            stone = of_sample[-1]
            assert (stone["parents"], stone["evidence"], stone["prompt"]) == ([], None, None)
            assert (stone["origin"], stone["content_bytes"]) == ("real", 10)


def test_a_rendered_prompt_goes_with_its_sample(tmp_path: Path) -> None:
    records = [record(sample(number), 1, prompt_text="about Ada Lovelace") for number in (1, 2)]
    found = ended(tmp_path, records, {sample(1)})
    assert {each["sample_id"]: each["prompt_text"] for each in found if each["activity"] is None} == {
        sample(1): None,
        sample(2): "about Ada Lovelace",
    }


def test_what_stays_is_as_it_was(tmp_path: Path) -> None:
    records = [record(sample(number), 1, cost=None, seed=number) for number in range(1, 9)]
    before = pq.read_table(write(tmp_path, "b.jsonl", records, WORDS)).to_pylist()
    found = ended(tmp_path, records, set())
    assert found == [each | {"sample_id": each["sample_id"].hex()} for each in before]


def _as_written(known: Born) -> Born:
    """The same with the births in the order in which `write` writes them: where nothing is shared, most rows first."""
    if known.shared:
        return known
    falling = tuple(sorted(known.certain, reverse=True))
    return replace(known, certain=falling, truth=falling)


@st.composite
def purges(draw: st.DrawFn) -> list[tuple[Born, list[int]]]:
    """Samples with several births; for each birth, which of two purges takes it (1 or 2), or that it stays (0)."""
    samples = [_as_written(each) for each in draw(st.lists(born(), min_size=1, max_size=6))]
    return [(each, [draw(st.integers(0, 2)) for _ in each.truth]) for each in samples]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=purges(), group=st.integers(1, 7))
def test_what_is_known_of_rows_that_stay_is_true(
    tmp_path: Path, drawn: list[tuple[Born, list[int]]], group: int
) -> None:
    records = [
        record(sample(number), activity=0, seed=place, prompt_text="about somebody", **counted)
        for number, (known, _) in enumerate(drawn)
        for place, counted in enumerate(known.records())
    ]
    causes_of = {sample(number): causes for number, (_, causes) in enumerate(drawn)}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("provenance.lineage.parts.ROW_GROUP_ROWS", group)
        sidecar = open_sidecar(write(tmp_path, "a.jsonl", records, WORDS))

    def causes(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
        asked = dict.fromkeys(each.tobytes().hex() for each in ids)
        assert len(ids) == sum(len(causes_of[sample_id]) for sample_id in asked)
        return np.array([cause for sample_id in asked for cause in causes_of[sample_id]], np.uint32)

    found = pa.Table.from_batches(list(Tombstones(sidecar, causes, 1).batches())).to_pylist()
    for number, (known, goes) in enumerate(drawn):
        of_sample = [each for each in found if each["sample_id"].hex() == sample(number)]
        births, stones = of_sample[: len(goes)], of_sample[len(goes) :]
        agrees(of_sample)
        # As many rows of births that go, one purge after the other, as there may be.
        most = [max(_rows_of(each, goes, up_to) for each in known.divisions()) for up_to in (1, 2)]
        left = sum(each["rows"] + (each["ambiguous_rows"] or 0) for each in of_sample)
        assert left == known.rows - most[1] or (len(goes) > 3 and left < known.rows - most[1])
        assert all(each["rows"] == (each["possible_rows"] or 0) == 0 for each, n in zip(births, goes, strict=True) if n)
        assert all(each["evidence"] is None and each["rows"] == 0 for each in stones)
        if len(goes) <= 3:
            took = [n for n, rows in ((1, most[0]), (2, most[1] - most[0])) if rows]
            assert sorted(each["activity"] for each in stones) == took
        for each, cause in zip(births, goes, strict=True):
            assert (each["prompt_text"] is None) == (cause > 0 or (left == 0 and known.rows > 0))


def _rows_of(division: tuple[int, ...], causes: list[int], up_to: int) -> int:
    return sum(rows for rows, cause in zip(division, causes, strict=True) if 0 < cause <= up_to)


def test_marks_of_samples_that_are_reached_are_forgotten(tmp_path: Path) -> None:
    marks = [{"mark": b"1" * 8, "rows": 1, "possible_rows": None, "ambiguous_rows": None}]
    records = [record(sample(number), 1, activity=0, seed=seed, marks=marks) for number in (1, 2) for seed in (1, 2)]
    found = ended(tmp_path, records, {sample(2)})
    assert [each["marks"] for each in found if each["sample_id"] == sample(1)] == [marks, marks]
    assert [each["marks"] for each in found if each["sample_id"] == sample(2)] == [None, None, None]
