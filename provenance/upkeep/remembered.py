"""Whether what is remembered between commands is what it should be: the workspace as DVC has it, and the index.

Other commands believe it while files have not changed. Here nothing is believed: DVC is asked, and every array read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provenance.ledger.collecting import is_remembered_right
from provenance.ledger.graph.opening import graph_name, segment_name, store_in
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.ledger.sidecars import Sidecars
    from provenance.repository import Repository


def workspace_is_remembered(repository: Repository) -> tuple[bool, str]:
    """Whether what is remembered of the workspace may stay, and what it is, in words."""
    right = is_remembered_right(repository)
    if right is None:
        return True, "not remembered, so DVC is asked"
    return right, "remembered as DVC has it" if right else "what is remembered of it is not what DVC says"


def index_is_whole(ledger: Sidecars) -> tuple[bool, str]:
    """Whether no array of the index of the ledger has other content than was written, and how it is, in words."""
    store, sidecars = store_in(ledger.repository.temporary), ledger.indexed
    names = [graph_name(sidecars), *map(segment_name, sidecars)]
    whole = [store.is_as_written(name) for name in names]
    if False in whole:
        return False, "its files are not what was written; a disk or a program has damaged them"
    if whole[0] is None:
        return True, "not built for this state; what needs it builds it"
    return True, f"of {counted(len(ledger.recorded), 'dataset')}, as it was written"
