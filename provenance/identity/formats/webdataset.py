"""WebDataset: a tar archive in which the files of one key, one after another, are a sample.

A row is a map from the files' extensions to their bytes; the key is not content. Which names count as what is as in
the `webdataset` library: see docs/formats.md.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from provenance.errors import DataError
from provenance.identity.canonical import shown
from provenance.identity.field_names import RESERVED_COLUMNS
from provenance.identity.formats.interface import LONGEST_ROW, Block, FileReader, RowError, one_line
from provenance.identity.formats.row_block import blocks_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_NAME = re.compile(r"(?P<key>(?:.*/)?[^./][^./]*)\.(?P<extension>[^/]+)", re.DOTALL)
_META_NAME = re.compile(r"__[^/]*__($|/)")


class TarReader(FileReader):
    """See `Reader`."""

    def blocks(self, columns: Collection[str] | None = None) -> Iterator[Block]:
        return blocks_of(self._samples())

    def has_columns(self, names: Collection[str]) -> bool:
        return any(not row.keys().isdisjoint(names) for _, row in self.numbered_rows())

    def write_without(self, names: Collection[str], target: Path) -> None:
        self._copy(target, lambda row, extension: extension not in names)

    def write_rows(self, kept: npt.NDArray[np.bool_], target: Path) -> None:
        self._copy(target, lambda row, extension: bool(kept[row]), rows_may_go=True)

    def _copy(self, target: Path, stays: Callable[[int, str], bool], *, rows_may_go: bool = False) -> None:
        """Write what ``stays``, by the row (from 0) and the extension, and what is no part of a sample."""
        row, written = -1, -1
        key: str | None = None
        last_written: str | None = None
        with self._open() as archive, tarfile.open(target, "w", format=archive.format or tarfile.PAX_FORMAT) as output:
            for member in _members(archive):
                parts = _key_and_extension(member)
                if parts is not None and parts[0] != key:
                    if not rows_may_go and written != row:
                        raise self._vanished(row)
                    row, key = row + 1, parts[0]
                if parts is None or stays(row, parts[1]):
                    if parts is not None and written != row:
                        if parts[0] == last_written:
                            raise self._joined(row, parts[0])
                        written, last_written = row, parts[0]
                    output.addfile(member, archive.extractfile(member) if member.isreg() else None)
        if not rows_may_go and written != row:
            raise self._vanished(row)

    def _vanished(self, row: int) -> DataError:
        why = "has no files but those of reserved names, without which there is no such row; give it a file of its own"
        return DataError(self.path, row + 1, why)

    def _joined(self, row: int, key: str) -> DataError:
        why = f"has the key {shown(key)} as an earlier row, and without those between they are one row"
        return DataError(self.path, row + 1, f"{why}; give each row a key of its own")

    def _samples(self) -> Iterator[tuple[dict[str, object], int]]:
        """Each row and its size in bytes; RowError counts from the last row that was yielded."""
        key: str | None = None
        row: dict[str, object] = {}
        size = 0
        with self._open() as archive:
            for member in _members(archive):
                parts = _key_and_extension(member)
                if parts is None:
                    continue
                if parts[0] != key and row:
                    yield row, size
                    row, size = {}, 0
                key, extension = parts
                size += member.size
                if extension in row:
                    raise RowError(0, f"the key {shown(key)} has two files with the extension {shown(extension)}")
                if size > LONGEST_ROW:
                    raise RowError(0, f"longer than {LONGEST_ROW >> 20} MiB, the most that a row may be")
                row[extension] = _content(archive, member, extension)
        if row:
            yield row, size

    @contextmanager
    def _open(self) -> Iterator[tarfile.TarFile]:
        try:
            archive = tarfile.open(self.path, "r:")  # noqa: SIM115 - closed below
        except (tarfile.TarError, OSError) as error:
            raise DataError(self.path, None, f"not a tar archive, or cut short: {one_line(error)}") from None
        with archive:
            yield archive


READER = TarReader


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The archive's members in order; the archive's own list of them is not let grow."""
    try:
        while (member := archive.next()) is not None:
            _check(member)
            yield member
            archive.members = []  # type: ignore[attr-defined]
    except (tarfile.TarError, OSError, ValueError) as error:
        raise RowError(0, f"the archive cannot be read any further: {one_line(error)}") from None
    _check_end(archive)


def _check(member: tarfile.TarInfo) -> None:
    """Refuse what no dataset needs and what, unpacked, would land elsewhere."""
    if member.name.startswith(("/", "\\")) or ".." in PurePosixPath(member.name.replace("\\", "/")).parts:
        raise RowError(0, f"the archive's member {shown(member.name)} escapes its folder; make the archive anew")
    if not (member.isreg() or member.isdir()):
        raise RowError(0, f"the archive's member {shown(member.name)} is a link or a device, not a file")


def _key_and_extension(member: tarfile.TarInfo) -> tuple[str, str] | None:
    """None for what is no part of a sample: folders, and files that are hidden or have no extension."""
    match = _NAME.fullmatch(member.name)
    if not member.isreg() or match is None or _META_NAME.match(member.name):
        return None
    return match["key"], match["extension"].lower()


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, extension: str) -> bytes | str:
    file = archive.extractfile(member)
    try:
        content = file.read() if file is not None else b""
    except tarfile.ReadError:
        raise RowError(0, f"the archive ends within {shown(member.name)}: is it cut short?") from None
    if extension not in RESERVED_COLUMNS:
        return content
    try:
        return content.decode()  # references to parents, as text
    except UnicodeDecodeError:
        raise RowError(0, f"{shown(member.name)} is not UTF-8") from None


def _check_end(archive: tarfile.TarFile) -> None:
    """After the last member there must be a block of zeros, and nothing else: tarfile takes a damaged header for it."""
    file = archive.fileobj
    assert file is not None
    file.seek(archive.offset)
    if len(file.read(tarfile.BLOCKSIZE)) < tarfile.BLOCKSIZE:
        raise RowError(0, "the archive's end is missing: is it cut short?")
    file.seek(archive.offset)
    while chunk := file.read(1 << 20):
        if chunk.count(0) != len(chunk):
            raise RowError(0, "the archive is damaged, or something follows its end")
