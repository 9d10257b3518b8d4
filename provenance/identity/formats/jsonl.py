"""JSON Lines: one object a line. Read by Arrow where it reads exactly what Python's json reads, else by the latter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from provenance.errors import DataError
from provenance.identity.formats.compressed import create_bytes
from provenance.identity.formats.interface import Block, FileReader, RowError
from provenance.identity.formats.json_schema import LearnedSchema
from provenance.identity.formats.line_runs import LineRuns
from provenance.identity.json_text import decode_text, may_name, parse_row, problem_of, without_members
from provenance.identity.names import is_read_as_it_is

_EXACT_FLOAT = 2.0**53
_FIRST_ROWS = 100
_LINE_FEED, _CARRIAGE_RETURN, _OPENING, _CLOSING = b"\n\r{}"


class JSONLinesBlock(Block):
    """Whole lines, without the last one's line feed. ``unfinished``: the file's last line had none."""

    def __init__(self, data: bytes, schema: LearnedSchema, unfinished: bool) -> None:
        self._data = data
        self._schema = schema
        self._unfinished = unfinished

    @cached_property
    def _feeds(self) -> npt.NDArray[np.intp]:
        """Where the line feeds are."""
        # By numpy, which is faster than `bytes` and leaves Python's lock to other threads meanwhile.
        return np.flatnonzero(np.frombuffer(self._data, np.uint8) == _LINE_FEED)

    def json_lines(self) -> bytes:
        return self._data

    def lines(self) -> list[bytes]:
        """The lines that are not blank: the rows."""
        return [line for line in self._data.split(b"\n") if not _is_blank(line)]

    def rows(self) -> Iterator[dict[str, object]]:
        for offset in range(len(lines := self.lines())):
            yield self.row(lines, offset)

    def row(self, lines: list[bytes], offset: int) -> dict[str, object]:
        """Row ``offset`` (from 0) of ``lines``; raises RowError."""
        try:
            return parse_row(decode_text(lines[offset]))
        except ValueError as error:
            problem = problem_of(error)
            if self._unfinished and offset == len(lines) - 1:
                problem += " (the file's last line, without a line feed: is the file cut short?)"
            raise RowError(offset, problem) from None

    def picked(self, offsets: Sequence[int]) -> tuple[int, Block]:
        lines = self.lines()
        some = [lines[offset] for offset in offsets if offset < len(lines)]
        return len(lines), JSONLinesBlock(b"\n".join(some), LearnedSchema(), unfinished=False)

    def columns(self, exact: Callable[[str], bool]) -> pa.Table | None:
        if not self._is_plain():
            return None
        table = self._parse()
        # Mostly a few rows tell the schema of all; Arrow refuses what does not fit it.
        if table is None and self._schema.arrow() is None and self._learn(_FIRST_ROWS):
            table = self._parse()
        if table is None and self._learn(None):
            table = self._parse()
        if table is None or not all(_is_faithful(table[name], exact(name)) for name in table.column_names):
            return None
        return table

    def _is_plain(self) -> bool:
        """Whether every line feed stands between two objects, as far as it can be seen without parsing, in UTF-8.

        A raw line feed within a string is an error to Arrow, so one between ``}`` and ``{`` ends an object for sure.
        Together with the number of rows that Arrow finds, this proves that each line is one row.
        """
        if not (self._data.startswith(b"{") and self._data.endswith((b"}", b"}\r"))):
            return False
        data, feeds = self._data, self._feeds
        seen = np.frombuffer(data, np.uint8)
        before = seen[feeds - 1]
        ends = (before == _CLOSING) | ((before == _CARRIAGE_RETURN) & (seen[feeds - 2] == _CLOSING))
        if not (ends & (seen[feeds + 1] == _OPENING)).all():
            return False
        whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(np.array([0, len(data)])), pa.py_buffer(data))
        try:
            whole.validate(full=True)  # of the encoding, at which Arrow's JSON reader does not look
        except pa.ArrowInvalid:
            return False
        return True

    def _parse(self) -> pa.Table | None:
        schema = self._schema.arrow()
        if schema is None:
            return None
        # Arrow infers timestamps from strings, and misplaces nulls in lists whose type it learns late: so never infer.
        # An unexpected field stops it, also before nesting that would overflow its stack.
        options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
        read = pj.ReadOptions(use_threads=False, block_size=len(self._data) + 1)
        try:
            table = pj.read_json(pa.BufferReader(self._data), read_options=read, parse_options=options)
        except pa.ArrowInvalid:
            return None
        return table if table.num_rows == len(self._feeds) + 1 else None

    def _learn(self, most: int | None) -> bool:
        """Learn the schema from the first ``most`` rows, or from all; False: nothing was learned."""
        try:
            return self._schema.learn(islice(self.rows(), most))
        except RowError:
            return False


class JSONLinesReader(FileReader):
    """See `Reader`. A byte order mark at the start and blank lines are skipped; blank lines are not rows."""

    def blocks(self, columns: Collection[str] | None = None) -> Iterator[JSONLinesBlock]:
        schema = LearnedSchema()
        at = self.start or 0
        can_start = is_read_as_it_is(self.path)
        runs = self._line_runs()
        for data, unfinished in runs:
            if data and not data.isspace():
                block = JSONLinesBlock(data, schema, unfinished)
                block.mark = at + runs.before if can_start else None
                yield block
            at += len(data) + len(b"\n")

    def row(self, number: int) -> dict[str, object] | None:
        before = 0
        try:
            for block in self.blocks():
                lines = block.lines()
                if number <= before + len(lines):
                    return block.row(lines, number - before - 1)
                before += len(lines)
        except RowError as error:
            raise DataError(self.path, before + error.offset + 1, error.problem) from None
        return None

    def has_columns(self, names: Collection[str]) -> bool:
        return any(changed for _, changed in self._runs_without(names))

    def write_without(self, names: Collection[str], target: Path) -> None:
        with create_bytes(target, self.path) as output:
            for data, _ in self._runs_without(names):
                output.write(data)

    def write_rows(self, kept: npt.NDArray[np.bool_], target: Path) -> None:
        row = 0
        try:
            with create_bytes(target, self.path) as output:
                for data, _ in self._line_runs():
                    for line in data.split(b"\n"):
                        if not _is_blank(line):
                            if kept[row]:
                                output.write(line + b"\n")
                            row += 1
        except RowError as error:
            raise DataError(self.path, row + 1, error.problem) from None

    def _runs_without(self, names: Collection[str]) -> Iterator[tuple[bytes, bool]]:
        """Runs of lines, with their line feeds, rid of the members ``names``, and whether that changed anything."""
        before = index = 0
        lines: list[bytes] = []
        try:
            for data, unfinished in self._line_runs():
                lines = data.split(b"\n")
                if may_name(data):
                    for index, line in enumerate(lines):
                        lines[index] = _line_without(line, names)
                before, index = before + len(lines) - _blanks(lines), 0
                kept = b"\n".join(lines)
                yield kept if unfinished else kept + b"\n", kept != data
        except RowError as error:
            raise DataError(self.path, before + 1, error.problem) from None
        except ValueError as error:
            raise DataError(self.path, before + index - _blanks(lines[:index]) + 1, problem_of(error)) from None

    def _line_runs(self) -> LineRuns:
        return LineRuns(self.path, self.start or 0, self.watch)


READER = JSONLinesReader


def _is_blank(line: bytes) -> bool:
    return not line or line.isspace()


def _blanks(lines: list[bytes]) -> int:
    return sum(map(_is_blank, lines))


def _line_without(line: bytes, names: Collection[str]) -> bytes:
    if _is_blank(line) or not may_name(line):
        return line
    text = decode_text(line)
    if parse_row(text).keys().isdisjoint(names):
        return line
    return without_members(text, names).encode()


def _is_faithful(column: pa.ChunkedArray, exact: bool) -> bool:
    """Whether a column's numbers are those of the text: no NaN; where ``exact``, no integer rounded to a float."""
    return all(_floats_are_faithful(chunk, exact) for chunk in column.chunks)


def _floats_are_faithful(array: pa.Array, exact: bool) -> bool:
    if pa.types.is_list(array.type):
        return _floats_are_faithful(array.flatten(), exact)
    if pa.types.is_struct(array.type):
        return all(_floats_are_faithful(child, exact) for child in array.flatten())
    if not pa.types.is_float64(array.type):
        return True
    if pc.all(pc.is_finite(array)).as_py() is False:
        return False
    greatest = pc.max(pc.abs(array)).as_py()
    return not exact or greatest is None or greatest < _EXACT_FLOAT
