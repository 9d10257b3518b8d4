"""Several generations of parts: what has changed is written as parts of its own, and all that stays is not sent again.

A generation has all records of each sample that changed, and the ids of samples that have gone. Readers never meet
that: the generations of a part are put together, once, in files of records like any other, which can be made again.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from provenance.cached import read_cached, write_checked
from provenance.errors import SidecarError
from provenance.file_digests import sha256_of, stamp_of
from provenance.files import Cleaned, remove_folder, scratch_folder
from provenance.lineage.changed_records import changed_records
from provenance.lineage.manifest import MANIFEST, Generation, Layout, Part, read_manifest
from provenance.lineage.part_file import PartFile
from provenance.lineage.parts import write_manifest, write_part, write_records
from provenance.lineage.schema import sidecar_schema
from provenance.lineage.sidecar_form import named_if_unreadable
from provenance.stored import readable

# A reader puts them together, so there are few; and where a quarter of the records has changed, all is written anew.
MOST_GENERATIONS = 8
_LEAST_TIMES_CHANGED = 4
_ID = "sample_id"
_STAMPS = "files.json"
_VERSION = 1


def part_files(folder: Path, layout: Layout, workspace: Path) -> list[PartFile]:
    """The files to read of the sidecar at ``folder``, by ascending number.

    Several generations are put together in ``workspace``, in a folder that the digest of the manifest names, where that
    was not done before, or somebody has written to what is there.
    """
    first, *later = layout.generations
    if not later:
        return [PartFile(part.number, folder / part.name, part.records) for part in first.parts]
    place = workspace / key_of(folder)
    if (found := _kept(place)) is None:
        with scratch_folder(workspace, "generations") as scratch:
            draft = scratch / "content"
            draft.mkdir()
            schema = sidecar_schema(layout.digest_size)
            counts = {}
            for number in sorted({part.number for each in layout.generations for part in each.parts}) or [0]:
                name = f"{number:05d}.parquet"
                counts[name] = write_records(draft / name, _put_together(folder, layout, number), schema)
            write_checked(draft / _STAMPS, _VERSION, {name: [n, *stamp_of(draft / name)] for name, n in counts.items()})
            with suppress(FileNotFoundError):
                os.replace(place, scratch / "replaced")
            # Another process may have been faster.
            with suppress(OSError):
                os.replace(draft, place)
        if (found := _kept(place)) is None:
            raise SidecarError(f"{place}: cannot be kept there; remove it, then ask again")
    return found


def key_of(folder: Path) -> str:
    """What is kept of the sidecar at ``folder`` goes by this name."""
    return sha256_of(folder / MANIFEST).removeprefix("sha256:")


def clean(workspace: Path, keep: Collection[str]) -> Cleaned:
    """Remove what was put together in ``workspace`` of sidecars whose names (`key_of`) are not in ``keep``."""
    removed = Cleaned()
    for folder in workspace.iterdir() if workspace.is_dir() else ():
        if (folder / _STAMPS).exists() and folder.name not in keep:
            removed += remove_folder(folder)
    return removed


def _kept(place: Path) -> list[PartFile] | None:
    """The files that were put together at ``place``, as they were written; None where they are not."""
    stated = read_cached(place / _STAMPS, _VERSION)
    if stated is None:
        return None
    try:
        if any(stamp_of(place / name) != stamp for name, (_, *stamp) in stated.items()):
            return None
    except OSError:
        return None
    return [PartFile(int(name[:5]), place / name, records) for name, (records, *_) in sorted(stated.items())]


def _put_together(folder: Path, layout: Layout, number: int) -> Iterator[pa.RecordBatch]:
    """The records of the part ``number`` that count, in order; those of later generations are in memory."""
    schema = sidecar_schema(layout.digest_size)
    newer = schema.empty_table()
    replaced = pa.array([], schema.field(_ID).type)
    for generation in reversed(layout.generations[1:]):
        for part in _of_number(generation.parts, number):
            table = _read(folder / part.name, schema.names).cast(schema)
            newer = pa.concat_tables([newer, _without(table, replaced)])
        replaced = pa.concat_arrays([replaced, *_replaced(folder, generation, number)])
    newer = newer.sort_by(_ID)
    ids, given = newer[_ID].to_pylist(), 0
    for part in _of_number(layout.generations[0].parts, number):
        with pq.ParquetFile(readable(folder / part.name)) as file:
            for group in range(file.num_row_groups):
                with named_if_unreadable(folder / part.name):
                    table = _without(file.read_row_group(group, schema.names).cast(schema), replaced)
                if len(table):
                    end = bisect_right(ids, table[_ID][-1].as_py(), given)
                    # Stable, and a sample has records of one generation alone: births keep their order.
                    yield from pa.concat_tables([table, newer.slice(given, end - given)]).sort_by(_ID).to_batches()
                    given = end
    yield from newer.slice(given).to_batches()


def _of_number(parts: Sequence[Part], number: int) -> list[Part]:
    return [part for part in parts if part.number == number]


def _replaced(folder: Path, generation: Generation, number: int) -> list[pa.Array]:
    """The ids of samples of which records of earlier generations do not count."""
    parts = [*_of_number(generation.parts, number), *_of_number(generation.gone, number)]
    return [chunk for part in parts for chunk in _read(folder / part.name, [_ID])[_ID].chunks]


def _read(part: Path, columns: list[str]) -> pa.Table:
    with named_if_unreadable(part):
        return pq.read_table(readable(part), columns=columns)


def _without(table: pa.Table, replaced: pa.Array) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table[_ID], value_set=replaced))) if len(replaced) else table


def as_generation(new: Path, old: Path, workspace: Path) -> None:
    """Turn ``new``, a whole sidecar in parts, into the generations of ``old`` and one more with what has changed.

    It stays as it is where too much has changed or too often, or where the old one is divided in another way or cannot
    be read. Else it names parts that are in ``old``.
    """
    values, after = read_manifest(new)
    try:
        before = read_manifest(old)[1]
    except SidecarError:
        return
    is_alike = (before.bits, before.digest_size) == (after.bits, after.digest_size)
    if not is_alike or len(before.generations) >= MOST_GENERATIONS:
        return
    with scratch_folder(workspace, "compare") as scratch:
        try:
            generation = _changes(new, after, part_files(old, before, scratch), scratch)
        except (pa.ArrowException, OSError, SidecarError):
            return
    if generation is not None:
        more = (generation,) if generation.parts or generation.gone else ()
        write_manifest(new, values, before.model_copy(update={"generations": (*before.generations, *more)}))


def _changes(new: Path, layout: Layout, old: Sequence[PartFile], workspace: Path) -> Generation | None:
    """What the sidecar at ``new`` has that ``old`` has not, written beside its parts; None where it is too much."""
    nothing = workspace / "nothing.parquet"
    pq.write_table(sidecar_schema(layout.digest_size).empty_table(), nothing)
    before, after = {file.number: file.path for file in old}, {part.number: new / part.name for part in layout.files}
    left = sum(part.records for part in layout.files) // _LEAST_TIMES_CHANGED
    parts: list[Part] = []
    gone: list[Part] = []
    for number in sorted({*before, *after}):
        files = after.get(number, nothing), before.get(number, nothing)
        part, lost = _changes_of_part(new, number, *files, layout.digest_size)
        parts += [part] if part.records else []
        gone += [lost] if lost.records else []
        left -= part.records + lost.records
        if left < 0:
            return None
    return Generation(parts=tuple(parts), gone=tuple(gone))


def _changes_of_part(folder: Path, number: int, new: Path, old: Path, digest_size: int) -> tuple[Part, Part]:
    """Write into ``folder`` the records in ``new`` of samples that have changed, and the ids that ``old`` alone has."""
    schema = sidecar_schema(digest_size)
    gone: list[pa.Array] = []

    def records() -> Iterator[pa.RecordBatch]:
        for changed in changed_records(new, old, schema):
            gone.append(changed.gone)
            yield from changed.records.to_batches()

    part = write_part(folder, number, records(), schema)
    lost = pa.Table.from_arrays([pa.chunked_array(gone, schema.field(_ID).type)], schema=pa.schema([schema.field(_ID)]))
    return part, write_part(folder, number, lost.to_batches(), lost.schema)
