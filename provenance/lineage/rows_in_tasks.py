"""The rows of a dataset, read by tasks on other machines: what `merging.reading.RowsRead` has, sorted in files.

A task reads some files of the dataset, mostly one, by what counts in the dataset, not in these files, and sends the
samples on by the leading bits of their ids. Another one has all samples of some ids then, and sorts and counts them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from provenance.errors import ProvenanceError
from provenance.files import folder_of_process, scratch_folder
from provenance.identity import Identity, Scan, scan
from provenance.identity.formats import open_reader
from provenance.identity.formats.directory import groups_of_files
from provenance.jobs import at_most
from provenance.lineage.births import RecordedBirths
from provenance.lineage.id_ranges import bits_for
from provenance.lineage.merging.inputs import ByRanges, Inputs
from provenance.lineage.merging.known import Knowing
from provenance.lineage.merging.reading import MOST_BYTES, MOST_ROWS
from provenance.lineage.merging.shelf import Shelf
from provenance.lineage.sidecar import decoded_bytes
from provenance.lineage.sorting import LEADING_BITS, SortedFiles, pieces_of, write_sorted
from provenance.lineage.tables import ROWS_FILE, Tables, write_rows

if TYPE_CHECKING:
    from provenance.engines.interface import BetweenTasks
    from provenance.identity.fields import Choice
    from provenance.identity.samples import Found

_Written = TypeVar("_Written")

# A row goes by the number of the item of work that it was read in, and, behind so many bits, its number there.
_BITS_OF_ROW = 40
# How many bytes a row takes at least, more or less: tasks are to have few rows, but not too few.
_LEAST_BYTES = 64


class RowsInTasks:
    """All rows of a dataset, read and sorted. ``rows``: their scan, as if they had been read here.

    ``folder`` is for temporary files, and seen by all tasks under this path, as ``data`` is.
    """

    def __init__(self, data: Path, identity: Identity, folder: Path, tasks: BetweenTasks) -> None:
        """Read them.

        Raises:
            DataError: a row cannot be read.
            ProvenanceError: tasks cannot do their work.
        """
        self._data, self._identity, self._folder, self._size = data, identity, folder, identity.digest_size
        self._shelves = 0
        self._is_written = False
        self._bits = min(LEADING_BITS, bits_for(_bytes_of(data) // _LEAST_BYTES, MOST_ROWS))
        sort = partial(_sorted, os.path.abspath(folder), self._size, self._bits)
        self.rows, found, counted = read_in_tasks(data, identity, tasks, sort, self._bits, with_rows=True)
        if sum(counted) != self.rows.rows:
            raise ProvenanceError(f"{data}: {self.rows.rows} rows were read and {sum(counted)} sorted; try once more")
        self._before = [*accumulate((each.rows for each in found), initial=0)]

    def number_of(self, row: int) -> int:
        """The number of a row in the dataset, from 1, which `inputs` number otherwise."""
        return self._before[row >> _BITS_OF_ROW] + (row & ((1 << _BITS_OF_ROW) - 1))

    def write(self) -> None:
        """Write the file of rows, which are read here for it, unless it is there."""
        if self._is_written:
            return
        here = scan(self._data, self._identity)
        write_rows(here, self._folder / ROWS_FILE)
        self.rows.files = here.files
        self._is_written = True

    def shelf(self) -> Shelf:
        """A new shelf for what has been read."""
        self._shelves += 1
        folder = self._folder / f"ranges-{self._shelves}"
        folder.mkdir()
        return Shelf(folder.absolute(), is_shared=True)

    def inputs(self, knowing: Knowing, tables: Tables, births: RecordedBirths | None) -> Inputs:
        """What is merged, by ranges."""
        assert births is None
        sidecars = [known.sidecar for known in tables.known if known.sidecar is not None]
        records = self.rows.rows + sum(sidecar.records for sidecar in sidecars)
        read = sum(decoded_bytes(file) for sidecar in sidecars for file in sidecar.files)
        bits = min(LEADING_BITS, max(1, bits_for(records, MOST_ROWS), bits_for(read, MOST_BYTES)))
        samples = SortedFiles(self._folder.absolute(), self._size, self._bits)
        return ByRanges(knowing, samples, None, self.shelf(), self._size, bits)


def read_in_tasks(
    data: Path,
    identity: Identity,
    tasks: BetweenTasks,
    write: Callable[[Iterator[bytes]], _Written],
    bits: int | None,
    *,
    with_rows: bool = False,
) -> tuple[Scan, list[Found], list[_Written]]:
    """The scan of the dataset, whose rows tasks have read; what each of them found; and what ``write`` gave of the
    samples that it was sent, by ``bits`` bits of their ids; None: samples are not sent.

    Raises:
        DataError: a row cannot be read.
        ProvenanceError: tasks cannot do their work.
    """
    identity = replace(identity, file_ids=None)
    choice = scan(data, identity).choose()
    reader = open_reader(data, identity)
    read = partial(_read, data.absolute(), identity, choice, bits, with_rows)
    found, written = tasks(read, [*enumerate(groups_of_files(reader))], write, 1 << (bits or 0))
    rows = scan(data, identity, choice=choice)
    rows.samples_are_files = reader.samples_are_files
    rows.take(found)
    return rows, found, written


def looked_at(tasks: BetweenTasks, data: Path, identity: Identity) -> Scan:
    """The scan of the dataset, whose rows tasks have read; nothing else of these is kept.

    Raises:
        DataError: a row cannot be read.
        ProvenanceError: tasks cannot do their work.
    """
    return read_in_tasks(data, identity, tasks, _nothing, None)[0]


def _nothing(pieces: Iterator[bytes]) -> None:
    """In a task: take what is sent, which is nothing."""
    for _ in pieces:
        pass


def _read(
    data: Path,
    identity: Identity,
    choice: Choice,
    bits: int | None,
    with_rows: bool,
    item: tuple[int, Sequence[str] | None],
) -> Generator[tuple[int, bytes], None, Found]:
    """In a task: the samples of some files of the dataset, as `pieces_of` gives them, and what was found in these."""
    number, only = item
    first = data if only is None else data / only[0]
    if not first.exists():
        raise ProvenanceError(f"{first}: not to be seen there; give the data the same path on all machines")
    rows = scan(data, identity, only=only, choice=choice)
    if bits is None:
        for _ in rows:
            pass
    else:
        yield from pieces_of(rows, identity.digest_size, bits, number << _BITS_OF_ROW if with_rows else None)
    return rows.found


def require_writable(folder: str) -> None:
    """In a task: whether it can leave files in ``folder``.

    Raises:
        ProvenanceError: it cannot.
    """
    if not os.access(folder, os.W_OK):
        raise ProvenanceError(f"{folder}: not to be written there; give the repository the same path on all machines")


def _sorted(folder: str, digest_size: int, bits: int, pieces: Iterator[bytes]) -> int:
    """In a task: sort and count the samples of ``pieces`` into files of ``folder``; of how many rows these are."""
    require_writable(folder)
    with at_most(1), scratch_folder(folder_of_process(), "sort") as scratch:
        return write_sorted(pieces, digest_size, Path(folder), bits, scratch / "samples")


def _bytes_of(data: Path) -> int:
    return sum(file.stat().st_size for file in (data.rglob("*") if data.is_dir() else [data]) if file.is_file())
