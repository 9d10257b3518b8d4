from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sidecars import DIGEST_SIZE, record, sample, write

from provenance.errors import SidecarError
from provenance.lineage import generations
from provenance.lineage.manifest import MANIFEST, altered_parts
from provenance.lineage.schema import sidecar_schema
from provenance.lineage.sidecar import Sidecar, open_sidecar, record_batches
from provenance.lineage.soundness import require_sound

# Of some samples, the seeds of their births: what is the same sample with others is changed.
Stated = dict[int, list[int]]
STATED = st.dictionaries(st.integers(0, 60), st.lists(st.integers(0, 2), min_size=1, max_size=3), max_size=40)

_LICENSES = (None, "MIT", "CC0-1.0")


def records_of(stated: Stated) -> list[dict[str, Any]]:
    return [
        # The licence and the depth are often the same throughout a version, and in another one something else.
        record(sample(number), 1 + (place == 0), seed=seed, license=_LICENSES[max(seeds)], depth=min(seeds))
        for number, seeds in stated.items()
        for place, seed in enumerate(seeds)
    ]


def everything(sidecar: Sidecar) -> pa.Table:
    schema = sidecar_schema(DIGEST_SIZE)
    batches = [pa.Table.from_batches([batch]).cast(schema) for batch in record_batches(sidecar, schema.names, 100)]
    return pa.concat_tables([schema.empty_table(), *batches]).combine_chunks()


def parts_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != MANIFEST}


@settings(deadline=None, max_examples=25)
@given(versions=st.lists(STATED, min_size=2, max_size=4), bits=st.integers(1, 3), group=st.integers(1, 9))
def test_generations_put_together_are_the_last_version(versions: list[Stated], bits: int, group: int) -> None:
    """However many records change, are added and go: what is read is what one file would have."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        patched.setattr("provenance.lineage.parts.ROW_GROUP_ROWS", group)
        patched.setattr(generations, "_LEAST_TIMES_CHANGED", 1)
        folder = Path(name)
        for version in versions:
            path = write(folder, "many.jsonl", records_of(version), parts=1 << bits)
            single = open_sidecar(write(folder, "one.jsonl", records_of(version)))
            found = open_sidecar(path, folder / "work")
            assert found.layout is not None and found.layout.bits == bits
            assert everything(found) == everything(single)
            assert (found.records, found.header.dataset) == (
                single.records,
                single.header.dataset.model_copy(update={"path": "many.jsonl"}),
            )
            assert altered_parts(path) == []
            if version:
                require_sound(found, folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(400)], parts=4)


def test_a_few_new_samples_leave_the_parts_as_they_are(folder: Path, tmp_path: Path) -> None:
    before = parts_of(folder)
    write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(404)], parts=4)
    after = parts_of(folder)
    new = {name: content for name, content in after.items() if name not in before}
    assert before.items() <= after.items()
    assert 1 <= len(new) <= 4
    opened = open_sidecar(folder)
    assert opened.layout is not None
    assert [sum(part.records for part in each.parts) for each in opened.layout.generations] == [400, 4]
    assert opened.records == 404


def test_samples_that_go_are_listed(folder: Path, tmp_path: Path) -> None:
    before = parts_of(folder)
    write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(3, 400)], parts=4)
    opened = open_sidecar(folder)
    assert opened.layout is not None
    last = opened.layout.generations[-1]
    assert (last.parts, sum(part.records for part in last.gone)) == ((), 3)
    assert before.items() <= parts_of(folder).items()
    assert opened.records == 397


def test_nothing_changed_is_no_generation(folder: Path, tmp_path: Path) -> None:
    before = parts_of(folder)
    write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(400)], parts=4, md5="other")
    opened = open_sidecar(folder)
    assert opened.layout is not None and len(opened.layout.generations) == 1
    assert (parts_of(folder), opened.header.dataset.md5) == (before, "other")


def test_what_mostly_changes_is_written_anew(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", [record(sample(number), 2) for number in range(400)], parts=4)
    opened = open_sidecar(folder)
    assert opened.layout is not None and len(opened.layout.generations) == 1
    assert set(parts_of(folder)) == {part.name for part in opened.layout.files}


def test_many_generations_become_one(folder: Path, tmp_path: Path) -> None:
    counts = []
    for more in range(1, generations.MOST_GENERATIONS + 2):
        write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(400 + more)], parts=4)
        opened = open_sidecar(folder, tmp_path / "work")
        assert opened.layout is not None and opened.records == 400 + more
        counts.append(len(opened.layout.generations))
        assert set(parts_of(folder)) == {part.name for part in opened.layout.files}
    assert counts == [*range(2, generations.MOST_GENERATIONS + 1), 1, 2]


def test_generations_are_put_together_once(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(404)], parts=4)
    first = open_sidecar(folder, tmp_path / "work").files
    stamps = [file.stat().st_mtime_ns for file in first]
    again = open_sidecar(folder, tmp_path / "work").files
    assert again == first and stamps == [file.stat().st_mtime_ns for file in again]
    first[0].write_bytes(first[1].read_bytes())
    assert everything(open_sidecar(folder, tmp_path / "work")).num_rows == 404
    assert generations.clean(tmp_path / "work", [again[0].parent.name]).folders == 0
    assert generations.clean(tmp_path / "work", []).folders == 1
    assert everything(open_sidecar(folder, tmp_path / "work")).num_rows == 404


def test_an_old_sidecar_that_is_damaged_is_replaced(folder: Path, tmp_path: Path) -> None:
    part = next(folder.glob("part-*"))
    part.write_bytes(b"?" * part.stat().st_size)
    write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(404)], parts=4)
    assert (open_sidecar(folder).records, altered_parts(folder)) == (404, [])


@pytest.mark.parametrize("place", [0, 1])
def test_a_part_of_a_generation_that_is_damaged_is_named(folder: Path, tmp_path: Path, place: int) -> None:
    write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(404)], parts=4)
    layout = open_sidecar(folder).layout
    assert layout is not None and len(layout.generations) == 2
    part = folder / layout.generations[place].parts[0].name
    content = bytearray(part.read_bytes())
    # All that is not the footer, which is read first.
    content[4 : len(content) // 8] = bytes(len(content) // 8 - 4)
    part.write_bytes(content)
    with pytest.raises(SidecarError, match=f"{part.name}: cannot be read .*restore it with `dvc checkout`$"):
        everything(open_sidecar(folder, tmp_path / "work"))
