from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.schemas import schema_of
from support.sidecars import record, sample, write

from provenance.errors import SidecarError
from provenance.lineage.manifest import MANIFEST, Manifest
from provenance.lineage.sidecar import open_sidecar
from provenance.stored import FolderElsewhere

SCHEMA = Path(__file__).resolve().parents[3] / "docs/specification/sidecar-manifest.schema.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, "a.jsonl", [record(sample(number)) for number in range(64)], parts=4)


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = folder / MANIFEST
    document = json.loads(file.read_text(encoding="utf-8"))
    change(document)
    file.write_text(json.dumps(document), encoding="utf-8")


def parts(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["layout"]["generations"][0]["parts"]
    return found


def test_the_schema_is_published() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema_of(Manifest)


def test_what_is_written_is_a_manifest(folder: Path) -> None:
    manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    assert (manifest.version, manifest.dataset.rows, manifest.layout.bits) == ("1.1", 64, 2)
    assert [part.number for part in manifest.layout.files] == [0, 1, 2, 3]
    assert sum(part.records for part in manifest.layout.files) == 64


def test_what_a_killed_writer_left_is_passed_over(folder: Path) -> None:
    for name in (".part.0123", "part-00000-0123456789abcdef.parquet", ".nfs0001"):
        (folder / name).write_bytes(b"")
    assert open_sidecar(folder).records == 64


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found.pop("layout"), "_manifest.json: damaged .it has no layout"),
        (lambda found: found["layout"].update(bits=15), "_manifest.json: damaged .layout.bits"),
        (lambda found: found["layout"].update(bits=1), "does not fit in 1 bits"),
        (lambda found: found["layout"].update(generations=[]), "layout.generations"),
        (lambda found: parts(found).clear(), "its first generation has no part"),
        (lambda found: parts(found)[0].update(name="../../etc/passwd"), "parts.0.name"),
        (lambda found: parts(found)[0].update(name="/etc/passwd"), "parts.0.name"),
        (lambda found: parts(found)[0].update(number=1), "the first digits of its sha256"),
        (lambda found: parts(found).reverse(), "do not ascend"),
        (lambda found: parts(found).append(parts(found)[0]), "do not ascend"),
        (lambda found: parts(found)[0].update(records=1), "part-00000-.*: other records than _manifest.json states"),
        (lambda found: parts(found)[0].update(size=1), "part-00000-.*: has .* bytes, and _manifest.json states 1"),
        (lambda found: found["layout"].update(digest_size=8), "part-00000-.*: other records"),
        (lambda found: found.update(version="2.0"), "_manifest.json: written in sidecar format 2.0"),
        (lambda found: found.pop("dataset"), "_manifest.json: key dataset: Field required"),
        (lambda found: found.pop("version"), "_manifest.json: damaged .it has no version"),
    ],
)
def test_a_manifest_that_is_damaged_or_hostile(folder: Path, change: Callable[[Any], object], said: str) -> None:
    changed(folder, change)
    with pytest.raises(SidecarError, match=said) as refused:
        open_sidecar(folder)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 100_000, b'{"layout": 1}', b"\xff"])
def test_a_manifest_that_is_no_json(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(SidecarError, match=r"_manifest.json: damaged \("):
        open_sidecar(folder)


def test_a_folder_without_a_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    with pytest.raises(SidecarError, match=r"a folder without _manifest.json"):
        open_sidecar(folder)


def test_a_part_that_is_missing(folder: Path) -> None:
    part = sorted(folder.glob("part-*"))[2]
    part.unlink()
    with pytest.raises(SidecarError, match=rf"{part.name}: missing, a part of the sidecar; restore it"):
        open_sidecar(folder)
    part.mkdir()
    with pytest.raises(SidecarError, match=rf"{part.name}: missing"):
        open_sidecar(folder)


def test_a_file_that_is_no_part(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SidecarError, match=r"notes.txt: no part of the sidecar"):
        open_sidecar(folder)


def test_a_file_that_is_no_part_is_named_by_the_dataset_where_files_are_kept_by_their_content(folder: Path) -> None:
    files = {path.name: path for path in folder.iterdir()}
    as_it_was = FolderElsewhere("v1:data.lineage.parquet", files)
    assert open_sidecar(as_it_was).records == open_sidecar(folder).records
    strange = FolderElsewhere("v1:data.lineage.parquet", files | {"notes.txt": folder / "0b" / "d5326146"})
    with pytest.raises(SidecarError, match=r"^v1:data\.lineage\.parquet/notes\.txt: no part of the sidecar"):
        open_sidecar(strange)


def test_a_part_is_no_sidecar_by_itself(folder: Path, tmp_path: Path) -> None:
    part = next(folder.glob("part-*"))
    copy = tmp_path / "copy.lineage.parquet"
    shutil.copyfile(part, copy)
    assert pq.ParquetFile(copy).metadata.num_rows > 0
    with pytest.raises(SidecarError, match="not a lineage sidecar"):
        open_sidecar(copy)
