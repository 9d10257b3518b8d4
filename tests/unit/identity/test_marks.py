from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from provenance.errors import DataError
from provenance.identity import Identity, scan
from provenance.identity.marks import marks_of

ROWS: list[dict[str, Any]] = [
    {"text": "one", "model": "m", "id": 1, "score": 0.5, "is_good": True, "extra": {"license": ["MIT", 2]}},
    {"text": "two", "model": "m", "id": 2, "score": 3.0, "is_good": False, "extra": None},
    {"text": "one", "model": "n", "id": 1, "score": 0.5, "is_good": True, "extra": {"license": ["MIT", 2]}},
    {"text": "one", "model": "m", "id": 1, "score": 0.5, "is_good": True, "extra": {"license": ["MIT", 2]}},
]


def marks(path: Path, wanted: Sequence[int] | None = None, identity: Identity | None = None) -> dict[int, bytes | None]:
    identity = identity or Identity()
    rows = scan(path, identity)
    total = sum(len(batch.sample_ids) for batch in rows)
    numbers = np.arange(1, total + 1) if wanted is None else np.array(wanted, np.int64)
    found: dict[int, bytes | None] = {}
    for places, digests in marks_of(path, identity, rows.selection, iter(np.array_split(numbers, 3))):
        found.update(zip(places.tolist(), digests.to_pylist(), strict=True))
    return found


def lines(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def flat() -> Iterator[dict[str, Any]]:
    return ({name: value for name, value in row.items() if name != "extra"} for row in ROWS)


def test_rows_are_told_apart_by_all_that_is_not_content(tmp_path: Path) -> None:
    found = marks(lines(tmp_path / "a.jsonl", ROWS))
    assert found[1] == found[4] != found[3]
    assert len({*found.values()}) == 3
    assert all(mark is not None and len(mark) == 8 for mark in found.values())


def test_only_the_rows_that_are_wanted_have_marks(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", ROWS)
    every = marks(path)
    assert marks(path, [2, 4]) == {row: every[row] for row in (2, 4)}


def test_formats_agree_on_numbers_and_truth_values(tmp_path: Path) -> None:
    rows = [*flat()]
    expected = marks(lines(tmp_path / "a.jsonl", rows))
    frame = pd.DataFrame(rows)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    # As pandas has integers once a row beside them has none.
    frame.astype({"id": float}).to_csv(tmp_path / "floats.csv", index=False)
    # pandas numbers rows when it writes them.
    frame.to_csv(tmp_path / "numbered.csv")
    for name in ("a.csv", "a.parquet", "floats.csv", "numbered.csv"):
        assert marks(tmp_path / name) == expected, name


@pytest.mark.parametrize("nothing", [None, "", float("nan")])
def test_what_is_empty_is_as_if_it_were_not_there(tmp_path: Path, nothing: object) -> None:
    without = marks(lines(tmp_path / "a.jsonl", [{"text": "one", "model": "m"}]))
    table = pa.Table.from_pylist([{"text": "one", "model": "m", "id": nothing}])
    pq.write_table(table, tmp_path / "a.parquet")
    assert marks(tmp_path / "a.parquet") == without


def test_reserved_columns_do_not_count(tmp_path: Path) -> None:
    rows = [{"text": "one", "model": "m"}]
    stated = [row | {"_model": "x"} for row in rows]
    assert marks(lines(tmp_path / "a.jsonl", stated)) == marks(lines(tmp_path / "b.jsonl", rows))


def test_going_row_by_row_gives_the_same(tmp_path: Path) -> None:
    expected = marks(lines(tmp_path / "a.jsonl", ROWS))
    # A key of two kinds of values is none of Arrow's types.
    mixed = [*ROWS, {"text": "three", "id": "four"}, {"text": "three", "id": {"a": 1}}, {"text": "x", "id": 2**70}]
    found = marks(lines(tmp_path / "mixed.jsonl", mixed))
    assert {row: found[row] for row in expected} == expected
    assert len({*found.values()}) == 6


def test_a_value_of_two_forms_is_in_the_mark_where_it_is_not_content(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "one", "label": 1},
        {"text": "one", "label": 2},
        {"text": "one", "label": "yes"},
    ]
    path = lines(tmp_path / "a.jsonl", rows)
    declared = marks(path, identity=Identity(fields=("text", "label")))
    assert len({*declared.values()}) == 1
    assert len({*marks(path, identity=Identity(fields=("text",))).values()}) == 3


def test_a_value_without_a_canonical_form_gives_no_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one", "id": "a"}\n{"text": "one", "id": {"b": NaN}}\n')
    with pytest.raises(DataError, match=":2: NaN"):
        marks(path)
    times = pa.table({"text": ["one", "two"], "id": pa.array([1, None], pa.duration("s"))})
    pq.write_table(times, tmp_path / "a.parquet")
    found = marks(tmp_path / "a.parquet")
    assert found[1] is None
    assert found[2] is not None
