"""Reading and writing a sidecar, of either layout: nobody else knows whether it is a file or a folder of parts.

A file is Parquet with one record per row and all else in the footer's key-values; a folder has such files without
key-values, and all else in its manifest (`manifest`, `parts`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import SidecarError
from provenance.files import folder_of_process
from provenance.lineage.id_ranges import EVERY_ID, IdRange
from provenance.lineage.part_file import PartFile
from provenance.lineage.records import Evidence, Header, Origin
from provenance.lineage.schema import FORMAT_VERSION, SHARDED_VERSION, sidecar_schema
from provenance.lineage.sidecar_form import (
    footer_of_header,
    header_of_footer,
    id_size,
    id_type,
    parse_header,
    read_footer,
    require_columns,
)
from provenance.stored import StoredFile, readable

# What only folders need, or writing, is imported there: most commands open files.
if TYPE_CHECKING:
    from provenance.lineage.manifest import Layout

# What is wrong with a sidecar whose parts are not divided as `Sidecar.range_of` says.
IN_OTHER_PARTS = "a part has ids of another part"


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
            return (PartFile(0, self.path, pq.read_metadata(readable(self.path)).num_rows),)
        from provenance.lineage.generations import part_files

        return tuple(part_files(self.path, self.layout, self.workspace or folder_of_process()))

    def range_of(self, file: PartFile) -> IdRange:
        """The ids that ``file``, one of `part_files`, may have."""
        return EVERY_ID if self.layout is None else IdRange(self.layout.bits, file.number)

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

    def seen_from_elsewhere(self) -> Sidecar:
        """The same for other machines, which cannot go by the stamps of what was put together of generations here."""
        return replace(self, path=self.path.resolve(), workspace=None)

    @property
    def is_here(self) -> bool:
        """Whether all of it is on this machine."""
        return not any(isinstance(file, StoredFile) for file in self.files)

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
    metadata, schema, records = read_footer(path)
    header = header_of_footer(path, metadata)
    opened = Sidecar(path, header, id_size(path, schema, header.version))
    opened.__dict__["part_files"] = (PartFile(0, path, records),)
    return opened


def _open_folder(path: Path, workspace: Path | None) -> Sidecar:
    from provenance.lineage.manifest import MANIFEST, is_records, read_manifest

    values, layout = read_manifest(path)
    header = parse_header(path / MANIFEST, values, "damaged (it has no version)", "key ")
    for part in layout.files:
        file = path / part.name
        _, schema, records = read_footer(file)
        size = id_type(file, schema).byte_width
        if is_records(part.name):
            require_columns(file, schema, sidecar_schema(size), header.version)
        if (size, records) != (layout.digest_size, part.records):
            raise SidecarError(f"{file}: other records than {MANIFEST} states; restore it with `dvc checkout`")
    return Sidecar(path, header, layout.digest_size, layout, workspace)


def read_records(sidecar: Sidecar, columns: Sequence[str], coded: Sequence[str]) -> pa.Table:
    """These columns of all records, in order, without those that the footers say are null throughout.

    ``coded``: columns that are to be dictionaries of their texts.
    """
    tables = []
    for path in sidecar.files:
        with pq.ParquetFile(readable(path), read_dictionary=list(coded)) as file:
            empty = _empty_columns(file.metadata)
            tables.append(file.read([name for name in columns if name not in empty], use_threads=False))
    # What only some of the files lack is null there.
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries()


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


def stated_columns(file: Path) -> Iterator[tuple[str, pq.Statistics]]:
    """What the footer of ``file`` states of each column of each of its row groups, by the column's name."""
    metadata = pq.read_metadata(readable(file))
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            if chunk.statistics is not None:
                yield chunk.path_in_schema, chunk.statistics


def decoded_bytes(file: Path) -> int:
    """About how many bytes the columns of a Parquet file take in memory."""
    metadata = pq.read_metadata(readable(file))
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
        with pq.ParquetFile(readable(path), read_dictionary=[*dictionaries]) as file:
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
        with pq.ParquetFile(readable(path), read_dictionary=[*dictionaries], pre_buffer=True) as file:
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
    from provenance.lineage.parts import bits_of, write_parts, write_records
    from provenance.lineage.placing import whole_sidecar

    bits = bits_of(parts)
    with whole_sidecar(path, parts) as temporary:
        if parts > 1:
            temporary.mkdir()
            write_parts(temporary, header, batches, digest_size, bits)
            return
        if header.version == SHARDED_VERSION:
            header = header.model_copy(update={"version": FORMAT_VERSION})
        write_records(temporary, batches, sidecar_schema(digest_size).with_metadata(footer_of_header(header)))
