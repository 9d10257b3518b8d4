from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from provenance.capture import row_ids
from provenance.capture.row_ids import SampleIds, WrittenIds
from provenance.errors import DataError
from provenance.identity import Identity, scan
from provenance.lineage.births import Dependency

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 9


@pytest.fixture
def ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SampleIds:
    """Of rows so long that a few are read at a time; the ids of the first of them are kept in memory."""
    monkeypatch.setattr(row_ids, "_IN_MEMORY", 1)
    data = tmp_path / "data.jsonl"
    data.write_text("".join(json.dumps({"text": f"{number} {'x' * (2 << 20)}"}) + "\n" for number in range(ROWS)))
    (tmp_path / "temporary").mkdir()
    identity = Identity(digest="xxh3_128")
    return SampleIds(data, Dependency("data.jsonl", "data.jsonl", data, None, identity), tmp_path / "temporary")


def expected(ids: SampleIds) -> list[str]:
    return [found.hex() for batch in scan(ids.file, ids.dataset.identity) for found in batch.sample_ids.to_pylist()]


@pytest.mark.parametrize("near", [0, 16])
def test_ids_are_found_in_any_order_in_memory_and_beyond_it(
    ids: SampleIds, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_ids, "_NEAR", near)
    found = expected(ids)
    assert [ids.hex_at(row) for row in (1, 8, 2, 9, 1, 5)] == [found[row - 1] for row in (1, 8, 2, 9, 1, 5)]
    assert ids.at(7).hex() == found[6]
    for rows in ([1], [2, 1], [3, 9, 1, 3], [*range(1, ROWS + 1)]):
        assert ids.hex_of(np.array(rows)) == "".join(found[row - 1] for row in rows)
    assert len(found) == ROWS and not any(ids.temporary.iterdir())


def test_a_row_that_is_not_there_is_named(ids: SampleIds) -> None:
    missing = "10: there is no such row; the dataset has 9"
    with pytest.raises(DataError, match=missing):
        ids.hex_at(10)
    with pytest.raises(DataError, match=missing):
        ids.hex_of(np.array([1, 10]))
    assert ids.hex_at(9) == expected(ids)[8]


def test_where_ids_cannot_be_kept_none_is_taken_for_another(ids: SampleIds) -> None:
    first = ids.hex_at(1)
    shutil.rmtree(ids.temporary)
    with pytest.raises(DataError, match="its sample ids cannot be kept in .*: No such file or directory"):
        ids.hex_at(9)
    with pytest.raises(DataError):
        ids.hex_at(8)
    assert ids.hex_at(1) == first


def test_a_dataset_that_changes_meanwhile_is_refused(ids: SampleIds) -> None:
    ids.file.write_text('{"text": "another"}\n')
    with pytest.raises(DataError, match="has changed since it was read"):
        ids.hex_at(1)


def test_ids_of_a_dataset_that_was_written_here_are_believed_while_it_is_as_it_was(
    ids: SampleIds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_ids, "_IN_MEMORY", 1 << 10)
    monkeypatch.setattr(row_ids, "_WRITTEN", {})
    written = WrittenIds()
    for batch in scan(ids.file, ids.dataset.identity):
        written.take(batch)
    # So that it is seen whether they are read again.
    written.ids[:16] = b"x" * 16
    written.keep(ids.file, ids.dataset.identity)

    def anew(identity: Identity = ids.dataset.identity) -> SampleIds:
        return SampleIds(ids.file, replace(ids.dataset, identity=identity), ids.temporary)

    assert [anew().at(1), anew().hex_at(ROWS)] == [b"x" * 16, expected(ids)[-1]]
    with pytest.raises(DataError, match="10: there is no such row; the dataset has 9"):
        anew().at(ROWS + 1)
    assert anew(replace(ids.dataset.identity, fields=("text",))).hex_at(1) == expected(ids)[0]
    # Of the same size, and as old: what a tool that copies times leaves.
    before, content = ids.file.stat(), ids.file.read_text()
    ids.file.write_text(content.replace("0 x", "1 x", 1))
    os.utime(ids.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert anew().hex_at(1) == expected(ids)[0]


def test_of_what_does_not_fit_nothing_is_kept_while_it_is_written(
    ids: SampleIds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_ids, "_IN_MEMORY", 40)
    monkeypatch.setattr(row_ids, "_WRITTEN", {})
    written = WrittenIds()
    for batch in scan(ids.file, ids.dataset.identity):
        written.take(batch)
        assert len(written.ids) < 40 + 16
    written.keep(ids.file, ids.dataset.identity)
    assert not written.ids
    assert not row_ids._WRITTEN


def test_of_what_was_written_no_more_is_kept_than_fits(ids: SampleIds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_ids, "_IN_MEMORY", 40)
    monkeypatch.setattr(row_ids, "_WRITTEN", {})
    files = [ids.file.with_name(f"{number}.jsonl") for number in range(3)]
    for file, size in zip(files, (16, 32, 48), strict=True):
        file.touch()
        WrittenIds(bytearray(size)).keep(file, ids.dataset.identity)
    assert [*row_ids._WRITTEN] == files[1:2]
