"""The index of a revision, built in a process of its own where a page cannot wait for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.ledger.graph.opening import find_graph, graph_name, store_in
from provenance.ledger.sidecars import Sidecars
from provenance.repository import Repository

if TYPE_CHECKING:
    from provenance.explorer.jobs import Job, Jobs, Tell

# Of so many rows in all, the index is built while a page is made: about a second.
_MOST_AT_ONCE = 200_000


class BeingIndexed(Exception):  # noqa: N818 - it is no error: the page that says so asks again
    """The index is being built; ``job`` says how far that is."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.words)
        self.job = job


def require_index(ledger: Sidecars, jobs: Jobs) -> None:
    """Have the index of a large ledger built elsewhere; what went wrong there goes wrong here once more, and is said.

    Raises:
        BeingIndexed: it is not there yet.
        ProvenanceError: too much is being done already.
    """
    if sum(dataset.rows for dataset in ledger.recorded) <= _MOST_AT_ONCE:
        return
    sidecars, store = ledger.indexed, store_in(ledger.repository.temporary)
    key = ("index", graph_name(sidecars))
    job = jobs.find(key)
    if job is None and find_graph(store, sidecars) is None:
        words = f"The index of {'the workspace' if ledger.rev is None else ledger.rev}"
        job = jobs.begin(key, words, index, ledger.repository.root, ledger.rev)
    if job is not None and job.is_running:
        raise BeingIndexed(job)


def index(tell: Tell, root: Path, rev: str | None) -> None:
    """Build the index of ``rev``."""
    read: dict[str, int] = {}

    def progress_of(doing: str) -> Callable[[int], None]:
        def progress(records: int) -> None:
            read[doing] = read.get(doing, 0) + records
            tell(doing, read[doing], None)

        return progress

    with Sidecars.open(Repository.open(root), rev, progress_of=progress_of) as ledger:
        assert ledger.graph.size >= 0, "asking builds it"
