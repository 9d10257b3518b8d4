"""Images and sounds as `datasets` holds them are identified by their bytes, whatever file they came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets.table import embed_table_storage
from support.samples import ids

from provenance.identity import sample_id

PICTURE, OTHER = b"\x89PNG\r\n\x1a\n a picture", b"\x89PNG\r\n\x1a\n another"


def dataset_of(files: list[Path], feature: Any) -> datasets.Dataset:
    """As a script makes it from files on its machine, with their bytes taken in as for an upload."""
    plain = datasets.Dataset.from_dict({"image": [str(file) for file in files], "caption": ["a", "b"]})
    return plain.cast_column("image", feature).with_format("arrow").map(embed_table_storage, batched=True)


def pictures(folder: Path, names: list[str]) -> list[Path]:
    folder.mkdir()
    files = [folder / name for name in names]
    for file, content in zip(files, (PICTURE, OTHER), strict=True):
        file.write_bytes(content)
    return files


@pytest.mark.parametrize("feature", [datasets.Image(decode=False), datasets.Audio(decode=False)])
def test_parquet_that_was_saved_from_other_files_has_the_same_ids(tmp_path: Path, feature: Any) -> None:
    found = []
    for machine, names in (("one", ["a.png", "b.png"]), ("two", ["scan-0001.png", "scan-0002.png"])):
        made = dataset_of(pictures(tmp_path / machine, names), feature)
        made.to_parquet(tmp_path / f"{machine}.parquet")
        found.append(ids(tmp_path / f"{machine}.parquet"))
    assert found[0] == found[1]
    assert len(set(found[0])) == 2
    rows = [
        {"image": {"bytes": content, "path": "x"}, "caption": text} for content, text in ((PICTURE, "a"), (OTHER, "b"))
    ]
    assert [sample_id(row, fields=["image"]) for row in rows] == [
        sample_id({"image": {"bytes": content}}, fields=["image"]) for content in (PICTURE, OTHER)
    ]


def test_a_file_that_is_not_here_is_identified_by_its_path(tmp_path: Path) -> None:
    one, other = ({"image": {"bytes": None, "path": path}} for path in ("a.png", "b.png"))
    assert sample_id(one) != sample_id(other)
    assert sample_id({"image": {"bytes": "text", "path": "a"}}) != sample_id({"image": {"bytes": "text", "path": "b"}})
