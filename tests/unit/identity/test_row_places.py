from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from provenance.identity import Identity, Settled, sample_id, scan
from provenance.identity.picking import pick_rows
from provenance.identity.row_places import HEAD_BYTES, RowPlaces, clean_places, find_places, write_places

IDENTITY = Identity(settled=Settled(table=False))
MD5 = "0123456789abcdef0123456789abcdef"
LONG = "a text that is long enough for several blocks " * 40


def rows_of(count: int) -> list[dict[str, object]]:
    return [{"text": f"row {number} {LONG}", "number": number} for number in range(1, count + 1)]


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    import json

    import pyarrow as pa
    import pyarrow.csv as pv
    import pyarrow.parquet as pq

    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=700)
    elif path.suffix == ".csv":
        pv.write_csv(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        # A mark of byte order, and lines that are no rows.
        lines = (json.dumps(row) + ("\n\n" if place % 7 else "\n") for place, row in enumerate(rows))
        path.write_text("\ufeff" + "".join(lines), encoding="utf-8")
    return path


def places_of(data: Path, temporary: Path) -> RowPlaces:
    write_places(scan(data, IDENTITY), temporary, MD5, IDENTITY, data.name)
    found = find_places(temporary, MD5, IDENTITY, data.name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "a.csv", "a.json", "shards"])
def test_rows_are_picked_as_a_scan_finds_them(name: str, tmp_path: Path) -> None:
    rows = rows_of(3000)
    data = tmp_path / name
    if data.suffix:
        written(data, rows)
    else:
        for shard in range(3):
            written(data / f"{shard}.jsonl", rows[shard * 1000 : (shard + 1) * 1000])
    places = places_of(data, tmp_path / "kept")
    ids = [each for batch in scan(data, IDENTITY) for each in batch.sample_ids.to_pylist()]
    assert places.heads.tolist() == [int.from_bytes(each[:HEAD_BYTES], "big") for each in ids]
    asked = [1, 2, 699, 700, 701, 1000, 1001, 1999, 2500, 3000]
    picked = list(pick_rows(data, IDENTITY, places, asked))
    assert [each.number for each in picked] == asked
    assert [each.sample_id for each in picked] == [ids[row - 1] for row in asked]
    assert [each.text.split(" a ")[0] for each in picked if "csv" not in name] == [
        f"row {row}" for row in asked if "csv" not in name
    ]
    for row in asked:
        inside, in_file = places.place(row)
        assert places.row(inside or "", in_file) == row


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_a_scan_can_begin_at_a_mark(name: str, tmp_path: Path) -> None:
    data = written(tmp_path / name, rows_of(3000))
    places = places_of(data, tmp_path / "kept")
    assert len(places.marks) > 2
    start = places.start(2000)
    assert start is not None and 1 < start[0] <= 2000
    batch = next(iter(scan(data, IDENTITY, start=start)))
    whole = [each for batch in scan(data, IDENTITY) for each in batch.sample_ids.to_pylist()]
    assert batch.first_row == start[0]
    assert batch.sample_ids.to_pylist() == whole[start[0] - 1 : start[0] - 1 + len(batch.sample_ids)]


def test_a_row_that_is_not_there_is_none(tmp_path: Path) -> None:
    places = places_of(written(tmp_path / "a.jsonl", rows_of(5)), tmp_path / "kept")
    assert [places.row("", row) for row in (0, 1, 5, 6)] == [None, 1, 5, None]
    assert places.row("b.jsonl", 1) is None


def test_samples_lead_to_their_rows(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"text": "twice"}, {"text": "once"}, {"text": "twice"}]
    places = places_of(written(tmp_path / "a.jsonl", rows), tmp_path / "kept")
    head = int(sample_id({"text": "twice"})[: 2 * HEAD_BYTES], 16)

    def found(after: int) -> list[int]:
        asked = np.array(sorted([head, 17]), np.uint32)
        return [row for rows in places.rows_with(asked, after) for row in rows.tolist()]

    assert [found(0), found(1), found(3)] == [[1, 3], [3], []]


def test_what_was_written_to_since_is_not_believed(tmp_path: Path) -> None:
    data = written(tmp_path / "a.jsonl", rows_of(5))
    places_of(data, tmp_path / "kept")
    (heads,) = (tmp_path / "kept" / "rows").glob("*.heads")
    heads.write_bytes(heads.read_bytes()[::-1])
    assert find_places(tmp_path / "kept", MD5, IDENTITY, data.name) is None
    # The same bytes in another file are what was written.
    places_of(data, tmp_path / "kept")
    content = heads.read_bytes()
    heads.unlink()
    heads.write_bytes(content)
    assert find_places(tmp_path / "kept", MD5, IDENTITY, data.name) is not None


def test_ids_made_otherwise_have_places_of_their_own(tmp_path: Path) -> None:
    data = written(tmp_path / "a.jsonl", rows_of(5))
    places_of(data, tmp_path / "kept")
    declared = Identity(fields=("number",), settled=Settled(table=False))
    assert find_places(tmp_path / "kept", MD5, declared, data.name) is None
    assert find_places(tmp_path / "kept", MD5[::-1], IDENTITY, data.name) is None


def test_columns_that_are_taken_out_afterwards_are_no_places(tmp_path: Path) -> None:
    data = written(tmp_path / "a.jsonl", [{"text": "a", "_parents": ["b.jsonl:1"]}])
    write_places(scan(data, IDENTITY), tmp_path / "kept", MD5, IDENTITY, data.name)
    assert find_places(tmp_path / "kept", MD5, IDENTITY, data.name) is None


def test_only_the_places_of_other_data_are_cleaned(tmp_path: Path) -> None:
    data = written(tmp_path / "a.jsonl", rows_of(5))
    for md5 in (MD5, MD5[::-1]):
        write_places(scan(data, IDENTITY), tmp_path / "kept", md5, IDENTITY, data.name)
    assert clean_places(tmp_path / "kept", [(MD5, IDENTITY, data.name)]).folders == 2
    assert find_places(tmp_path / "kept", MD5, IDENTITY, data.name) is not None
    assert find_places(tmp_path / "kept", MD5[::-1], IDENTITY, data.name) is None
