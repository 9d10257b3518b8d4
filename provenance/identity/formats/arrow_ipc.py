"""Arrow IPC: files (also called Feather version 2) and streams, as `datasets` of Hugging Face writes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.ipc as ipc

from provenance.errors import DataError
from provenance.identity.canonical import shown
from provenance.identity.formats.arrow_block import ArrowBlock, cut, numbered_tables, rows_of
from provenance.identity.formats.interface import FileReader, RowError, columns_without, one_line
from provenance.identity.formats.ipc_sizes import check_expansion
from provenance.identity.formats.schema_metadata import metadata_without, require_usable_names

_FILE_MAGIC = b"ARROW1"
_FILE_STREAM_START = 8
_OLD_FEATHER_MAGIC = b"FEA1"
_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"


class ArrowReader(FileReader):
    """See `Reader`. Record batches are mapped into memory, not read, unless they are compressed."""

    def column_names(self) -> tuple[str, ...]:
        with self._open() as (schema, _):
            return tuple(schema.names)

    def blocks(self, columns: Collection[str] | None = None) -> Iterator[ArrowBlock]:
        return map(ArrowBlock, self._tables(columns))

    def has_columns(self, names: Collection[str]) -> bool:
        return not set(self.column_names()).isdisjoint(names)

    def write_without(self, names: Collection[str], target: Path) -> None:
        with self._open() as (schema, is_file):
            columns = columns_without(self.path, schema.names, names)
            smaller = pa.schema([schema.field(name) for name in columns], metadata_without(schema.metadata, names))
            tables = (table for _, table in numbered_tables(self.path, self._tables(columns)))
            _write(tables, smaller, target, is_file)

    def write_rows(self, kept: npt.NDArray[np.bool_], target: Path) -> None:
        with self._open() as (schema, is_file):
            _write(rows_of(numbered_tables(self.path, self._tables(None)), kept), schema, target, is_file)

    def _tables(self, columns: Collection[str] | None) -> Iterator[pa.Table]:
        with self._open() as (schema, is_file):
            wanted = [name for name in schema.names if columns is None or name in columns]
            try:
                for batch in _batches(self.path, is_file):
                    table = pa.Table.from_batches([batch]).select(wanted)
                    _check_layout(table)
                    yield from cut(table)
            except (pa.ArrowException, OSError) as error:
                raise RowError(0, f"the Arrow data cannot be read any further: {one_line(error)}") from None

    @contextmanager
    def _open(self) -> Iterator[tuple[pa.Schema, bool]]:
        """The schema, and whether the file is of the file format, not of the stream format."""
        with open(self.path, "rb") as file:
            start = file.read(len(_FILE_MAGIC))
        if start.startswith(_OLD_FEATHER_MAGIC):
            raise DataError(self.path, None, "Feather of version 1; write it again as version 2 or as Parquet")
        is_file, is_sound = start == _FILE_MAGIC, True
        try:
            open_reader = ipc.open_file if is_file else ipc.open_stream
            with pa.memory_map(str(self.path)) as mapped, open_reader(mapped) as reader:
                schema = reader.schema
                if is_file:
                    mapped.seek(_FILE_STREAM_START)
                    with ipc.open_stream(mapped) as stream:
                        is_sound = stream.schema.equals(schema)
        except (pa.ArrowException, OSError) as error:
            raise DataError(self.path, None, f"not an Arrow file or stream, or cut short: {one_line(error)}") from None
        require_usable_names(schema, self.path)
        if not is_sound:
            raise DataError(self.path, None, "names other columns at its end than at its start: is the file damaged?")
        yield schema, is_file


READER = ArrowReader


def _write(tables: Iterable[pa.Table], schema: pa.Schema, target: Path, is_file: bool) -> None:
    new = ipc.new_file if is_file else ipc.new_stream
    with new(target, schema) as writer:
        for table in tables:
            for batch in table.to_batches():
                # Not cast: Arrow damages slices of some nested columns then.
                writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))


def _batches(path: Path, is_file: bool) -> Iterator[pa.RecordBatch]:
    """The record batches; those of a file, too, are read as the stream that a file holds behind its magic number."""
    start = _FILE_STREAM_START if is_file else 0
    with pa.memory_map(str(path)) as ahead, pa.memory_map(str(path)) as mapped:
        ahead.seek(start)
        mapped.seek(start)
        messages = ipc.MessageReader.open_stream(ahead)
        messages.read_next_message()  # the schema
        with ipc.open_stream(mapped) as reader:
            while _next_batch_is_bounded(messages):
                yield reader.read_next_batch()
        end = ahead.tell()
        ahead.seek(end - len(_END_OF_STREAM))
        if ahead.read(len(_END_OF_STREAM)) != _END_OF_STREAM:
            raise RowError(0, "the end of the stream is missing: is the file cut short?")
        if not is_file and end != ahead.size():
            raise RowError(0, "something follows the end of the stream")


def _next_batch_is_bounded(messages: ipc.MessageReader) -> bool:
    """Pass over the messages up to the next record batch, of bounded size; False at the stream's end."""
    while True:
        try:
            message = messages.read_next_message()
        except StopIteration:
            return False
        check_expansion(message)
        if message.type == "record batch":
            return True


def _check_layout(table: pa.Table) -> None:
    """Refuse offsets and indices that point out of their buffers, which Arrow would follow.

    Text that is not UTF-8 is reported later, with its row.
    """
    for name in table.column_names:
        try:
            table[name].validate(full=True)
        except pa.ArrowInvalid as error:
            if "UTF8" not in str(error) or pa.types.is_nested(table[name].type):
                raise RowError(0, f"column {shown(name)} is damaged: {one_line(error)}") from None
