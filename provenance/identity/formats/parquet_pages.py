"""How much a Parquet row may take that is stored once and repeated: the size of the dictionaries of a row group.

A row group says how large it is on disk, not how large it becomes: a long text, once in a dictionary, may stand in
every row. No value of a dictionary is longer than the page that holds the dictionary, whose header tells its size
(Thrift's compact protocol; see parquet.thrift, PageHeader).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

_DICTIONARY_PAGE = 2
_I32_FIELD = 0x15  # field number one more than the last, of type i32
_HEADER_BYTES = 16
_VARIABLE_LENGTH = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")


def repeated_bytes(file: BinaryIO, row_group: Any, leaves: Iterable[int]) -> int:
    """Bytes that a row of ``row_group`` (pyarrow's metadata) may take, at most, from the dictionaries of ``leaves``."""
    columns = (row_group.column(leaf) for leaf in leaves)
    return sum(_dictionary_bytes(file, column) for column in columns if column.physical_type in _VARIABLE_LENGTH)


def _dictionary_bytes(file: BinaryIO, column: Any) -> int:
    """The size of the column's dictionary page; 0 where it has none, or where Arrow will refuse it."""
    offset = column.dictionary_page_offset or column.data_page_offset
    if offset < 0:
        return 0
    file.seek(offset)
    header = iter(file.read(_HEADER_BYTES))
    kind = _i32(header)
    size = _i32(header)
    return size if kind == _DICTIONARY_PAGE and size > 0 else 0


def _i32(header: Iterator[int]) -> int:
    """The next field, a zigzag varint; -1 where there is none."""
    if next(header, None) != _I32_FIELD:
        return -1
    value = shift = 0
    for byte in header:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
    return -1
