"""WebDataset: the files of a key are a sample; archives that are hostile or cut short are refused."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from support.samples import ids

from provenance.errors import DataError
from provenance.identity import Identity, read_row, sample_id, scan, write_rows
from provenance.identity.formats import webdataset
from provenance.identity.rewriting import strip_reserved

SAMPLES = [("a.jpg", b"1"), ("a.seg.PNG", b"2"), ("d.x/b.jpg", b"3"), ("d.x/b.cls", b"4")]


def write(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_files_of_a_key_are_a_sample(tmp_path: Path) -> None:
    path = tmp_path / "data.tar"
    write(path, [("README", b"x"), *SAMPLES, ("._c.jpg", b"y"), ("__meta__/index.json", b"z")])
    rows = [{"jpg": b"1", "seg.png": b"2"}, {"jpg": b"3", "cls": b"4"}]
    assert ids(path) == [sample_id(row) for row in rows]
    assert ids(path, fields=("jpg",)) == [sample_id({"jpg": row["jpg"]}) for row in rows]
    assert read_row(path, 2, Identity()) == rows[1]
    renamed = tmp_path / "renamed.tar"
    write(renamed, [(name.replace("a.", "z."), content) for name, content in SAMPLES])
    assert ids(renamed) == ids(path)


def test_samples_are_those_of_the_webdataset_library(tmp_path: Path) -> None:
    library = pytest.importorskip("webdataset", reason="needs webdataset, which the test environment does not install")
    path = tmp_path / "data.tar"
    write(path, [("README", b"x"), *SAMPLES])
    theirs = [
        {name: value for name, value in sample.items() if not name.startswith("__")}
        for sample in library.WebDataset(str(path), shardshuffle=False)
    ]
    assert ids(path) == [sample_id(sample) for sample in theirs]


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/a.jpg", "x/../../a.jpg", "\\a.jpg", "x\\..\\..\\a.jpg"])
def test_members_that_escape(tmp_path: Path, name: str) -> None:
    path = tmp_path / "data.tar"
    write(path, [*SAMPLES, (name, b"1")])
    with pytest.raises(DataError, match="escapes its folder") as caught:
        ids(path)
    assert caught.value.row == 2


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "data.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("a.jpg")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(DataError, match="a link or a device"):
        ids(path)


def test_cut_short_damaged_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.tar"
    write(path, [(f"{number}.txt", b"x" * 600) for number in range(5)])
    whole = path.read_bytes()
    for cut in (100, 600, 1536, 1600, 3 * 1536):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match="cut short|cannot be read any further"):
            ids(path)
    path.write_bytes(whole[: 2 * 1536] + b"\1" * 512 + whole[2 * 1536 + 512 :])
    with pytest.raises(DataError, match="damaged"):
        ids(path)
    path.write_bytes(whole + whole)
    with pytest.raises(DataError, match="something follows its end"):
        ids(path)
    write(path, [("a.jpg", b"1"), ("a.JPG", b"2")])
    with pytest.raises(DataError, match="two files with the extension 'jpg'"):
        ids(path)
    monkeypatch.setattr(webdataset, "LONGEST_ROW", 100)
    write(path, [("a.jpg", b"1" * 60), ("a.png", b"1" * 60)])
    with pytest.raises(DataError, match="longer than"):
        ids(path)


def test_parents_are_a_file_of_the_key(tmp_path: Path) -> None:
    path = tmp_path / "data.tar"
    write(path, [("a.jpg", b"1"), ("a._parents", b'["aa", "x.tar:3"]'), ("b.jpg", b"2")])
    (batch,) = scan(path, Identity())
    assert batch.parents is not None and batch.parents.to_pylist() == [["aa", "x.tar:3"], None]
    assert strip_reserved(path)
    assert not strip_reserved(path)
    assert ids(path) == [sample_id({"jpg": b"1"}), sample_id({"jpg": b"2"})]


def test_what_img2dataset_writes_beside_an_archive_is_no_sample(tmp_path: Path) -> None:
    for shard in ("00000", "00001"):
        write(tmp_path / f"{shard}.tar", [(f"{shard}0.jpg", b"1"), (f"{shard}0.txt", shard.encode())])
        (tmp_path / f"{shard}.parquet").write_bytes(b"not even read")
        (tmp_path / f"{shard}_stats.json").write_text("{}")
    assert ids(tmp_path) == [sample_id({"jpg": b"1", "txt": shard.encode()}) for shard in ("00000", "00001")]
    (tmp_path / "00002.parquet").write_bytes(b"of no archive")
    with pytest.raises(DataError, match="rows in two formats, as '00000.tar' and '00002.parquet'"):
        ids(tmp_path)


def test_rows_of_one_key_that_lie_apart_are_not_joined(tmp_path: Path) -> None:
    path, target = tmp_path / "data.tar", tmp_path / "kept.tar"
    write(path, [("a.txt", b"1"), ("b.txt", b"2"), ("a.json", b"3"), ("b.txt", b"4")])
    with pytest.raises(
        DataError, match="has the key 'a' as an earlier row, and without those between they are one row"
    ) as e:
        write_rows(path, np.array([True, False, True, True]), target)
    assert e.value.row == 3
    write_rows(path, np.array([True, False, False, True]), target)
    assert ids(target) == [ids(path)[0], ids(path)[3]]


@pytest.mark.parametrize(
    "members", [["a.txt", "b._parents", "c.txt"], ["a.txt", "b._parents"], ["b._parents", "b._model"]]
)
def test_a_row_of_nothing_but_reserved_files_is_not_lost(tmp_path: Path, members: list[str]) -> None:
    path = tmp_path / "data.tar"
    write(path, [(name, b"data/a.jsonl:1") for name in members])
    before = path.read_bytes()
    with pytest.raises(DataError, match="no files but those of reserved names") as caught:
        strip_reserved(path)
    assert caught.value.row == members.index("b._parents") + 1
    assert path.read_bytes() == before
