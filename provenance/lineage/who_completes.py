"""Who reads the rows of a dataset that is completed, merges records, and writes its sidecar: this process, or tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from provenance.identity import Identity, SampleBatch, Scan, scan
from provenance.identity.row_places import NotedRows
from provenance.lineage.headers import Progress
from provenance.lineage.merging.elsewhere import Elsewhere
from provenance.lineage.merging.ending import Ending
from provenance.lineage.merging.reading import RowsRead
from provenance.lineage.merging.work import Hands, Here, Work
from provenance.lineage.parts import bits_of, take_parts
from provenance.lineage.placing import whole_sidecar
from provenance.lineage.records import Header
from provenance.lineage.rows_in_tasks import RowsInTasks, looked_at
from provenance.lineage.sidecar import write_sidecar
from provenance.lineage.vocabulary import Vocabulary

if TYPE_CHECKING:
    from provenance.engines.interface import Tasks


class CompletedHere:
    """This process.

    ``rows``: the scan of the dataset, which is over; ``read``: what was read. ``look``: see `Tables`.
    """

    look: Callable[[Path, Identity], Scan] | None = None

    def __init__(
        self,
        data: Path,
        identity: Identity,
        folder: Path,
        progress: Progress | None,
        each: Callable[[SampleBatch], None] | None,
    ) -> None:
        """``each``: see `complete`."""
        self._size = identity.digest_size
        self.rows = scan(data, identity, progress=progress)
        self._noted = NotedRows(self.rows, folder)
        self.read = RowsRead(folder, self._size)
        self.read.take(self._noted if each is None else _shown_to(each, self._noted))

    def hands(self, work: Work) -> Hands:
        """Who does the steps of the completion."""
        return Here(work)

    def row_of(self, number: int) -> int:
        """The number of a row in the dataset, where merges number it so; both from 1."""
        return number

    def write(self, output: Path, header: Header, ending: Ending, used: Vocabulary, parts: int) -> None:
        """Write the sidecar ``output``, in so many ``parts``; see `write_sidecar`."""
        write_sidecar(output, header, ending.batches(used), self._size, parts)

    def keep_places(self, temporary: Path, md5: str, identity: Identity, name: str) -> None:
        """Remember which row holds which sample; see `NotedRows.keep`."""
        self._noted.keep(temporary, md5, identity, name)


def _shown_to(each: Callable[[SampleBatch], None], batches: Iterable[SampleBatch]) -> Iterator[SampleBatch]:
    for batch in batches:
        each(batch)
        yield batch


class CompletedByTasks:
    """Tasks, by which ``folder`` is seen under this path, as the data is; the rest is as in `CompletedHere`."""

    def __init__(self, data: Path, identity: Identity, folder: Path, progress: Progress | None, tasks: Tasks) -> None:
        self._folder, self._size, self._alone = folder.absolute(), identity.digest_size, tasks.alone
        self.read = RowsInTasks(data, identity, folder, tasks.between)
        self.rows = self.read.rows
        self.look = partial(looked_at, tasks.between)
        if progress is not None:
            progress(self.rows.rows)

    def hands(self, work: Work) -> Hands:
        """See `CompletedHere`."""
        return Elsewhere(self._alone, self._folder, work)

    def row_of(self, number: int) -> int:
        """See `CompletedHere`."""
        return self.read.number_of(number)

    def write(self, output: Path, header: Header, ending: Ending, used: Vocabulary, parts: int) -> None:
        """See `CompletedHere`; parts are written by tasks, and a file is put together here."""
        if parts == 1:
            write_sidecar(output, header, ending.batches(used), self._size)
            return
        folder, bits = self._folder / "parts", bits_of(parts)
        folder.mkdir()
        written = ending.parts(used, folder, bits)
        with whole_sidecar(output, parts) as temporary:
            take_parts(temporary, folder, header, written, self._size, bits)

    def keep_places(self, temporary: Path, md5: str, identity: Identity, name: str) -> None:
        """See `CompletedHere`: it is not known here, and found out when it is first needed."""


Completer: TypeAlias = CompletedHere | CompletedByTasks
