"""The sidecar of collected data, made by tasks on other machines: what `shared_birth` gives, record for record.

A task reads some files of the dataset, mostly one, by what counts in the dataset, not in these files, and sends the
samples on by the leading bits of their ids. Another one has all samples of some ids then, and writes their parts. What
is read, how samples are counted and what is written is done by the functions that do it on one machine.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.errors import ProvenanceError
from provenance.files import folder_of_process, scratch_folder
from provenance.jobs import at_most
from provenance.lineage.births import Collection
from provenance.lineage.manifest import Part
from provenance.lineage.parts import bits_of, each_part, take_parts
from provenance.lineage.rows_in_tasks import read_in_tasks, require_writable
from provenance.lineage.shared_birth import Collected, collected_records
from provenance.lineage.sidecar import write_sidecar
from provenance.lineage.sorting import LEADING_BITS, distinct_of_pieces

if TYPE_CHECKING:
    from provenance.engines.interface import BetweenTasks

# Into so many parts is divided what becomes one file in the end.
_BITS_OF_A_FILE = 4


@dataclass(frozen=True)
class _Written:
    """Parts that a task has written, and how many rows their records account for."""

    parts: tuple[Part, ...]
    rows: int


def register_in_tasks(collected: Collected, parts: int, between_tasks: BetweenTasks) -> Callable[[Path, int], None]:
    """As `shared_birth.register`, by tasks that see the data and the workspace under these very paths.

    All is read, and written to the workspace, when this returns; what it returns puts that in its place, in as many
    ``parts``.

    Raises:
        DataError: a row cannot be read, or a column is reserved.
        ProvenanceError: tasks cannot do their work.
    """
    data, identity = collected.data, collected.identity
    folder = Path(mkdtemp(dir=collected.workspace))
    bits = bits_of(parts) if parts > 1 else _BITS_OF_A_FILE
    # No more than what samples are sorted by. A task that has several parts to write does so one after the other.
    sent_by = min(bits, LEADING_BITS)
    write = partial(_write, os.path.abspath(folder), collected.collection, identity.digest_size, bits)
    rows, _, written = read_in_tasks(data, identity, between_tasks, write, sent_by)
    _require_all(data, rows.rows, written)
    if collected.progress is not None:
        collected.progress(rows.rows)
    header = collected.header(rows)
    made = sorted((part for each in written for part in each.parts), key=lambda part: part.number)

    def put(output: Path, parts: int) -> None:
        if parts > 1:
            take_parts(output, folder, header, made, identity.digest_size, bits)
        else:
            write_sidecar(output, header, _put_together(folder, made), identity.digest_size)
        # With it goes what tasks that were lost, or were done twice, have left.
        shutil.rmtree(folder, ignore_errors=True)

    return put


def _require_all(data: Path, rows: int, written: Iterable[_Written]) -> None:
    counted = sum(each.rows for each in written)
    if counted != rows:
        raise ProvenanceError(f"{data}: {rows} rows were read and {counted} came to be records; add it once more")


def _write(folder: str, collection: Collection, digest_size: int, bits: int, pieces: Iterator[bytes]) -> _Written:
    """In a task: write the parts with the samples of ``pieces``, all that there are of them, to ``folder``."""
    require_writable(folder)
    counted = _Counted()
    with at_most(1), scratch_folder(folder_of_process(), "sort") as scratch:
        samples = counted.passing(distinct_of_pieces(pieces, digest_size, scratch / "samples"))
        records = collected_records(samples, collection, digest_size)
        parts = tuple(each_part(Path(folder), records, digest_size, bits))
    return _Written(parts, counted.rows)


class _Counted:
    rows = 0

    def passing(self, samples: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in samples:
            self.rows += int(batch["rows"].to_numpy().sum())
            yield batch


def _put_together(folder: Path, parts: Sequence[Part]) -> Iterator[pa.RecordBatch]:
    for part in parts:
        with pq.ParquetFile(folder / part.name) as file:
            yield from file.iter_batches()
