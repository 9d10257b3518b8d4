"""Sidecars that tasks make of collected data: byte for byte those that one process makes."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.project import lines
from support.tasks import RepeatedTasks
from support.workbench import COLLECTION, LIBRARY, fingerprint

from provenance.errors import DataError, ProvenanceError
from provenance.identity import Identity
from provenance.lineage import sorting
from provenance.lineage.birth_in_tasks import register_in_tasks
from provenance.lineage.births import Collection
from provenance.lineage.manifest import MANIFEST
from provenance.lineage.records import Evidence, Origin
from provenance.lineage.shared_birth import Collected, register

SHARDS = 64


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several runs, and several pieces of each, of few rows."""
    monkeypatch.setattr(sorting, "_RUN_ROWS", 16)
    monkeypatch.setattr(sorting, "_PIECE_ROWS", 3)


def sharded(folder: Path, seed: int = 3) -> Path:
    """64 files; a row is repeated within its file and across files, and some files have other columns, or no row."""
    rng = random.Random(seed)
    data = folder / "web"
    data.mkdir()
    for number in range(SHARDS):
        texts = [f"document {rng.randrange(300)} of the archive" for _ in range(rng.choice([0, 5, 40]))]
        columns: dict[str, Any] = {"text": texts, "tokens": [rng.choice([None, 3, 9]) for _ in texts]}
        if number % 5 == 4:
            columns |= {"url": ["https://archive.example" for _ in texts], "answer": [1.5 for _ in texts]}
        table = pa.table(columns, pa.schema([(name, _TYPES[name]) for name in columns]))
        pq.write_table(table, data / f"{number:03d}.parquet")
    return data


_TYPES = {"text": pa.string(), "tokens": pa.int64(), "url": pa.string(), "answer": pa.float64()}


def collected(data: Path, workspace: Path, identity: Identity | None = None, **more: Any) -> Collected:
    workspace.mkdir(exist_ok=True)
    collection = Collection(Origin.REAL, COLLECTION, LIBRARY, Evidence.DECLARED, "MIT")
    return Collected(data, collection, data.name, identity or Identity(), _hash, workspace, "words", **more)


def _hash(path: Path) -> tuple[str, int]:
    return fingerprint(next(path.iterdir()) if path.is_dir() else path)


def in_one_process(data: Path, folder: Path, parts: int, identity: Identity | None = None) -> Path:
    output = folder / "here"
    register(collected(data, folder / "work", identity))(output, parts)
    return output


def in_tasks(data: Path, folder: Path, parts: int, identity: Identity | None = None, seed: int = 1) -> Path:
    output, workspace = folder / "there", folder / "work"
    register_in_tasks(collected(data, workspace, identity), parts, RepeatedTasks(seed))(output, parts)
    assert list(workspace.iterdir()) == []
    return output


def bytes_of(sidecar: Path) -> dict[str, bytes]:
    files = [sidecar] if sidecar.is_file() else sidecar.iterdir()
    return {"" if file == sidecar else file.name: file.read_bytes() for file in files}


@pytest.mark.parametrize("parts", [1, 2, 64, 2048])
def test_parts_are_those_that_one_process_writes(tmp_path: Path, parts: int) -> None:
    data, identity = sharded(tmp_path), Identity(tokens_field="tokens")
    here, there = in_one_process(data, tmp_path, parts, identity), in_tasks(data, tmp_path, parts, identity)
    assert bytes_of(there) == bytes_of(here)
    if parts > 1:
        assert (there / MANIFEST).is_file() and len(bytes_of(there)) > 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.jsonl", '{"text": "one document of it", "id": 4}\n{"text": "another document"}\n'),
        ("rows.csv", "question,answer\nhow many of them are there,4\nand now,5\n"),
        ("empty.jsonl", ""),
    ],
)
def test_a_dataset_of_one_file_is_one_task(tmp_path: Path, name: str, content: str) -> None:
    data = tmp_path / name
    data.write_text(content)
    assert bytes_of(in_tasks(data, tmp_path, 4)) == bytes_of(in_one_process(data, tmp_path, 4))


def test_what_counts_is_decided_for_all_files_by_the_first_rows(tmp_path: Path) -> None:
    """By itself, the second file has other content: its numbers would be a table."""
    data = tmp_path / "lines"
    data.mkdir()
    (data / "1.jsonl").write_text(lines([{"text": "one document of the archive", "score": 3}]))
    (data / "2.jsonl").write_text(lines([{"score": 4}, {"score": 5, "text": None}]))
    assert bytes_of(in_tasks(data, tmp_path, 4)) == bytes_of(in_one_process(data, tmp_path, 4))


@pytest.mark.parametrize(
    ("name", "content", "identity", "problem"),
    [
        ("b.jsonl", '{"text": "fine"}\n{"text": }\n', Identity(), r"b.jsonl:2: "),
        ("b.jsonl", '{"text": "fine", "_lineage": 1}\n', Identity(), r"the column '_lineage' is reserved"),
        ("b.jsonl", '{"text": "fine"}\n', Identity(fields=("words",)), r"field 'words' is in no row"),
        ("b.jsonl", '{"text": 1' + "0" * 10 + "e400}\n", Identity(), r"b.jsonl:1: "),
    ],
)
def test_what_is_wrong_is_said_as_in_one_process(
    tmp_path: Path, name: str, content: str, identity: Identity, problem: str
) -> None:
    data = tmp_path / "lines"
    data.mkdir()
    (data / "a.jsonl").write_text(lines([{"text": "one document"}] * 3))
    (data / name).write_text(content)
    with pytest.raises(DataError, match=problem) as here:
        in_one_process(data, tmp_path, 4, identity)
    with pytest.raises(DataError) as there:
        in_tasks(data, tmp_path, 4, identity)
    assert str(there.value) == str(here.value)


def test_text_that_comes_late_in_a_table_is_found_in_its_file(tmp_path: Path) -> None:
    data = tmp_path / "lines"
    data.mkdir()
    (data / "a.jsonl").write_text(lines([{"label": 1, "score": 2}] * 3))
    (data / "b.jsonl").write_text(lines([{"label": 1, "text": "here is a text of several words"}]))
    said = []
    for make in (in_one_process, in_tasks):
        with pytest.raises(DataError, match="b.jsonl:1: 'text' appears only after rows without any text") as raised:
            make(data, tmp_path, 4)
        said.append(str(raised.value))
    assert said[0] == said[1]


def test_files_may_be_samples(tmp_path: Path) -> None:
    data = tmp_path / "images"
    data.mkdir()
    for number in range(9):
        (data / f"{number}.png").write_bytes(b"\x89PNG" + bytes([number // 2]))
    assert bytes_of(in_tasks(data, tmp_path, 4)) == bytes_of(in_one_process(data, tmp_path, 4))


def test_a_worker_that_does_not_see_the_data_or_the_repository_says_so(tmp_path: Path) -> None:
    data = sharded(tmp_path)
    workspace = tmp_path / "work"

    def elsewhere(gone: Path) -> Any:
        def between_tasks(*arguments: Any) -> Any:
            shutil.rmtree(gone)
            return RepeatedTasks(1)(*arguments)

        return between_tasks

    with pytest.raises(ProvenanceError, match="work/.*: not to be written there; give the repository the same path"):
        register_in_tasks(collected(data, workspace), 4, elsewhere(workspace))
    with pytest.raises(ProvenanceError, match=r"parquet: not to be seen there; give the data the same path"):
        register_in_tasks(collected(data, workspace), 4, elsewhere(data))


class _Losing:
    """Writes all pieces but the first."""

    def __init__(self, write: Any) -> None:
        self._write = write

    def __call__(self, pieces: Any) -> Any:
        next(pieces, None)
        return self._write(pieces)


def test_rows_that_are_lost_on_the_way_are_missed(tmp_path: Path) -> None:
    def losing(read: Any, items: Any, write: Any, numbers: int) -> Any:
        return RepeatedTasks(1)(read, items, _Losing(write), numbers)

    with pytest.raises(ProvenanceError, match=r"web: \d+ rows were read and \d+ came to be records; add it once more"):
        register_in_tasks(collected(sharded(tmp_path), tmp_path / "work"), 4, losing)


def test_progress_counts_all_rows(tmp_path: Path) -> None:
    counted: list[int] = []
    data = sharded(tmp_path)
    register_in_tasks(collected(data, tmp_path / "work", progress=counted.append), 4, RepeatedTasks(1))
    assert sum(counted) == sum(pq.read_metadata(file).num_rows for file in data.iterdir())
