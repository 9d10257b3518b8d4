"""Marks: digests of what a row has besides its content, by which rows of equal content can be told apart.

A mark is the digest of the row's other columns, those that are null, empty or reserved left out. Numbers and truth
values count as the text that they are written as, so that a row keeps its mark from JSON to CSV and Parquet. Two rows
that differ may have one mark, but a row that a script leaves alone never changes its own. The bytes are specified in
docs/specification/sidecar.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.errors import DataError
from provenance.identity.arrow_forms import others_of
from provenance.identity.arrow_values import null_where, plain
from provenance.identity.canonical import ContentError, encode_row
from provenance.identity.columnar import NotColumnarError, encode_columns
from provenance.identity.digests import digest_all
from provenance.identity.field_names import RESERVED_COLUMNS
from provenance.identity.fields import Selection, form_of_value
from provenance.identity.formats import open_reader
from provenance.identity.formats.interface import Block, RowError

if TYPE_CHECKING:
    from provenance.identity.samples import Identity

_DIGEST = "xxh3_64"  # a mark is as long as this digest
# What pandas adds when it writes a table, and numbers anew.
_INDEX = re.compile(r"__index_level_\d+__|Unnamed: \d+|")
_WHOLE = r"^(-?[0-9]+)\.0$"
# Up to here each whole number is a float of its own.
_EXACT = 2.0**53
_WORDS = ("True", "False", "TRUE", "FALSE")

Rows = npt.NDArray[np.int64]


def marks_of(
    path: Path, identity: Identity, selection: Selection, wanted: Iterator[Rows]
) -> Iterator[tuple[Rows, pa.Array]]:
    """The marks of some rows of the dataset at ``path``: row numbers (from 1), and their marks.

    A mark is null where a value has no canonical form.

    Args:
        selection: which columns are content, as a `Scan` of the dataset found.
        wanted: the numbers of the rows, ascending.

    Raises:
        DataError: the dataset cannot be read.
    """
    before = 0
    chosen = _Ascending(wanted)
    try:
        for block in open_reader(path, identity).blocks():
            columns = block.columns(_is_other)
            count = sum(1 for _ in block.rows()) if columns is None else columns.num_rows
            offsets = chosen.up_to(before + count) - before - 1
            if len(offsets):
                marks = None if columns is None else _of_columns(columns.take(pa.array(offsets)), selection)
                yield offsets + before + 1, _of_rows(block, selection, offsets) if marks is None else marks
            before += count
    except RowError as error:
        raise DataError(path, before + error.offset + 1, error.problem) from None


class _Ascending:
    """Ascending numbers, taken from the front."""

    def __init__(self, numbers: Iterator[Rows]) -> None:
        self._numbers = numbers
        self._waiting: Rows = np.empty(0, np.int64)

    def up_to(self, last: int) -> Rows:
        """Those of the numbers not taken yet that are at most ``last``."""
        parts = []
        while True:
            end = int(np.searchsorted(self._waiting, last, "right"))
            parts.append(self._waiting[:end])
            self._waiting = self._waiting[end:]
            if len(self._waiting) or (following := next(self._numbers, None)) is None:
                return np.concatenate(parts)
            self._waiting = following


def _is_other(name: str) -> bool:
    return name not in RESERVED_COLUMNS and not _INDEX.fullmatch(name)


def _of_columns(table: pa.Table, selection: Selection) -> pa.Array | None:
    """The marks of the rows of ``table``; None: only going through Python values can say."""
    others = {}
    try:
        for name in filter(_is_other, table.column_names):
            other = others_of(table[name].combine_chunks(), name, selection)
            if other is not None:
                others[name] = _as_written(plain(other))
        canonical = encode_columns(others, table.num_rows)
    except (NotColumnarError, ContentError, pa.ArrowInvalid):
        return None
    return digest_all(canonical, _DIGEST)


def _as_written(array: pa.Array) -> pa.Array:
    """Numbers and truth values as text; of text, what a number or truth value would be; null where it is empty."""
    kind = array.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return array.cast(pa.large_string())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _floats_as_written(array.cast(pa.float64()))
    if not pa.types.is_large_string(kind):
        return array
    text = pc.replace_substring_regex(array, _WHOLE, r"\1")
    text = pc.if_else(pc.is_in(text, pa.array(_WORDS, pa.large_string())), pc.utf8_lower(text), text)
    return null_where(pc.equal(text, ""), text)


def _floats_as_written(array: pa.DoubleArray) -> pa.Array:
    is_whole = pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), _EXACT))
    whole = pc.if_else(is_whole, array, pa.scalar(None, pa.float64())).cast(pa.int64()).cast(pa.large_string())
    others = pc.if_else(pc.is_nan(array), pa.scalar(None, pa.float64()), array).cast(pa.large_string())
    return pc.coalesce(whole, others)


def _of_rows(block: Block, selection: Selection, offsets: Rows) -> pa.Array:
    """The same, one row at a time."""
    wanted = set(offsets.tolist())
    canonical: list[bytes | None] = []
    for offset, row in enumerate(block.rows()):
        if offset in wanted:
            try:
                canonical.append(_encoded(row, selection))
            except ContentError:
                canonical.append(None)
    known = pa.array([each or b"" for each in canonical], pa.large_binary())
    missing = pa.array([each is None for each in canonical], pa.bool_())
    return null_where(missing, digest_all(known, _DIGEST))


def _encoded(row: Mapping[str, object], selection: Selection) -> bytes:
    others = {
        name: _value_as_written(value)
        for name, value in row.items()
        if value is not None and _is_other(name) and not selection.includes(name, form_of_value(value))
    }
    return encode_row(others, others)


def _value_as_written(value: object) -> object:
    if isinstance(value, bool | str | float | Decimal) or (isinstance(value, int) and value.bit_length() < 64):
        return _as_written(_array_of(value))[0].as_py()
    return str(value) if isinstance(value, int) else value


def _array_of(value: Any) -> pa.Array:
    if isinstance(value, str):
        try:
            return pa.array([value], pa.large_string())
        except UnicodeEncodeError:
            raise ContentError("text with an unpaired surrogate has no canonical form") from None
    return pa.array([float(value) if isinstance(value, Decimal) else value])
