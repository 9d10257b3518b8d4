"""Writing a sharded sidecar: parts by the leading bits of the sample id, then the manifest, which makes them visible.

Parts are named by their content, so that new ones never take the place of those that the manifest in force names:
until the new manifest replaces it, the old sidecar answers. Sample ids are digests, so parts come out equally large,
and parts of the same number of two sidecars hold the same range of ids.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import SidecarError
from provenance.files import whole_file
from provenance.identity.id_arrays import bytes_of_ids
from provenance.identity.id_order import leading_bits
from provenance.lineage.manifest import MANIFEST, Generation, Layout, Part, is_part
from provenance.lineage.records import Header
from provenance.lineage.schema import FORMAT_VERSION, ROW_GROUP_ROWS, SHARDED_VERSION, sidecar_schema
from provenance.lineage.words import COUNTED_NAMES
from provenance.room import name_place
from provenance.settings import require_parts

_TEMPORARY = ".part."
# Ids are random bytes: a dictionary takes longer to make than it saves; zstd finds those that are repeated.
_PLAIN_COLUMNS = frozenset({"sample_id", "marks", "parents", "prompt", "seed"})
# No reader asks what the least and the greatest value in lists is.
_WITHOUT_STATISTICS = frozenset({"marks", "parents", "parent_roles"})


def bits_of(parts: int) -> int:
    """The number of leading bits that tell ``parts`` parts apart.

    Raises:
        ValueError: there cannot be so many.
    """
    return require_parts(parts).bit_length() - 1


def write_parts(folder: Path, header: Header, batches: Iterable[pa.RecordBatch], digest_size: int, bits: int) -> None:
    """Write ``batches`` (of `sidecar_schema`, sorted by sample id) as the sharded sidecar at ``folder``, a new one."""
    commit_parts(folder, header, list(each_part(folder, batches, digest_size, bits)), digest_size, bits)


def each_part(folder: Path, batches: Iterable[pa.RecordBatch], digest_size: int, bits: int) -> Iterator[Part]:
    """Write ``batches`` as `write_parts` does: each part, once it is written. None counts before `commit_parts`."""
    schema = sidecar_schema(digest_size)
    for number, some in groupby(_by_number(batches, bits), key=lambda each: each[0]):
        yield write_part(folder, number, (batch for _, batch in some), schema)


def take_parts(folder: Path, written: Path, header: Header, parts: Sequence[Part], digest_size: int, bits: int) -> None:
    """Make ``parts``, which others wrote to the folder ``written``, the sharded sidecar at ``folder``, a new one."""
    folder.mkdir()
    for part in parts:
        shutil.move(written / part.name, folder / part.name)
    commit_parts(folder, header, parts, digest_size, bits)


def commit_parts(folder: Path, header: Header, parts: Sequence[Part], digest_size: int, bits: int) -> None:
    """Make ``parts``, all that there are by ascending number, the sharded sidecar at ``folder``, a new one."""
    if not parts:
        # A reader finds the columns in any part.
        parts = [write_part(folder, 0, (), sidecar_schema(digest_size))]
    commit(folder, header, Layout(bits=bits, digest_size=digest_size, generations=(Generation(parts=tuple(parts)),)))


def write_part(folder: Path, number: int, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Part:
    """Write ``batches``, of records whose ids begin with ``number``, sorted, as a part in ``folder``.

    It is not one of a sidecar before `commit`. Two attempts at one part write the same bytes under the same name.
    """
    temporary = folder / f"{_TEMPORARY}{uuid4().hex}"
    try:
        records = write_records(temporary, batches, schema)
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
        size = temporary.stat().st_size
        kind = "part" if len(schema) > 1 else "gone"
        name = f"{kind}-{number:05d}-{sha256[:16]}.parquet"
        os.replace(temporary, folder / name)
    except OSError as error:
        # A task has its other files elsewhere.
        name_place(error, folder, folder)
        raise
    finally:
        temporary.unlink(missing_ok=True)
    return Part(name=name, number=number, records=records, size=size, sha256=sha256)


def commit(folder: Path, header: Header, layout: Layout) -> None:
    """Make the parts that ``layout`` names the sidecar at ``folder``, and remove those that it does not name."""
    if header.version == FORMAT_VERSION:
        header = header.model_copy(update={"version": SHARDED_VERSION})
    write_manifest(folder, header.model_dump(mode="json", exclude_none=True), layout)
    remove_strays(folder, layout)


def write_manifest(folder: Path, header: Mapping[str, Any], layout: Layout) -> None:
    """Write the manifest of the sidecar at ``folder``; ``header`` as JSON has it."""
    document = {**header, "layout": layout.model_dump(mode="json")}
    with whole_file(folder / MANIFEST) as temporary:
        temporary.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def remove_strays(folder: Path, layout: Layout) -> None:
    """Remove parts that ``layout`` does not name, and what writers that were killed have left."""
    named = {part.name for part in layout.files}
    for path in folder.iterdir():
        if path.name not in named and (is_part(path.name) or path.name.startswith(_TEMPORARY)):
            with suppress(FileNotFoundError):
                path.unlink()


def write_records(file: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> int:
    """Write ``batches`` to ``file`` as every file of records is laid out; how many there are."""
    dictionary = [name for name in schema.names if name not in _PLAIN_COLUMNS]
    if "parent_roles" in dictionary:
        dictionary[dictionary.index("parent_roles")] = "parent_roles.list.element"
        dictionary += [f"marks.list.element.{name}" for name in COUNTED_NAMES]
    records = 0
    with pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        use_dictionary=dictionary,
        write_statistics=[name for name in schema.names if name not in _WITHOUT_STATISTICS],
        write_batch_size=ROW_GROUP_ROWS,
        # It would say nothing that Parquet's own types do not, and repeat all key-values.
        store_schema=False,
        sorting_columns=[pq.SortingColumn(0)],
    ) as writer:
        for table in _row_groups(batches, schema):
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
            records += table.num_rows
        if schema.metadata:
            writer.add_key_value_metadata(schema.metadata)
    return records


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


def _by_number(batches: Iterable[pa.RecordBatch], bits: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """``batches``, each cut where the leading bits of the ids change, with these bits."""
    before = 0
    for batch in batches:
        if not len(batch):
            continue
        numbers = leading_bits(bytes_of_ids(batch["sample_id"]), bits)
        starts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(batch)], strict=True):
            number = int(numbers[start])
            if number < before:
                raise SidecarError("records are not sorted by sample id, so they cannot be divided into parts")
            before = number
            yield number, batch.slice(start, end - start)


def number_of(sample_id: bytes, bits: int) -> int:
    """The number of the part that the sample belongs to."""
    return int.from_bytes(sample_id[:2].ljust(2, b"\0"), "big") >> (16 - bits)
