"""The distinct samples of any batches: what counting them in a dict gives, however small runs are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.identity import SampleBatch
from provenance.identity.digests import digest_function, digest_size
from provenance.lineage import sorting
from provenance.lineage.schema import ROW_GROUP_ROWS

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


def _expected(digest: str, parts: Sequence[Rows]) -> list[dict[str, object]]:
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

    found = sorting.distinct_samples(_batches(digest, parts), digest_size(digest), tmp_path / "samples")

    assert [row for batch in found for row in batch.to_pylist()] == _expected(digest, parts)


def test_nothing_is_larger_than_a_run_however_many_rows_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "_RUN_ROWS", 1000)
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


def test_batches_are_no_larger_than_row_groups_and_ids_stay_whole(tmp_path: Path) -> None:
    # So many that some ids end in a zero byte.
    parts: list[Rows] = [[(part * 10_000 + row, None) for row in range(10_000)] for part in range(10)]

    found = list(sorting.distinct_samples(_batches("xxh3_128", parts), 16, tmp_path / "samples"))

    assert max(batch.num_rows for batch in found) == ROW_GROUP_ROWS
    hashed = digest_function("xxh3_128")
    expected = sorted(hashed(str(sample).encode()) for sample in range(100_000))
    assert [sample_id for batch in found for sample_id in batch["sample_id"].to_pylist()] == expected
