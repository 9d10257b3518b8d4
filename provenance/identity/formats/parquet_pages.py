"""What Parquet's pages take once they are expanded, read from their headers before Arrow expands them.

A row group says how large it is on disk, not how large it becomes: a page is expanded as a whole, and a long text, once
in a dictionary, may stand in every row. No value of a dictionary is longer than the page that holds the dictionary.
Footer and headers are read here, since Arrow ends the process when it is asked for the columns of a damaged footer; see
parquet.thrift, FileMetaData and PageHeader.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

from provenance.identity.formats.interface import RowError
from provenance.identity.formats.ipc_sizes import MOST_EXPANDED_BYTES
from provenance.identity.formats.thrift import DAMAGE, CompactReader

_TAIL = struct.Struct("<i4s")  # at the end of the file: the footer's length, then what says that it is Parquet
_DICTIONARY_PAGE = 2
_BYTE_ARRAY, _FIXED_LENGTH = 6, 7
# By their numbers; LZ4 (5) and LZO (3) are left to Arrow.
_CODECS = {0: None, 1: "snappy", 2: "gzip", 4: "brotli", 6: "zstd", 7: "lz4_raw"}
_LENGTH = struct.Struct("<I")  # before each value of a dictionary
# Up to here it takes less to look at the values of a dictionary than to have Arrow read it.
_MOST_VALUES, _MOST_DICTIONARY_BYTES = 1 << 12, 4 << 20
_HEADER_BYTES, _LONGEST_HEADER_BYTES = 256, 64 << 20


class _Chunk(NamedTuple):
    """A column of a row group: where its pages lie in the file, its physical type, how many values, its codec."""

    start: int
    end: int
    kind: int
    values: int
    codec: int


class Pages:
    """The pages of the Parquet file at ``path``, which Arrow could open."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, group: int, leaves: Iterable[int]) -> None:
        """Raise RowError where the pages that are open at once expand beyond all reason.

        For each of ``leaves``, columns of row group number ``group``: its dictionary and one page of data.
        """
        open_at_once = 0
        with self._path.open("rb") as file:
            for chunk in self._chunks_of(group, leaves):
                largest = {True: 0, False: 0}
                for kind, size in _pages(file, chunk):
                    largest[kind == _DICTIONARY_PAGE] = max(largest[kind == _DICTIONARY_PAGE], size)
                open_at_once += sum(largest.values())
        if open_at_once > MOST_EXPANDED_BYTES:
            limit = MOST_EXPANDED_BYTES >> 20
            raise RowError(0, f"Parquet pages expand to more than {limit} MiB at once; write smaller pages")

    def repeated_bytes(self, group: int, leaves: Iterable[int]) -> int:
        """Bytes that a row of row group number ``group`` may take, at most, from the dictionaries of ``leaves``."""
        with self._path.open("rb") as file:
            chunks = (chunk for chunk in self._chunks_of(group, leaves) if chunk.kind in (_BYTE_ARRAY, _FIXED_LENGTH))
            first = [page for chunk in chunks for page in islice(_pages(file, chunk), 1)]
        return sum(size for kind, size in first if kind == _DICTIONARY_PAGE)

    def longest_repeated(self, group: int, leaves: Iterable[int]) -> int | None:
        """The same as the longest values of the dictionaries say; None: Arrow has to read these."""
        chunks = [chunk for chunk in self._chunks_of(group, leaves) if chunk.kind == _BYTE_ARRAY]
        try:
            with self._path.open("rb") as file:
                return sum(_longest(_dictionary(file, chunk)) for chunk in chunks)
        except (*DAMAGE, OSError, struct.error, pa.ArrowException):
            return None

    def _chunks_of(self, group: int, leaves: Iterable[int]) -> list[_Chunk]:
        try:
            chunks = [self._chunks[group][leaf] for leaf in leaves]
            rows = self._groups[group][3]
            # Arrow believes these numbers, and ends the process over some.
            if rows < 0 or any(chunk.values < rows for chunk in chunks):
                raise ValueError("fewer values than rows")
        except (*DAMAGE, OSError):
            raise RowError(0, "the Parquet file cannot be read any further: its footer makes no sense") from None
        return chunks

    @cached_property
    def _groups(self) -> list[dict[int, Any]]:
        with self._path.open("rb") as file:
            file.seek(-_TAIL.size, 2)
            length, _ = _TAIL.unpack(file.read(_TAIL.size))
            file.seek(-_TAIL.size - length, 2)
            groups: list[dict[int, Any]] = CompactReader(file.read(length)).struct()[4]
        return groups

    @cached_property
    def _chunks(self) -> list[list[_Chunk]]:
        return [[_chunk(column[3]) for column in group[1]] for group in self._groups]


def _chunk(column: dict[int, Any]) -> _Chunk:
    """A ColumnMetaData's type, number of values, size on disk, and where its pages begin, a dictionary's among them."""
    start = column.get(11) or column[9]
    return _Chunk(start, start + column[7], column[1], column[5], column[4])


def _pages(file: BinaryIO, chunk: _Chunk) -> Iterator[tuple[int, int]]:
    """The type and the expanded size of each page; what comes after damage, which Arrow refuses, is left out."""
    at = chunk.start
    try:
        while 0 <= at < chunk.end:
            header, length = _header(file, at)
            kind, expanded, on_disk = (header[field] for field in (1, 2, 3))
            if expanded < 0 or on_disk < 0:
                return
            yield kind, expanded
            at += length + on_disk
    except (*DAMAGE, OSError):
        return


def _dictionary(file: BinaryIO, chunk: _Chunk) -> tuple[Any, int]:
    """The content of a column's dictionary, and how many values it has; none where the column has no dictionary.

    Raises one of `DAMAGE` and what Arrow and `struct` raise, also where it is larger than is worth looking at.
    """
    header, length = _header(file, chunk.start)
    if header[1] != _DICTIONARY_PAGE:
        return b"", 0
    expanded, on_disk, values = header[2], header[3], header[7][1]
    if not (0 <= values <= _MOST_VALUES and 0 <= expanded <= _MOST_DICTIONARY_BYTES and on_disk >= 0):
        raise ValueError("too large")
    file.seek(chunk.start + length)
    content = file.read(on_disk)
    codec = _CODECS[chunk.codec]
    return (content if codec is None else pa.Codec(codec).decompress(content, expanded)), values


def _longest(dictionary: tuple[Any, int]) -> int:
    """The length of its longest value."""
    content, values = memoryview(dictionary[0]), dictionary[1]
    at = longest = 0
    for _ in range(values):
        (length,) = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size + length
        longest = max(longest, length)
    if at > len(content):
        raise ValueError("cut short")
    return longest


def _header(file: BinaryIO, at: int) -> tuple[dict[int, Any], int]:
    """The header of the page at ``at``, and its length, which is not known before it is read."""
    size = _HEADER_BYTES
    while True:
        file.seek(at)
        content = file.read(size)
        reader = CompactReader(content)
        try:
            return reader.struct(), reader.at
        except IndexError:
            if len(content) < size or size >= _LONGEST_HEADER_BYTES:
                raise
            size *= 16
