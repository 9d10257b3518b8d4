"""CSV and TSV. A cell is a string unless its column's type is declared; a cell that is empty and not quoted is null."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from provenance.errors import DataError
from provenance.identity.arrow_values import require_distinct
from provenance.identity.canonical import ContentError, shown
from provenance.identity.formats.arrow_block import numbered_tables, rows_at, rows_of
from provenance.identity.formats.compressed import create_bytes, open_bytes, uncompressed_suffix
from provenance.identity.formats.csv_cells import PARSERS
from provenance.identity.formats.csv_quotes import WholeRows
from provenance.identity.formats.interface import Block, FileReader, RowError, columns_without, one_line
from provenance.plurals import counted

# Arrow reads CSV in blocks of this size, each of which must hold a whole row.
_LONGEST_ROW = 4 << 20
_ROW_NUMBER = re.compile(r"Row #(\d+)")


class CSVBlock(Block):
    """Rows as strings."""

    def __init__(self, table: pa.Table, types: dict[str, str]) -> None:
        self.table = table
        self._types = types

    def picked(self, offsets: Sequence[int]) -> tuple[int, Block]:
        return self.table.num_rows, CSVBlock(rows_at(self.table, offsets), self._types)

    def columns(self, exact: Callable[[str], bool]) -> pa.Table | None:
        table = self.table
        for name in filter(exact, table.column_names):
            if name in self._types:
                typed = _typed(table[name].combine_chunks(), PARSERS[self._types[name]])
                if typed is None:
                    return None
                table = table.set_column(table.column_names.index(name), name, typed)
        return table

    def rows(self) -> Iterator[dict[str, object]]:
        parsers = [(name, PARSERS[self._types[name]]) for name in self.table.column_names if name in self._types]
        for offset, row in enumerate(self.table.to_pylist()):
            for name, parse in parsers:
                if row[name] is not None:
                    try:
                        row[name] = parse(row[name])
                    except ValueError as error:
                        problem = f"column {shown(name)}: {shown(row[name])} is not {error}"
                        raise RowError(offset, problem) from None
            yield row


class CSVReader(FileReader):
    """See `Reader`. Rows are counted without the header; blank lines are not rows, unless there is but one column."""

    has_types = False

    @property
    def _delimiter(self) -> str:
        return "\t" if uncompressed_suffix(self.path) == ".tsv" else ","

    def column_names(self) -> tuple[str, ...]:
        try:
            header = self._header()
            if not header:
                raise DataError(self.path, None, "no header: the first line must name the columns")
            "".join(header).encode()
            if problem := _wrong_separator(header, self._delimiter):
                raise DataError(self.path, None, problem)
            require_distinct(header)
        except UnicodeEncodeError:
            raise DataError(self.path, None, "the header is not UTF-8; convert the file to UTF-8") from None
        except csv.Error as error:
            raise DataError(self.path, None, f"the header cannot be read: {one_line(error)}") from None
        except ContentError as error:
            raise DataError(self.path, None, f"the header: {error.problem}") from None
        except RowError as error:
            raise DataError(self.path, None, error.problem) from None
        return tuple(header)

    def _header(self) -> list[str] | None:
        """The cells of the first line; what is not UTF-8 in them becomes surrogates."""
        # Bounded, since what is compressed may be one endless line.
        with open_bytes(self.path) as file:
            start = file.read(_LONGEST_ROW)
        # What is not UTF-8 in the rows after the header is reported later, with their number.
        lines = io.StringIO(start.decode("utf-8-sig", errors="surrogateescape"), newline="")
        header = next(csv.reader(lines, delimiter=self._delimiter, strict=True), None)
        if len(start) == _LONGEST_ROW and not lines.read(1):
            raise RowError(0, f"the header is longer than {_LONGEST_ROW >> 20} MiB, the most that a row of CSV may be")
        return header

    def blocks(self, columns: Collection[str] | None = None) -> Iterator[CSVBlock]:
        types = dict(self.identity.column_types)
        if self.identity.tokens_field is not None:
            types.setdefault(self.identity.tokens_field, "integer")
        return (CSVBlock(table, types) for table in self._tables(columns))

    def has_columns(self, names: Collection[str]) -> bool:
        return not set(self.column_names()).isdisjoint(names)

    def write_without(self, names: Collection[str], target: Path) -> None:
        columns = columns_without(self.path, self.column_names(), names)
        tables = (table for _, table in numbered_tables(self.path, self._tables(columns)))
        self._write(columns, tables, target)

    def write_rows(self, kept: npt.NDArray[np.bool_], target: Path) -> None:
        self._write(self.column_names(), rows_of(numbered_tables(self.path, self._tables(None)), kept), target)

    def _write(self, columns: Collection[str], tables: Iterable[pa.Table], target: Path) -> None:
        header = pa.table([pa.array([name]) for name in columns], list(columns))
        with create_bytes(target, self.path) as output:
            output.writelines(_lines(header, self._delimiter))
            for table in tables:
                output.writelines(_lines(table, self._delimiter))

    def _tables(self, columns: Collection[str] | None) -> Iterator[pa.Table]:
        """The columns, as strings; a row that cannot be read raises RowError."""
        names = self.column_names()
        wanted = [name for name in names if columns is None or name in columns] or list(names)
        file = WholeRows(open_bytes(self.path), self._delimiter, _LONGEST_ROW)
        rows = 0
        header_rows = 1
        try:
            with file, pv.open_csv(file, **self._options(names, wanted)) as batches:
                for batch in batches:
                    table = pa.Table.from_batches([batch]).slice(header_rows)
                    header_rows = max(header_rows - batch.num_rows, 0)
                    rows += table.num_rows
                    if table.num_rows:
                        yield table
        except pa.ArrowInvalid as error:
            number = _ROW_NUMBER.search(str(error))
            raise RowError(max(int(number[1]) - 2 - rows, 0) if number else 0, _problem(error)) from None
        if file.problem is not None:
            raise RowError(0, file.problem)

    def _options(self, names: Collection[str], wanted: list[str]) -> dict[str, Any]:
        return {
            # The header is read as a row, since Arrow refuses a block that has no row beside it.
            "read_options": pv.ReadOptions(use_threads=False, block_size=_LONGEST_ROW, column_names=list(names)),
            "parse_options": pv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, ignore_empty_lines=len(names) > 1
            ),
            "convert_options": pv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=wanted,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        }


READER = CSVReader


def _wrong_separator(header: list[str], delimiter: str) -> str | None:
    """What is wrong with a header that was written for other readers, or in another encoding, or None."""
    if header[0].lower().startswith("sep="):
        return "the first line, `sep=`, is for spreadsheets only; remove it, so that the next one names the columns"
    if "\0" in "".join(header):
        return "the header holds NUL bytes: is it UTF-16? Convert the file to UTF-8"
    # The last two are those of Hive, and the separator that ASCII has.
    other = next((mark for mark in ";\t,|\x01\x1f" if len(header) == 1 and mark in header[0]), None)
    if other is None or delimiter in header[0]:
        return None
    problem = f"its columns are separated by {shown(other)}, not by {shown(delimiter)}"
    return f"{problem}, as the name says; {'call it .tsv' if other == chr(9) else 'write it anew'}"


def _typed(column: pa.Array, parse: Callable[[str], object]) -> pa.Array | None:
    """``column`` parsed, each distinct cell once; None where a cell is not of the type, or no Arrow type fits all."""
    coded = column.dictionary_encode()
    try:
        return pa.array([parse(cell) for cell in coded.dictionary.to_pylist()]).take(coded.indices)
    except (ValueError, OverflowError):
        return None


def _lines(table: pa.Table, delimiter: str) -> Iterator[bytes]:
    """The rows as lines of CSV, quoted where they must be; an empty string is quoted, null is not."""
    if not table.num_columns:
        return
    cells = []
    for column in table.columns:
        escaped = pc.replace_substring(column, '"', '""')
        quoted = pc.binary_join_element_wise(pa.scalar('"'), escaped, pa.scalar('"'), pa.scalar(""))
        needs_quotes = pc.or_(pc.match_substring_regex(column, f'["\r\n{delimiter}]'), pc.equal(column, ""))
        cells.append(pc.if_else(needs_quotes, quoted, column))
    lines = pc.binary_join_element_wise(*cells, pa.scalar(delimiter), null_handling="replace", null_replacement="")
    yield from (f"{line}\n".encode() for line in lines.to_pylist())


def _problem(error: Exception) -> str:
    if "straddl" in str(error):
        return f"longer than {_LONGEST_ROW >> 20} MiB, the most that a row of CSV may be"
    if "UTF8" in str(error):
        return "not UTF-8; convert the file to UTF-8"
    counts = re.search(r"Expected (\d+) columns, got (\d+)", str(error))
    if counts:
        return f"{counted(int(counts[2]), 'cell')} where the header has {counts[1]}"
    return f"not valid CSV: {one_line(error)}"
