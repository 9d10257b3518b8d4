"""Opening the graph of some sidecars: found in the store, or built there from what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from provenance.errors import SidecarError
from provenance.files import Cleaned, generations_in
from provenance.ledger.graph.graph import Graph
from provenance.ledger.graph.segments import IndexedSidecar
from provenance.ledger.graph.store import Folder, Store

# A dataset's path gives a function that takes the number of records in each batch read.
ProgressOf = Callable[[str], Callable[[int], None]]


def store_in(temporary: Path) -> Store:
    """The store under ``temporary``, the repository's folder for what can be made again."""
    return Store(temporary / "graph")


def find_graph(store: Store, sidecars: Sequence[IndexedSidecar]) -> Graph | None:
    """The graph of ``sidecars`` if it is built already."""
    folder = store.find(graph_name(sidecars))
    return None if folder is None else Graph(folder)


def open_graph(store: Store, sidecars: Sequence[IndexedSidecar], progress_of: ProgressOf | None = None) -> Graph:
    """The graph of ``sidecars``, built if need be; only sidecars that no other graph had are read.

    Raises:
        SidecarError: a sidecar cannot be read, or does not keep the specification.
    """
    found = find_graph(store, sidecars)
    if found is not None:
        return found
    from provenance.ledger.graph.joining import write_graph

    segments = [_segment(store, sidecar, progress_of) for sidecar in sidecars]
    name = graph_name(sidecars)
    with store.draft(name) as draft:
        write_graph(sidecars, segments, draft)
    built = store.find(name)
    assert built is not None, "what was just built is there"
    return Graph(built)


def clean(store: Store, keep: Sequence[IndexedSidecar]) -> Cleaned:
    """Remove from ``store`` all that the graph of the sidecars ``keep`` does not need."""
    return store.clean({graph_name(keep), *map(segment_name, keep)})


def has_segment(store: Store, sidecar: IndexedSidecar) -> bool:
    """Whether the sidecar was read before, so that its file is not needed."""
    return store.find(segment_name(sidecar)) is not None


def _segment(store: Store, sidecar: IndexedSidecar, progress_of: ProgressOf | None) -> Folder:
    name = segment_name(sidecar)
    found = store.find(name)
    if found is not None:
        return found
    import pyarrow as pa

    from provenance.ledger.graph.segments import write_segment
    from provenance.lineage.sidecar import open_sidecar

    assert sidecar.file is not None, "what was not read before has a file"
    report = progress_of and progress_of(f"indexing {sidecar.path}")
    with store.draft(name) as draft:
        try:
            write_segment(open_sidecar(sidecar.file, generations_in(store.directory.parent)), draft, report)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk is full, say: not the sidecar's fault
            first_line = str(error).split("\n")[0]
            said = f"a sidecar cannot be read ({first_line}); `provenance verify` tells more"
            raise SidecarError(f"{sidecar.file}: {said}") from error
    built = store.find(name)
    assert built is not None, "what was just built is there"
    return built


def segment_name(sidecar: IndexedSidecar) -> str:
    """The folder of the sidecar's segment."""
    return f"segment-{sidecar.digest}"


def graph_name(sidecars: Sequence[IndexedSidecar]) -> str:
    """The folder of the graph of ``sidecars``."""
    from xxhash import xxh3_128_hexdigest

    listed = json.dumps([(sidecar.path, sidecar.digest, sidecar.additional) for sidecar in sidecars])
    return f"graph-{xxh3_128_hexdigest(listed.encode())}"
