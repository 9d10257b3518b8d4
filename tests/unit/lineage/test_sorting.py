"""The distinct samples of any batches: what counting them in a dict gives, however small runs are."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.errors import SidecarError
from provenance.identity import SampleBatch
from provenance.identity.digests import digest_function, digest_size
from provenance.lineage import sorting
from provenance.lineage.id_ranges import EVERY_ID, MOST_BITS, IdRange, ranges
from provenance.lineage.schema import ROW_GROUP_ROWS, sidecar_schema

# (which sample, number of tokens): ids are digests of the former, so that samples recur.
Rows = list[tuple[int, int | None]]


def _batches(digest: str, parts: Sequence[Rows]) -> Iterator[SampleBatch]:
    first = 1
    hashed = digest_function(digest)
    for rows in parts:
        ids = [hashed(str(sample).encode()) for sample, _ in rows]
        # A slice, as batches cut out of larger ones are.
        sample_ids = pa.array([ids[0], *ids] if ids else [], pa.binary(digest_size(digest)))[1:]
        sizes = pa.array([sample + 7 for sample, _ in rows], pa.uint64())
        tokens = pa.array([tokens for _, tokens in rows], pa.uint32())
        yield SampleBatch(first, sample_ids, sizes, tokens, None, None)
        first += len(rows)


def _expected(digest: str, parts: Sequence[Rows]) -> list[dict[str, Any]]:
    hashed = digest_function(digest)
    found: dict[bytes, list[tuple[int, int | None]]] = {}
    for sample, tokens in (row for rows in parts for row in rows):
        found.setdefault(hashed(str(sample).encode()), []).append((sample, tokens))
    return [
        {
            "sample_id": sample_id,
            "rows": len(rows),
            "content_bytes": rows[0][0] + 7,
            "tokens": max((tokens for _, tokens in rows if tokens is not None), default=None),
        }
        for sample_id, rows in sorted(found.items())
    ]


@pytest.mark.parametrize("run_rows", [1, 5, 40])
@pytest.mark.parametrize("digest", ["xxh3_128", "xxh32", "sha1"])
@given(
    parts=st.lists(
        st.lists(st.tuples(st.integers(0, 60), st.none() | st.integers(0, 2**32 - 1)), max_size=30), max_size=6
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_samples_are_counted_and_sorted(
    parts: list[Rows], digest: str, run_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "_RUN_ROWS", run_rows)
    monkeypatch.setattr(sorting, "_RANGE_ROWS", run_rows)

    found = sorting.distinct_samples(_batches(digest, parts), digest_size(digest), tmp_path / "samples")

    assert [row for batch in found for row in batch.to_pylist()] == _expected(digest, parts)


def test_samples_have_their_first_row_and_stand_in_their_range(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorting, "_RUN_ROWS", 3)
    monkeypatch.setattr(sorting, "_RANGE_ROWS", 3)
    parts: list[Rows] = [[(1, None), (2, 5)], [(2, 7), (1, None), (3, None)], [(2, None)]]
    samples = sorting.SortedSamples(tmp_path / "samples", 16, with_rows=True)
    samples.take(_batches("xxh3_128", parts))
    hashed = digest_function("xxh3_128")
    first = {hashed(str(sample).encode()): row for sample, row in ((1, 0), (2, 1), (3, 4))}
    found = [{each["sample_id"]: int(each["row"]) for each in samples.within(half)} for half in ranges(1)]
    assert found[0] | found[1] == first
    assert all(sample_id[0] < 128 for sample_id in found[0]) and all(sample_id[0] > 127 for sample_id in found[1])


def test_nothing_is_larger_than_a_run_however_many_rows_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "_RUN_ROWS", 1000)
    monkeypatch.setattr(sorting, "_RANGE_ROWS", 1000)
    counted: list[int] = []
    count = sorting._counted

    def count_and_note(samples: Any) -> Any:
        counted.append(len(samples))
        return count(samples)

    monkeypatch.setattr(sorting, "_counted", count_and_note)
    # Different samples, and one that is repeated as often as all of these.
    parts: list[Rows] = [
        [(part * 500 + row // 2 if row % 2 else -1, None) for row in range(1000)] for part in range(40)
    ]

    found = list(sorting.distinct_samples(_batches("xxh3_128", parts), 16, tmp_path / "samples"))

    assert sum(batch.num_rows for batch in found) == 20_001
    # A range may be as large as a run, and one more run may come before repeated rows are counted.
    assert max(counted) <= 2 * 1000


def test_batches_are_no_larger_than_row_groups_and_ids_stay_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "_RANGE_ROWS", 2 * ROW_GROUP_ROWS)
    # So many that some ids end in a zero byte.
    parts: list[Rows] = [[(part * 10_000 + row, None) for row in range(10_000)] for part in range(10)]

    found = list(sorting.distinct_samples(_batches("xxh3_128", parts), 16, tmp_path / "samples"))

    assert max(batch.num_rows for batch in found) == ROW_GROUP_ROWS
    hashed = digest_function("xxh3_128")
    expected = sorted(hashed(str(sample).encode()) for sample in range(100_000))
    assert [sample_id for batch in found for sample_id in batch["sample_id"].to_pylist()] == expected


def test_ranges_become_smaller_where_there_are_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more bits than runs are divided by: groups, and ranges that somebody asks for, hold few of the rows."""
    counted: list[int] = []
    count = sorting._counted

    def count_and_note(samples: Any) -> Any:
        counted.append(len(samples))
        return count(samples)

    for name, value in (("_counted", count_and_note), ("_RANGE_ROWS", 1), ("_MOST_RANGE_ROWS", 4), ("_RUN_ROWS", 7000)):
        monkeypatch.setattr(sorting, name, value)
    parts: list[Rows] = [[(part * 4000 + row % 9000, None) for row in range(10_000)] for part in range(4)]
    samples = sorting.SortedSamples(tmp_path / "samples", 16)
    samples.take(_batches("xxh3_128", parts))
    expected = _expected("xxh3_128", parts)
    assert _listed(samples.groups()) == expected
    assert max(counted) < 40_000 >> sorting.LEADING_BITS
    assert _listed(map(samples.within, ranges(sorting.LEADING_BITS + 1))) == expected
    few = [samples.within(each) for each in islice(ranges(MOST_BITS), 1 << 9)]
    begun = [row for row in expected if IdRange(MOST_BITS - 9, 0).contains(row["sample_id"])]
    assert _listed(few) == begun and max(map(len, few)) < 8 < len(begun)


def _listed(some: Iterable[Any]) -> list[dict[str, Any]]:
    return [row for samples in some for row in sorting._as_batch(samples).to_pylist()]


def test_ids_that_begin_alike_are_sorted_by_what_follows(tmp_path: Path) -> None:
    ids = [b"12345678" + end for end in (b"bbbbbbbb", b"aaaaaaaa", b"bbbbbbbb", b"cccccccc")] + [b"12345677zzzzzzzz"]
    sizes = pa.array([2, 1, 2, 3, 0], pa.uint64())
    batch = SampleBatch(1, pa.array(ids, pa.binary(16)), sizes, None, None, None)
    (found,) = sorting.distinct_samples([batch], 16, tmp_path / "runs")
    assert found["sample_id"].to_pylist() == sorted(set(ids))
    assert (found["content_bytes"].to_pylist(), found["rows"].to_pylist()) == ([0, 1, 2, 3], [1, 1, 2, 1])


def test_more_rows_of_a_sample_than_a_sidecar_counts_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number must neither begin anew nor be cut."""
    assert np.iinfo(sidecar_schema(16).field("rows").type.to_pandas_dtype()).max == sorting.MOST_ROWS_OF_SAMPLE
    monkeypatch.setattr(sorting, "MOST_ROWS_OF_SAMPLE", 2)
    for count, is_refused in ((2, False), (3, True)):
        parts: list[Rows] = [[(1, None)] * count, [(2, None)]]
        samples = sorting.SortedSamples(tmp_path / "samples", 16, with_rows=True)
        samples.take(_batches("xxh3_128", parts))
        if is_refused:
            hashed = digest_function("xxh3_128")(b"1").hex()
            said = f"sample {hashed[:12]}: is in 3 rows of the dataset, and a sidecar counts at most 2 rows of one"
            with pytest.raises(SidecarError, match=said):
                samples.within(EVERY_ID)
        else:
            assert len(samples.within(EVERY_ID)) == 2


@given(
    parts=st.lists(
        st.lists(st.tuples(st.integers(0, 60), st.none() | st.integers(0, 2**32 - 1)), max_size=30), max_size=6
    ),
    bits=st.integers(0, sorting.LEADING_BITS),
    rng=st.randoms(use_true_random=False),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_pieces_of_one_number_have_all_samples_of_a_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: Sequence[Rows], bits: int, rng: random.Random
) -> None:
    monkeypatch.setattr(sorting, "_RUN_ROWS", 5)
    monkeypatch.setattr(sorting, "_PIECE_ROWS", 2)
    # Each part is sent by itself, as by tasks of their own.
    sent = [piece for rows in parts for piece in sorting.pieces_of(_batches("xxh3_128", [rows]), 16, bits)]
    rng.shuffle(sent)
    found = []
    for number in sorted({number for number, _ in sent}):
        pieces = (piece for sent_to, piece in sent if sent_to == number)
        for batch in sorting.distinct_of_pieces(pieces, 16, tmp_path / "samples"):
            found += batch.to_pylist()
    assert found == _expected("xxh3_128", parts)
