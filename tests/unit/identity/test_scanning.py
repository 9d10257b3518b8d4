"""A directory that is scanned file by file has the rows that it has as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.project import lines

from provenance.errors import DataError
from provenance.identity import Identity, Scan, Settled, scan
from provenance.identity.formats import open_reader
from provenance.identity.formats.directory import files_of, groups_of_files
from provenance.identity.scanning import require_declared

FILES = {"a.jsonl": '{"text": "one"}\n{"text": "two"}\n', "b.jsonl": '{"other": "three"}\n', "c.jsonl": ""}
SETTLED = Identity(settled=Settled(table=False))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def ids(path: Path, only: list[str] | None = None) -> list[bytes]:
    return [each for batch in scan(path, SETTLED, only=only) for each in batch.sample_ids.to_pylist()]


def test_the_files_of_a_directory_by_themselves(folder: Path) -> None:
    files = files_of(open_reader(folder, SETTLED))
    assert files == [*FILES]
    assert [each for name in files for each in ids(folder, [name])] == ids(folder)
    assert len(ids(folder, ["b.jsonl", "c.jsonl"])) == 1


def test_files_that_are_samples_by_themselves(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(bytes([number]))
    assert ids(tmp_path, ["0.png"]) + ids(tmp_path, ["1.png", "2.png"]) == ids(tmp_path)


def test_a_mere_file_has_no_files(folder: Path) -> None:
    assert files_of(open_reader(folder / "a.jsonl", SETTLED)) is None


def test_a_declared_field_need_not_be_in_each_file(folder: Path) -> None:
    declared = Identity(fields=("other",))
    scanned = scan(folder, declared, only=["a.jsonl"])
    assert len([*scanned]) == 1 and scanned.names == {"text"}
    require_declared(folder, declared, {"text", "other"}, 3)
    with pytest.raises(DataError, match="'other' is in no row"):
        require_declared(folder, declared, scanned.names, scanned.rows)


FOUND = ("rule", "fields", "beside", "text_beside", "settled_out", "numbers", "kept", "left", "rows", "reserved")

ROWS: Sequence[dict[str, Any]] = (
    {"text": "one document of the archive", "note": "words of somebody who has read it", "score": 4},
    {"text": "another document", "answer": 3, "_lineage": "x"},
    {"title": ["a list of", "two"], "text": None, "url": "https://archive.example/a/page"},
)
TABLES = ("kind,size,answer\na,1,2\n", "kind,size,answer\nb,2,no\n")


def by_file(data: Path, identity: Identity) -> Scan:
    choice = scan(data, identity).choose()
    found = []
    for only in groups_of_files(open_reader(data, identity)):
        part = scan(data, identity, only=only, choice=choice)
        assert sum(len(batch.sample_ids) for batch in part) == part.found.rows
        found.append(part.found)
    whole = scan(data, identity, choice=choice)
    whole.take(found)
    return whole


@pytest.mark.parametrize(
    "identity",
    [
        Identity(),
        Identity(fields=("text", "answer")),
        Identity(settled=Settled(kept=frozenset({"url"}), left=frozenset({"text"}))),
        Identity(settled=Settled(table=True)),
    ],
)
def test_what_is_found_in_files_is_what_is_found_in_all(tmp_path: Path, identity: Identity) -> None:
    for number, row in enumerate(ROWS):
        (tmp_path / f"{number}.jsonl").write_text(lines([row]))
    whole = scan(tmp_path, identity)
    for _ in whole:
        pass
    found = by_file(tmp_path, identity)
    assert {name: getattr(found, name) for name in FOUND} == {name: getattr(whole, name) for name in FOUND}


def test_columns_that_the_first_file_takes_for_numbers_are_numbers_in_all(tmp_path: Path) -> None:
    for number, table in enumerate(TABLES):
        (tmp_path / f"{number}.csv").write_text(table)
    whole = scan(tmp_path, Identity())
    for _ in whole:
        pass
    found = by_file(tmp_path, Identity())
    assert {name: getattr(found, name) for name in FOUND} == {name: getattr(whole, name) for name in FOUND}
