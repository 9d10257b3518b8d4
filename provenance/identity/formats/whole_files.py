"""Directories in which each file is a sample: images, audio, documents. Its id is the digest of its bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from provenance.errors import DataError
from provenance.identity.digests import digest_size, stream_digest
from provenance.identity.file_ids import FileIds
from provenance.identity.formats import open_file
from provenance.identity.formats.interface import Block, FileReader, Reader, Rewriting, RowError
from provenance.identity.samples import Identity

if TYPE_CHECKING:
    import numpy.typing as npt

# Tables that describe the files; a column names them, from the table's folder, as Hugging Face's `datasets` has it.
FILE_METADATA = re.compile(r"metadata\.(csv|jsonl|parquet)", re.IGNORECASE)
_NAMES_A_FILE = re.compile(r"(.*_)?file_name")

_FILES_A_BLOCK = 512


class WholeFilesBlock(Block):
    """The files at ``paths``; ``names``: their paths inside the directory."""

    def __init__(self, paths: Sequence[Path], names: Sequence[str], digest: str, file_ids: FileIds | None) -> None:
        self._paths = paths
        self._names = names
        self._digest = digest
        self._file_ids = file_ids
        self.starts = list(enumerate(names))

    def columns(self, exact: Callable[[str], bool]) -> pa.Table | None:
        return None

    def rows(self) -> Iterator[dict[str, object]]:
        return ({"path": name} for name in self._names)

    def identified(self) -> tuple[pa.FixedSizeBinaryArray, pa.UInt64Array]:
        """The ids of the files and their sizes in bytes; a file whose id is remembered is not read."""
        known = self._file_ids.known(self._names, self._digest) if self._file_ids is not None else {}
        found = dict(known)
        for offset, (name, path) in enumerate(zip(self._names, self._paths, strict=True)):
            if name not in found:
                try:
                    found[name] = stream_digest(path, self._digest)
                except OSError as error:
                    raise RowError(offset, f"cannot be read: {error.strerror}") from None
        if self._file_ids is not None:
            self._file_ids.remember({name: found[name] for name in found.keys() - known.keys()}, self._digest)
        ids = [found[name][0] for name in self._names]
        sizes = [found[name][1] for name in self._names]
        return pa.array(ids, pa.binary(digest_size(self._digest))), pa.array(sizes, pa.uint64())


class WholeFilesReader(Reader):
    """See `Reader`. ``names``: the files' paths inside the directory, sorted. A row holds that path."""

    samples_are_files = True

    def __init__(self, path: Path, identity: Identity, names: Sequence[str]) -> None:
        super().__init__(path, identity)
        self.names = names

    def blocks(self, columns: Collection[str] | None = None) -> Iterator[WholeFilesBlock]:
        for start in range(0, len(self.names), _FILES_A_BLOCK):
            names = self.names[start : start + _FILES_A_BLOCK]
            paths = [self.path / name for name in names]
            yield WholeFilesBlock(paths, names, self.identity.digest, self.identity.file_ids)

    def row(self, number: int) -> dict[str, object] | None:
        return {"path": self.names[number - 1]} if number <= len(self.names) else None

    def sample_id(self, number: int) -> str | None:
        return None if number > len(self.names) else self._id(self.names[number - 1])

    def file_id(self, name: str) -> str:
        """The sample id, in hex, of the file at the path ``name`` inside the directory; raises DataError."""
        if name not in self.names:
            raise DataError(self.path / name, None, "no such sample in the directory")
        return self._id(name)

    def strip(self, names: Collection[str]) -> bool:
        return False  # files have no columns

    def beside(self, stays: Mapping[str, npt.NDArray[np.bool_]]) -> Mapping[str, Rewriting]:
        if len(stays) == len(self.names):
            problem = "all of its files would go, and a directory without samples is no dataset"
            raise DataError(self.path, None, f"{problem}; stop tracking it with `dvc remove`, and delete it")
        found: dict[str, Rewriting] = {}
        for table in self._tables_about(stays):
            reader = open_file(self.path / table, self.identity)
            kept = _rows_about_others(reader, os.path.dirname(table), stays)
            if not kept.all():
                found[table] = partial(reader.write_rows, kept)
        return found

    def _tables_about(self, names: Collection[str]) -> list[str]:
        """The tables in the folders of the files ``names``, or in folders around these, by their paths."""
        folders = dict.fromkeys(folder for name in names for folder in PurePosixPath(name).parents)
        return [
            (folder / name).as_posix()
            for folder in folders
            for name in sorted(os.listdir(self.path / folder))
            if FILE_METADATA.fullmatch(name)
        ]

    def _id(self, name: str) -> str:
        try:
            return stream_digest(self.path / name, self.identity.digest)[0].hex()
        except OSError as error:
            raise DataError(self.path / name, None, f"cannot be read: {error.strerror}") from None


def _rows_about_others(table: FileReader, folder: str, names: Collection[str]) -> npt.NDArray[np.bool_]:
    """For each row of the ``table`` in ``folder`` whether it describes none of the files ``names``.

    Raises:
        DataError: a row does not say which file it describes, or the table cannot be read.
    """

    def describes_others(number: int, row: Mapping[str, object]) -> bool:
        said = [value for name, value in row.items() if _NAMES_A_FILE.fullmatch(name)]
        if not said:
            problem = "does not say in a column file_name which file it describes, so it cannot go with the file"
            raise DataError(table.path, number, f"{problem}; keep the table outside of the directory")
        return not any(os.path.normpath(os.path.join(folder, str(name))) in names for name in said)

    return np.fromiter((describes_others(number, row) for number, row in table.numbered_rows()), bool)
