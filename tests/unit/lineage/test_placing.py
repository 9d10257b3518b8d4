"""What a killed writer has left of a sidecar goes, and an earlier one comes back byte by byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.sidecars import record, sample, write

from provenance.lineage.placing import put_back, remove_unnamed
from provenance.stored import FolderElsewhere


def content(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else sorted(path.iterdir())
    return {file.name if path.is_dir() else "": file.read_bytes() for file in files}


def sidecar(folder: Path, parts: int, samples: int) -> Path:
    folder.mkdir()
    write(folder, "a.jsonl", [record(sample(number), 1, origin="real") for number in range(samples)], parts=parts)
    return folder / "a.jsonl.lineage.parquet"


@pytest.mark.parametrize("before_parts", [1, 2])
@pytest.mark.parametrize("now_parts", [1, 2])
def test_what_was_there_before_comes_back(tmp_path: Path, before_parts: int, now_parts: int) -> None:
    before = sidecar(tmp_path / "before", before_parts, 5)
    now = sidecar(tmp_path / "now", now_parts, 4)
    expected = content(before)
    put_back(before, now)
    assert content(now) == content(before) == expected
    assert [path.name for path in now.parent.iterdir()] == [now.name]


def test_what_is_in_a_cache_comes_back(tmp_path: Path) -> None:
    before = sidecar(tmp_path / "before", 2, 5)
    files = {}
    for number, file in enumerate(before.iterdir()):
        files[file.name] = Path(shutil.copyfile(file, tmp_path / str(number)))
    now = sidecar(tmp_path / "now", 2, 4)
    put_back(FolderElsewhere("a.jsonl.lineage.parquet", files), now)
    assert content(now) == content(before)


def test_parts_that_the_manifest_does_not_name_go(tmp_path: Path) -> None:
    there = sidecar(tmp_path / "there", 2, 5)
    expected = content(there)
    (part,) = (file for file in sidecar(tmp_path / "other", 2, 4).iterdir() if file.name.startswith("part-00000"))
    shutil.copy(part, there)
    assert content(there) != expected
    remove_unnamed(there)
    assert content(there) == expected
    single = sidecar(tmp_path / "single", 1, 5)
    remove_unnamed(single)
    assert single.is_file()
