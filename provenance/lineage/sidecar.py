"""Reading and writing a sidecar: Parquet with one record per row and all else in the footer's key-values.

A reader takes every file of the same major version and refuses a newer one; unknown columns are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from provenance.errors import SidecarError
from provenance.files import whole_file
from provenance.lineage.records import Evidence, Header, Origin
from provenance.lineage.schema import FORMAT_VERSION, ROW_GROUP_ROWS, sidecar_schema
from provenance.lineage.words import COUNTED_NAMES

_KEY_PREFIX = "provenance."
_VERSION = re.compile(r"[0-9]{1,6}\.[0-9]{1,6}")
# Ids are random bytes: a dictionary would only be built to be thrown away.
_PLAIN_COLUMNS = frozenset({"sample_id", "marks", "prompt", "seed"})


@dataclass(frozen=True)
class Sidecar:
    """A sidecar that was opened. ``digest_size``: length of a sample id in bytes; ``records``: how many there are."""

    path: Path
    header: Header
    digest_size: int
    records: int

    def miscounted(self, counted: int) -> str | None:
        """What is wrong where the records' rows come to ``counted``; None where the footer states as many."""
        stated = self.header.dataset.rows
        return None if counted == stated else f"its records account for {counted} rows, its footer states {stated}"

    def require_rows(self, counted: int) -> None:
        """Refuse the sidecar where its records do not add up to the rows that its footer states.

        Raises:
            SidecarError: the records' rows come to ``counted``, which is another number.
        """
        if (problem := self.miscounted(counted)) is not None:
            raise SidecarError(
                f"{self.path}: {problem}; the sidecar is damaged: restore it with `dvc checkout`, or make it again"
            )


def open_sidecar(path: Path) -> Sidecar:
    """Open the sidecar at ``path`` and check that it can be read by this version.

    Raises:
        SidecarError: no such file, not a sidecar, damaged, or of a newer major version.
    """
    try:
        with pq.ParquetFile(path) as file:
            metadata, schema, records = file.metadata.metadata or {}, file.schema_arrow, file.metadata.num_rows
    except FileNotFoundError as error:
        raise SidecarError(f"{path}: no such sidecar; make it with `provenance add` or `provenance run`") from error
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise SidecarError(
            f"{path}: not a readable Parquet file ({_first_line(error)}); restore it with `dvc checkout`"
        ) from error
    header = _parse_header(path, metadata)
    id_type = schema.field("sample_id").type if "sample_id" in schema.names else None
    if not isinstance(id_type, pa.FixedSizeBinaryType):
        raise SidecarError(f"{path}: has no sample_id column of fixed length; it is not a sidecar")
    _require_columns(path, schema, sidecar_schema(id_type.byte_width), header.version)
    return Sidecar(path, header, id_type.byte_width, records)


def _require_columns(path: Path, found: pa.Schema, specified: pa.Schema, version: str) -> None:
    missing = set(specified.names) - set(found.names)
    if missing:
        raise SidecarError(f"{path}: lacks the column {min(missing)}; it is not a sidecar of version {version}")
    for column in specified:
        if found.names.count(column.name) > 1:
            raise SidecarError(f"{path}: has the column {column.name} twice; it is not a sidecar of version {version}")
        kind = _plain(found.field(column.name).type)
        if kind != column.type:
            said = f"its column {column.name} is of type {kind}, and that of a sidecar is {column.type}"
            raise SidecarError(f"{path}: {said}; restore it with `dvc checkout`, or make it again")


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type, whether values are spelt out or stand in a dictionary, and whatever a list's items are called."""
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    return kind


def read_records(sidecar: Sidecar, columns: Sequence[str], coded: Sequence[str]) -> pa.Table:
    """These columns of all records, in order, without those that the footer says are null throughout.

    ``coded``: columns that are to be dictionaries of their texts.
    """
    with pq.ParquetFile(sidecar.path, read_dictionary=list(coded)) as file:
        empty = _empty_columns(file.metadata)
        return file.read([name for name in columns if name not in empty], use_threads=False)


def _empty_columns(metadata: pq.FileMetaData) -> set[str]:
    chunks = [
        group.column(number)
        for group in map(metadata.row_group, range(metadata.num_row_groups))
        for number in range(metadata.num_columns)
    ]
    holding = {
        chunk.path_in_schema.split(".")[0]
        for chunk in chunks
        if "." in chunk.path_in_schema
        or (statistics := chunk.statistics) is None
        or not statistics.has_null_count
        or statistics.null_count < chunk.num_values
    }
    return {chunk.path_in_schema.split(".")[0] for chunk in chunks} - holding


def decoded_bytes(file: Path) -> int:
    """About how many bytes the columns of a Parquet file take in memory."""
    metadata = pq.read_metadata(file)
    return sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))


def first_origin(sidecar: Sidecar) -> Origin | None:
    """The origin of the first record; None where there is none."""
    return Origin(_first(sidecar, "origin")) if sidecar.records else None


def first_evidence(sidecar: Sidecar) -> Evidence | None:
    """The evidence of the first record; None where there is none, or nobody explained it."""
    return Evidence(value) if (value := _first(sidecar, "evidence")) is not None else None


def _first(sidecar: Sidecar, column: str) -> Any:
    with pq.ParquetFile(sidecar.path) as file:
        return file.read_row_group(0, [column])[column][0].as_py() if sidecar.records else None


def write_sidecar(path: Path, header: Header, batches: Iterable[pa.RecordBatch], digest_size: int) -> None:
    """Write ``batches`` (of `sidecar_schema`, sorted by sample id) as the sidecar at ``path``, whole or not at all."""
    metadata = {_KEY_PREFIX + key: json.dumps(value, ensure_ascii=False) for key, value in _header_values(header)}
    schema = sidecar_schema(digest_size).with_metadata(metadata)
    dictionary = [name for name in schema.names if name not in _PLAIN_COLUMNS]
    dictionary[dictionary.index("parents")] = "parents.list.element"
    dictionary[dictionary.index("parent_roles")] = "parent_roles.list.element"
    dictionary += [f"marks.list.element.{name}" for name in COUNTED_NAMES]
    with (
        whole_file(path) as temporary,
        pq.ParquetWriter(
            temporary,
            schema,
            compression="zstd",
            use_dictionary=dictionary,
            sorting_columns=[pq.SortingColumn(0)],
        ) as writer,
    ):
        for table in _row_groups(batches, schema):
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)


def _header_values(header: Header) -> Iterator[tuple[str, Any]]:
    yield from header.model_dump(mode="json", exclude_none=True).items()


def _parse_header(path: Path, metadata: dict[bytes, bytes]) -> Header:
    prefix = _KEY_PREFIX.encode()
    try:
        values = {k.removeprefix(prefix).decode(): json.loads(v) for k, v in metadata.items() if k.startswith(prefix)}
    except (ValueError, RecursionError) as error:
        problem = f"the footer's key-values are damaged ({error}); restore it with `dvc checkout`"
        raise SidecarError(f"{path}: {problem}") from error
    version = values.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise SidecarError(
            f"{path}: a Parquet file, but not a lineage sidecar (no provenance.version in its footer); "
            "restore it with `dvc checkout`, or make it again"
        )
    if _major(version) > _major(FORMAT_VERSION):
        raise SidecarError(
            f"{path}: written in sidecar format {version}; this is provenance for format {FORMAT_VERSION}: "
            "upgrade with `pip install -U dvc-provenance`"
        )
    try:
        return Header.model_validate(values)
    except RecursionError as error:
        raise SidecarError(f"{path}: the footer's key-values are nested too deeply; it is damaged") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SidecarError(f"{path}: footer key provenance.{key}: {first['msg']}") from error


def _major(version: str) -> int:
    return int(version.split(".", maxsplit=1)[0])


def _row_groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Tables of exactly ROW_GROUP_ROWS rows, the last of fewer: the layout must not depend on how batches arrive."""
    waiting = schema.empty_table()
    for batch in batches:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch]).cast(schema)])
        while waiting.num_rows >= ROW_GROUP_ROWS:
            yield waiting.slice(0, ROW_GROUP_ROWS)
            waiting = waiting.slice(ROW_GROUP_ROWS)
    if waiting.num_rows:
        yield waiting


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]
