"""Questions about samples that were born in several ways: what is in rows is counted once, whichever birth it had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.sidecars import DIGEST_SIZE, ledger_of, record, sample, write

from provenance.engines.answers import Bearing, Conflict, Conflicts, PooledValue, Repeats
from provenance.engines.interface import Engine
from provenance.repository import Repository

MADE: dict[str, Any] = {"origin": "synthetic", "evidence": "declared"}
UNKNOWN: dict[str, Any] = {"origin": "unknown", "evidence": None}


@pytest.fixture
def engine(repository: Repository, tmp_path: Path) -> Iterator[Engine]:
    """1: five rows, one in doubt, real or made; 2: one row in doubt, real or made; 3: real, an ancestor was made, too;
    4: one row real, one unknown; 5: nobody knows, but it was known once; 6: an ancestor; 7: two rows in doubt, made or
    unknown, and the real birth that comes first has none."""
    records = [
        record(sample(1), 3, possible_rows=1, ambiguous_rows=1),
        record(sample(1), 1, possible_rows=1, **MADE),
        record(sample(2), 0, possible_rows=1, ambiguous_rows=1),
        record(sample(2), 0, possible_rows=1, **MADE),
        record(sample(3), 2),
        record(sample(3), 0, **MADE),
        record(sample(4), 1),
        record(sample(4), 1, **UNKNOWN),
        record(sample(5), 1, **UNKNOWN),
        record(sample(5), 0),
        record(sample(5), 0, **MADE),
        record(sample(6), 0),
        record(sample(7), 0, ambiguous_rows=2),
        record(sample(7), 0, possible_rows=2, **MADE),
        record(sample(7), 0, possible_rows=2, **UNKNOWN),
    ]
    with ledger_of(repository, write(tmp_path, "a.jsonl", records)) as ledger:
        yield ledger.engine


def test_repeats_are_of_samples(engine: Engine) -> None:
    most = sorted([Bearing(sample(1), 5), *(Bearing(sample(number), 2) for number in (3, 4, 7))], key=order)
    assert engine.of(0).repeats() == Repeats(rows=13, samples=6, most=tuple(most))


def test_samples_conflict_where_a_birth_that_rows_may_have_had_is_of_another_origin(engine: Engine) -> None:
    shown = sorted(
        [
            Conflict(sample(1), 5, "real", "synthetic"),
            Conflict(sample(2), 1, "real", "synthetic"),
            Conflict(sample(3), 2, "real", "synthetic"),
            Conflict(sample(7), 2, "synthetic", "real"),
        ],
        key=order,
    )
    assert engine.of(0).conflicts() == Conflicts(samples=4, rows=10, shown=tuple(shown))


def test_a_row_of_the_data_counts_once_however_many_births_its_sample_has(engine: Engine) -> None:
    ids = [bytes.fromhex(sample(number)) for number in (1, 1, 2, 3)]
    batch = pa.record_batch(
        [pa.array(ids, pa.binary(DIGEST_SIZE)), pa.array(["a", "a", "a", "b"], pa.large_string())],
        names=["sample_id", "value"],
    )
    assert engine.pooled_values({0: iter([batch])}, "rows", 9) == [PooledValue(0, "a", 3, 2), PooledValue(0, "b", 1, 1)]


def order(each: Bearing | Conflict) -> tuple[int, str]:
    return -each.rows, each.sample_id
