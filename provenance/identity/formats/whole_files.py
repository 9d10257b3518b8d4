"""Directories in which each file is a sample: images, audio, documents. Its id is the digest of its bytes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from provenance.errors import DataError
from provenance.identity.digests import digest_size, stream_digest
from provenance.identity.file_ids import FileIds
from provenance.identity.formats.interface import Block, Reader, RowError
from provenance.identity.samples import Identity

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

    def _id(self, name: str) -> str:
        try:
            return stream_digest(self.path / name, self.identity.digest)[0].hex()
        except OSError as error:
            raise DataError(self.path / name, None, f"cannot be read: {error.strerror}") from None
