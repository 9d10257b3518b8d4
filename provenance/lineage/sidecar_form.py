"""What a file must have to be a sidecar that this version reads: a Parquet footer, columns, a header.

A reader takes every file of the same major version and refuses a newer one; unknown columns are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from provenance.errors import SidecarError
from provenance.lineage.records import Header
from provenance.lineage.schema import FORMAT_VERSION, SHARDED_VERSION, sidecar_schema
from provenance.stored import readable

_KEY_PREFIX = "provenance."
_VERSION = re.compile(r"[0-9]{1,6}\.[0-9]{1,6}")


def read_footer(path: Path) -> tuple[dict[bytes, bytes], pa.Schema, int]:
    """The key-values, the columns and the number of records that the footer of the file at ``path`` states.

    Raises:
        SidecarError: no such file, or not Parquet that can be read.
    """
    try:
        with pq.ParquetFile(readable(path)) as file:
            return file.metadata.metadata or {}, file.schema_arrow, file.metadata.num_rows
    except FileNotFoundError as error:
        raise SidecarError(f"{path}: no such sidecar; make it with `provenance add` or `provenance run`") from error
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise SidecarError(
            f"{path}: not a readable Parquet file ({_first_line(error)}); restore it with `dvc checkout`"
        ) from error


@contextmanager
def named_if_unreadable(path: Path) -> Iterator[None]:
    """Name ``path``, a sidecar or a part of one, where the block cannot read it.

    Raises:
        SidecarError: Arrow or the system could not.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise SidecarError(f"{path}: cannot be read ({_first_line(error)}); restore it with `dvc checkout`") from error


def id_size(path: Path, schema: pa.Schema, version: str) -> int:
    """The length of a sample id, in bytes, in a file whose columns are those of a sidecar.

    Raises:
        SidecarError: they are not.
    """
    size: int = id_type(path, schema).byte_width
    require_columns(path, schema, sidecar_schema(size), version)
    return size


def id_type(path: Path, schema: pa.Schema) -> pa.FixedSizeBinaryType:
    """The type of the column ``sample_id``.

    Raises:
        SidecarError: there is none, or its ids have no fixed length.
    """
    kind = schema.field("sample_id").type if "sample_id" in schema.names else None
    if not isinstance(kind, pa.FixedSizeBinaryType):
        raise SidecarError(f"{path}: has no sample_id column of fixed length; it is not a sidecar")
    return kind


def require_columns(path: Path, found: pa.Schema, specified: pa.Schema, version: str) -> None:
    """Refuse a file that lacks one of the columns that are ``specified``, has it twice, or of another type.

    Raises:
        SidecarError: the column is named, and what to do.
    """
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


def footer_of_header(header: Header) -> dict[str, str]:
    """The key-values of the footer of a sidecar that is a file, which say what `header_of_footer` reads."""
    values = header.model_dump(mode="json", exclude_none=True)
    return {_KEY_PREFIX + key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}


def header_of_footer(path: Path, metadata: dict[bytes, bytes]) -> Header:
    """The header that the key-values of a file's footer state.

    Raises:
        SidecarError: they are not those of a sidecar, are damaged, or of a newer version.
    """
    prefix = _KEY_PREFIX.encode()
    try:
        values = {k.removeprefix(prefix).decode(): json.loads(v) for k, v in metadata.items() if k.startswith(prefix)}
    except (ValueError, RecursionError) as error:
        problem = f"the footer's key-values are damaged ({error}); restore it with `dvc checkout`"
        raise SidecarError(f"{path}: {problem}") from error
    otherwise = "a Parquet file, but not a lineage sidecar (no provenance.version in its footer)"
    return parse_header(path, values, otherwise, "footer key provenance.")


def parse_header(path: Path, values: Mapping[str, Any], otherwise: str, named: str) -> Header:
    """The header of these values.

    ``otherwise``: what the file at ``path`` is where they have no version; ``named``: what stands before a key's name.

    Raises:
        SidecarError: a value is missing or wrong, or the version is newer than this one.
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
