"""Reading and writing a sidecar, of either layout: nobody else knows whether it is a file or a folder of parts.

A file is Parquet with one record per row and all else in the footer's key-values; a folder has such files without
key-values, and all else in its manifest (`manifest`, `parts`).

A reader takes every file of the same major version and refuses a newer one; unknown columns are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from provenance.errors import SidecarError
from provenance.files import folder_of_process
from provenance.lineage.generations import PartFile, part_files
from provenance.lineage.manifest import MANIFEST, SHARDED_VERSION, Layout, is_records, read_manifest
from provenance.lineage.parts import bits_of, write_parts, write_records
from provenance.lineage.placing import whole_sidecar
from provenance.lineage.records import Evidence, Header, Origin
from provenance.lineage.schema import FORMAT_VERSION, sidecar_schema

_KEY_PREFIX = "provenance."
_VERSION = re.compile(r"[0-9]{1,6}\.[0-9]{1,6}")


@dataclass(frozen=True)
class Sidecar:
    """A sidecar that was opened, a file or a folder. ``digest_size``: length of a sample id in bytes.

    ``layout``: of a folder, how the records are divided. ``workspace``: where generations are put together; None: in a
    folder of this process.
    """

    path: Path
    header: Header
    digest_size: int
    layout: Layout | None = None
    workspace: Path | None = None

    @cached_property
    def part_files(self) -> tuple[PartFile, ...]:
        """The files with the records, which are those of one after the other, in the order of the ids."""
        if self.layout is None:
            return (PartFile(0, self.path, pq.read_metadata(self.path).num_rows),)
        return tuple(part_files(self.path, self.layout, self.workspace or folder_of_process()))

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(file.path for file in self.part_files)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many records each of the ``files`` has."""
        return tuple(file.records for file in self.part_files)

    @property
    def records(self) -> int:
        """How many there are."""
        return sum(self.counts)

    @property
    def parts(self) -> int:
        """How many files it is written as at most."""
        return 1 if self.layout is None else 1 << self.layout.bits

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


def open_sidecar(path: Path, workspace: Path | None = None) -> Sidecar:
    """Open the sidecar at ``path``, a file or a folder, and check that it can be read by this version.

    ``workspace``: a folder in which to keep what can be made again.

    Raises:
        SidecarError: no such file, not a sidecar, damaged, or of a newer major version.
    """
    if path.is_dir():
        return _open_folder(path, workspace)
    metadata, schema, records = _footer(path)
    header = _header_of_footer(path, metadata)
    opened = Sidecar(path, header, _id_size(path, schema, header.version))
    opened.__dict__["part_files"] = (PartFile(0, path, records),)
    return opened


def _open_folder(path: Path, workspace: Path | None) -> Sidecar:
    values, layout = read_manifest(path)
    header = _parse_header(path / MANIFEST, values, "damaged (it has no version)", "key ")
    for part in layout.files:
        file = path / part.name
        _, schema, records = _footer(file)
        size = _id_type(file, schema).byte_width
        if is_records(part.name):
            _require_columns(file, schema, sidecar_schema(size), header.version)
        if (size, records) != (layout.digest_size, part.records):
            raise SidecarError(f"{file}: other records than {MANIFEST} states; restore it with `dvc checkout`")
    return Sidecar(path, header, layout.digest_size, layout, workspace)


def _footer(path: Path) -> tuple[dict[bytes, bytes], pa.Schema, int]:
    try:
        with pq.ParquetFile(path) as file:
            return file.metadata.metadata or {}, file.schema_arrow, file.metadata.num_rows
    except FileNotFoundError as error:
        raise SidecarError(f"{path}: no such sidecar; make it with `provenance add` or `provenance run`") from error
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise SidecarError(
            f"{path}: not a readable Parquet file ({_first_line(error)}); restore it with `dvc checkout`"
        ) from error


def _id_size(path: Path, schema: pa.Schema, version: str) -> int:
    """The length of a sample id in a file whose columns are those of a sidecar."""
    size: int = _id_type(path, schema).byte_width
    _require_columns(path, schema, sidecar_schema(size), version)
    return size


def _id_type(path: Path, schema: pa.Schema) -> pa.FixedSizeBinaryType:
    id_type = schema.field("sample_id").type if "sample_id" in schema.names else None
    if not isinstance(id_type, pa.FixedSizeBinaryType):
        raise SidecarError(f"{path}: has no sample_id column of fixed length; it is not a sidecar")
    return id_type


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
    """These columns of all records, in order, without those that the footers say are null throughout.

    ``coded``: columns that are to be dictionaries of their texts.
    """
    empty = set.intersection(*(_empty_columns(pq.read_metadata(path)) for path in sidecar.files))
    names = [name for name in columns if name not in empty]
    tables = []
    for path in sidecar.files:
        with pq.ParquetFile(path, read_dictionary=list(coded)) as file:
            tables.append(file.read(names, use_threads=False))
    return pa.concat_tables(tables).unify_dictionaries()


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
    for _, table in record_groups(sidecar, [column], end=1):
        return table[column][0].as_py()
    return None


def record_batches(
    sidecar: Sidecar, columns: Sequence[str], rows: int, *, dictionaries: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    """All records in their order, at most ``rows`` at a time; ``dictionaries``: columns that are read as such."""
    for path in sidecar.files:
        with pq.ParquetFile(path, read_dictionary=[*dictionaries]) as file:
            yield from file.iter_batches(rows, columns=[*columns])


def record_groups(
    sidecar: Sidecar,
    columns: Sequence[str],
    *,
    dictionaries: Sequence[str] = (),
    first: int = 0,
    end: int | None = None,
) -> Iterator[tuple[int, pa.Table]]:
    """Row groups in their order, each with the number of its first record: those with records ``first`` to ``end``."""
    start = 0
    for path, count in zip(sidecar.files, sidecar.counts, strict=True):
        if start + count <= first or (end is not None and start >= end):
            start += count
            continue
        with pq.ParquetFile(path, read_dictionary=[*dictionaries], pre_buffer=True) as file:
            for group in range(file.num_row_groups):
                stop = start + file.metadata.row_group(group).num_rows
                if start < stop and stop > first and (end is None or start < end):
                    yield start, file.read_row_group(group, columns=[*columns])
                start = stop


def write_sidecar(
    path: Path, header: Header, batches: Iterable[pa.RecordBatch], digest_size: int, parts: int = 1
) -> None:
    """Write ``batches`` (of `sidecar_schema`, sorted by sample id) as the sidecar at ``path``, whole or not at all.

    ``parts``: 1 for a file, else the greatest number of files in a folder, a power of two.
    """
    bits = bits_of(parts)
    with whole_sidecar(path, parts) as temporary:
        if parts > 1:
            temporary.mkdir()
            write_parts(temporary, header, batches, digest_size, bits)
            return
        if header.version == SHARDED_VERSION:
            header = header.model_copy(update={"version": FORMAT_VERSION})
        metadata = {_KEY_PREFIX + key: json.dumps(value, ensure_ascii=False) for key, value in _header_values(header)}
        write_records(temporary, batches, sidecar_schema(digest_size).with_metadata(metadata))


def _header_values(header: Header) -> Iterator[tuple[str, Any]]:
    yield from header.model_dump(mode="json", exclude_none=True).items()


def _header_of_footer(path: Path, metadata: dict[bytes, bytes]) -> Header:
    prefix = _KEY_PREFIX.encode()
    try:
        values = {k.removeprefix(prefix).decode(): json.loads(v) for k, v in metadata.items() if k.startswith(prefix)}
    except (ValueError, RecursionError) as error:
        problem = f"the footer's key-values are damaged ({error}); restore it with `dvc checkout`"
        raise SidecarError(f"{path}: {problem}") from error
    otherwise = "a Parquet file, but not a lineage sidecar (no provenance.version in its footer)"
    return _parse_header(path, values, otherwise, "footer key provenance.")


def _parse_header(path: Path, values: Mapping[str, Any], otherwise: str, named: str) -> Header:
    """The header of these values.

    ``otherwise``: what the file at ``path`` is where they have no version; ``named``: what stands before a key's name.
    """
    version = values.get("version")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise SidecarError(f"{path}: {otherwise}; restore it with `dvc checkout`, or make it again")
    if _major(version) > _major(FORMAT_VERSION):
        raise SidecarError(
            f"{path}: written in sidecar format {version}; this is provenance for format {SHARDED_VERSION}: "
            "upgrade with `pip install -U dvc-provenance`"
        )
    try:
        return Header.model_validate(values)
    except RecursionError as error:
        raise SidecarError(f"{path}: the header is nested too deeply; it is damaged") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SidecarError(f"{path}: {named}{key}: {first['msg']}") from error


def _major(version: str) -> int:
    return int(version.split(".", maxsplit=1)[0])


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]
