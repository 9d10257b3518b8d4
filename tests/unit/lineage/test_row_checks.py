"""Rows against records, range by range: what counting both says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sidecars import DIGEST_SIZE, record, sample, write

from provenance.identity import SampleBatch
from provenance.lineage.row_checks import rows_differ
from provenance.lineage.sidecar import open_sidecar

IDS = [sample(number) for number in range(12)]
ROWS = st.lists(st.sampled_from(IDS), max_size=30)


def batches(ids: Sequence[str]) -> Iterator[SampleBatch]:
    for start in range(0, len(ids), 7):
        some = [bytes.fromhex(each) for each in ids[start : start + 7]]
        sizes = pa.array([1] * len(some), pa.uint64())
        yield SampleBatch(start + 1, pa.array(some, pa.binary(DIGEST_SIZE)), sizes, None, None, None)


@settings(deadline=None, max_examples=80)
@given(ROWS, st.none() | ROWS, st.sets(st.sampled_from(IDS)), st.integers(1, 5), st.integers(1, 3), st.integers(1, 40))
def test_every_sample_has_as_many_rows_as_its_records_say(
    rows: list[str], others: list[str] | None, ancestors: set[str], block: int, jobs: int, at_once: int
) -> None:
    stated = Counter(rows if others is None else others)
    records = [record(each, number) for each, number in stated.items()]
    # A second birth of no rows, and what is only an ancestor.
    records += [record(each, 0, seed=1) for each in ancestors]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("provenance.lineage.parts.ROW_GROUP_ROWS", block)
        sidecar = open_sidecar(write(Path(folder), "a", records))
        found = rows_differ(batches(rows), sidecar, Path(folder) / "samples", jobs, at_once)
    assert found == (stated != Counter(rows))


def test_rows_of_several_births_are_added_up(tmp_path: Path) -> None:
    births = [record(IDS[0], 1, possible_rows=1, ambiguous_rows=1), record(IDS[0], 0, seed=1, possible_rows=1)]
    sidecar = open_sidecar(write(tmp_path, "a", births))

    assert not rows_differ(batches([IDS[0]] * 2), sidecar, tmp_path / "samples")
    assert rows_differ(batches([IDS[0]]), sidecar, tmp_path / "samples")
