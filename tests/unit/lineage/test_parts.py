from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sidecars import DIGEST_SIZE, record, sample, write

from provenance.errors import SidecarError
from provenance.identity import Identity
from provenance.identity.names import sidecar_path
from provenance.lineage import parts as writing
from provenance.lineage import placing
from provenance.lineage.database import scratch_database
from provenance.lineage.id_ranges import ranges
from provenance.lineage.manifest import MANIFEST, Generation, Layout, altered_parts, stating_file
from provenance.lineage.record_rows import in_ranges, placed_records, record_rows, records_of
from provenance.lineage.schema import sidecar_schema
from provenance.lineage.sidecar import (
    Sidecar,
    open_sidecar,
    record_batches,
    record_groups,
    write_sidecar,
)
from provenance.lineage.soundness import require_sound, require_stated_sound
from provenance.lineage.verification import verify

COLUMNS = sidecar_schema(DIGEST_SIZE).names


def everything(sidecar: Sidecar) -> pa.Table:
    schema = sidecar_schema(DIGEST_SIZE)
    batches = [pa.Table.from_batches([batch]).cast(schema) for batch in record_batches(sidecar, COLUMNS, 100)]
    return pa.concat_tables([schema.empty_table(), *batches]).combine_chunks()


@settings(deadline=None, max_examples=30)
@given(
    members=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 5)), max_size=120),
    bits=st.integers(1, 7),
    group=st.integers(1, 50),
)
def test_parts_put_together_are_the_single_file(members: list[tuple[int, int]], bits: int, group: int) -> None:
    """Record for record, by every way to read; samples are repeated."""
    records = [record(sample(number), rows, origin="real", seed=place) for place, (number, rows) in enumerate(members)]
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        patched.setattr("provenance.lineage.parts.ROW_GROUP_ROWS", group)
        folder = Path(name)
        single = open_sidecar(write(folder, "one.jsonl", records))
        sharded = open_sidecar(write(folder, "many.jsonl", records, parts=1 << bits))
        assert (sharded.records, sharded.parts, single.parts) == (len(records), 1 << bits, 1)
        assert everything(sharded) == everything(single)
        groups = [*record_groups(sharded, COLUMNS)]
        assert [start for start, _ in groups] == [0, *(start + len(table) for start, table in groups)][: len(groups)]
        with scratch_database(folder) as connection:
            for sidecar in (single, sharded):
                found = connection.execute(
                    f"SELECT place, sample_id, seed FROM {placed_records(sidecar)} ORDER BY place"
                ).fetchall()
                assert [place for place, _, _ in found] == [*range(len(records))]
                assert [seed for _, _, seed in found] == everything(single)["seed"].to_pylist()
            both = records_of([single, sharded, single])
            counted = connection.execute(
                f"SELECT {both.sidecar} AS n, count(*), max({both.place}) FROM {both.rows} GROUP BY 1 ORDER BY 1"
            ).fetchall()
            last = len(records) - 1
            assert counted == ([(n, len(records), last) for n in range(3)] if records else [])


def test_sixty_four_parts_of_samples_that_come_twice(tmp_path: Path) -> None:
    records = [record(sample(number), 1 + number % 3, seed=number % 7) for number in range(5000)]
    records += [record(sample(number), 2, seed=99) for number in range(0, 5000, 5)]
    single = open_sidecar(write(tmp_path, "one.jsonl", records))
    sharded = open_sidecar(write(tmp_path, "many.jsonl", records, parts=64))
    assert len(sharded.files) == 64
    assert everything(sharded) == everything(single)
    require_sound(sharded, tmp_path)


def test_records_of_a_range_are_read_from_their_parts_alone(tmp_path: Path) -> None:
    sidecar = open_sidecar(write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(64)], parts=4))
    first, second = sidecar.counts[:2]
    ((start, table),) = record_groups(sidecar, ["sample_id"], first=first, end=first + 1)
    assert (start, len(table)) == (first, second)
    assert [*record_groups(sidecar, ["sample_id"], first=64)] == []


def test_what_is_asked_range_by_range_opens_each_part_once(tmp_path: Path) -> None:
    """Of two sidecars: the places of records stay those in the whole, whatever files are left out."""
    records = [record(sample(number), seed=number) for number in range(64)]
    sidecars = [open_sidecar(write(tmp_path, f"{name}.jsonl", records, parts=4)) for name in "ab"]
    every = everything(sidecars[0])["seed"].to_pylist()
    opened: list[str] = []
    with scratch_database(tmp_path) as connection:
        for each in ranges(3):
            found = records_of(sidecars, each)
            opened += re.findall(r"part-[0-9]{5}", found.rows)
            for number, place, seed in connection.execute(
                f"SELECT {found.sidecar}, {found.place}, seed FROM {found.rows} WHERE {each.sql()}"
            ).fetchall():
                assert number in (0, 1) and seed == every[place]
    assert sorted(opened) == sorted(4 * [f"part-{number:05d}" for number in range(4)])


def test_a_range_in_which_there_is_no_part_has_no_records(tmp_path: Path) -> None:
    sidecar = open_sidecar(write(tmp_path, "a.jsonl", [record("ff" * 16)], parts=4))
    with scratch_database(tmp_path) as connection:
        asked = in_ranges(connection, sidecar, ranges(2))
        assert [each.number for each in asked if connection.execute("FROM in_range").fetchall()] == [3]


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    records = [record(sample(number)) for number in range(64)]
    folders = [write(tmp_path / name, "a.jsonl", records, parts=4) for name in ("one", "two")]
    contents = [{file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders]
    assert contents[0] == contents[1]


def test_records_that_are_not_in_order_are_refused(tmp_path: Path) -> None:
    schema = sidecar_schema(DIGEST_SIZE)
    header = open_sidecar(write(tmp_path, "a.jsonl", [])).header
    records = [record("ff" * 16), record("00" * 16)]
    batch = pa.RecordBatch.from_pylist(records, schema=schema)
    with pytest.raises(SidecarError, match="not sorted by sample id"):
        write_sidecar(tmp_path / "b.lineage.parquet", header, [batch], DIGEST_SIZE, 4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl.lineage.parquet"]


def test_a_part_with_ids_of_another_is_not_sound(tmp_path: Path) -> None:
    """Parts of equal number are joined with each other, so they must have the ids that their numbers say."""
    schema = sidecar_schema(DIGEST_SIZE)
    header = open_sidecar(write(tmp_path, "a.jsonl", [record(sample(1))])).header
    folder = tmp_path / "b.lineage.parquet"
    folder.mkdir()
    batch = pa.RecordBatch.from_pylist([record("00" * 16), record("ff" * 16)], schema=schema)
    part = writing.write_part(folder, 1, [batch], schema)
    layout = Layout(bits=1, digest_size=DIGEST_SIZE, generations=(Generation(parts=(part,)),))
    writing.commit(folder, header.model_copy(update={"dataset": header.dataset.model_copy(update={"rows": 2})}), layout)
    opened = open_sidecar(folder)
    with pytest.raises(SidecarError, match="ids of another part"):
        require_sound(opened, tmp_path)
    with pytest.raises(SidecarError, match="ids of another part"):
        require_stated_sound(opened)
    data = tmp_path / "b.jsonl"
    data.write_text("")
    problems = verify(data, folder, Identity(), name="b", md5=None, workspace=tmp_path)
    assert "a part has ids of another part" in [problem.problem for problem in problems]


def test_a_part_with_other_content_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(64)], parts=4)
    assert stating_file(folder) == folder / MANIFEST
    part = sorted(folder.glob("part-*"))[1]
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    assert altered_parts(folder) == [part.name]
    with pytest.raises(SidecarError, match=rf"{part.name}: not as _manifest.json states it"):
        stating_file(folder)


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (4, 4), (4, 8)])
def test_a_sidecar_takes_the_place_of_one_of_any_layout(tmp_path: Path, before: int, after: int) -> None:
    write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(64)], parts=before)
    path = write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(10)], parts=after)
    assert (open_sidecar(path).records, open_sidecar(path).parts, path.is_dir()) == (10, after, after > 1)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    if after > 1:
        assert {each.name for each in path.iterdir()} == {MANIFEST, *(each.name for each in open_sidecar(path).files)}


def test_a_folder_of_somebody_else_is_not_written_into(tmp_path: Path) -> None:
    folder = tmp_path / sidecar_path("a.jsonl")
    folder.mkdir()
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SidecarError, match=r"notes.txt: no part of the sidecar"):
        write(tmp_path, "a.jsonl", [record(sample(1))], parts=4)
    assert [each.name for each in folder.iterdir()] == ["notes.txt"]


def killed(work: Callable[[], object]) -> None:
    """Do ``work`` in a process that kills itself in the middle of it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


BEFORE = [record(sample(number)) for number in range(64)]
AFTER = [record(sample(number), 2) for number in range(10)]


def dying(number: int) -> Iterator[pa.RecordBatch]:
    """A batch, then the end of the process."""
    yield pa.RecordBatch.from_pylist([record(f"{number:032x}")], schema=sidecar_schema(DIGEST_SIZE))
    die()


@pytest.mark.parametrize("parts", [1, 4])
def test_killed_while_parts_are_written(tmp_path: Path, parts: int) -> None:
    path = write(tmp_path, "a.jsonl", BEFORE, parts=parts)
    header = open_sidecar(path).header
    killed(lambda: write_sidecar(path, header, dying(1), DIGEST_SIZE, 4))
    assert (open_sidecar(path).records, open_sidecar(path).parts) == (64, parts)
    write(tmp_path, "a.jsonl", AFTER, parts=4)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("parts", [1, 4])
def test_killed_before_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int) -> None:
    """All parts are there, and nobody names them: the old sidecar answers."""
    path = write(tmp_path, "a.jsonl", BEFORE, parts=parts)
    replace = os.replace

    def dies_at_the_manifest(source: Path, target: Path) -> None:
        if Path(target) == path / MANIFEST:
            die()
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", dies_at_the_manifest)
        patched.setattr(placing, "exchange", die)
        killed(lambda: write(tmp_path, "a.jsonl", AFTER, parts=4))
    assert (open_sidecar(path).records, open_sidecar(path).parts) == (64, parts)
    write(tmp_path, "a.jsonl", AFTER, parts=4)
    assert open_sidecar(path).records == 10
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert len([*path.iterdir()]) == len(open_sidecar(path).files) + 1


def test_killed_after_the_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new one answers; parts of the old one that are left are passed over, and the next writer removes them."""
    path = write(tmp_path, "a.jsonl", BEFORE, parts=4)
    old = {each.name for each in path.glob("part-*")}
    with monkeypatch.context() as patched:
        patched.setattr(placing, "remove_strays", die)
        killed(lambda: write(tmp_path, "a.jsonl", AFTER, parts=4))
    assert open_sidecar(path).records == 10
    assert old < {each.name for each in path.iterdir()}
    write(tmp_path, "a.jsonl", AFTER, parts=4)
    assert not old & {each.name for each in path.iterdir()}


def test_two_writers_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits for the first, whose parts it would remove before the manifest names them."""
    path = write(tmp_path, "a.jsonl", BEFORE, parts=4)
    moved, done = tmp_path / "moved", tmp_path / "done"
    replace = os.replace

    def waits_at_the_manifest(source: Path, target: Path) -> None:
        if Path(target) == path / MANIFEST:
            moved.touch()
            appears(done, 1)
        replace(source, target)

    child = os.fork()
    if child == 0:
        try:
            monkeypatch.setattr(os, "replace", waits_at_the_manifest)
            write(tmp_path, "a.jsonl", AFTER, parts=4)
        finally:
            os._exit(0)
    assert appears(moved, 60)
    write(tmp_path, "a.jsonl", [record(sample(number), 3) for number in range(32)], parts=4)
    done.touch()
    os.waitpid(child, 0)
    assert open_sidecar(path).records == 32
    assert len([*path.iterdir()]) == len(open_sidecar(path).files) + 1


def appears(file: Path, seconds: float) -> bool:
    """Wait for ``file``, but not longer than this; whether it is there."""
    end = time.monotonic() + seconds
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return file.exists()


def test_records_of_parts_in_one_expression(tmp_path: Path) -> None:
    sidecar = open_sidecar(write(tmp_path, "a.jsonl", BEFORE, parts=4))
    with scratch_database(tmp_path) as connection:
        assert connection.execute(f"SELECT count(*) FROM {record_rows(sidecar)}").fetchall() == [(64,)]
