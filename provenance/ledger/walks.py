"""Walks along parents: where samples came from, and what came of them, with what is known of each on the way.

The walk itself is the graph's; here its samples are described.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.errors import ProvenanceError, UnknownReferenceError
from provenance.ledger.graph.graph import Direction, Graph, SampleSet
from provenance.ledger.models.chain import ModelChain, model_chain

if TYPE_CHECKING:
    from provenance.ledger.graph.store import Array
    from provenance.ledger.models.links import ModelLinks

__all__ = ["Direction", "Edge", "Node", "Walk", "describe", "reached_from", "trace"]


@dataclass(frozen=True)
class Node:
    """One sample in a walk: what its most credible birth says. ``activity`` is an id, ``stage`` a DVC stage.

    ``births``: how many are known that differ in more than their parents; the order of births says which one comes
    first, not which is true of a row.
    ``depth`` is the generation depth (not the distance from the start). ``content_bytes`` is None for a parent that was
    named but never seen. ``parents`` and ``children`` count the samples it was made from and those made from it.
    """

    sample_id: str
    origin: str
    kind: str | None
    depth: int | None
    real_rooted: bool | None
    content_bytes: int | None
    license: str | None
    evidence: str | None
    type: str | None
    activity: str | None
    model: str | None
    source: str | None
    prompt: str | None
    stage: str | None
    parents: int
    children: int
    births: int = 1


@dataclass(frozen=True)
class Edge:
    """A derivation: ``child`` was made from ``parent``, which had ``role`` in it."""

    child: str
    parent: str
    role: str | None


@dataclass(frozen=True)
class Walk:
    """The samples reached, nearest first, and every derivation between two of them.

    ``reached``: how many samples the walk reached, of which ``nodes`` may be only the nearest; ``steps``: how many it
    took to the farthest. ``models``: the registered models that lineage goes back or on through, besides; those of a
    walk down are of all descendants, whatever its depth.
    """

    start: str
    direction: Direction
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    reached: int
    steps: int
    models: ModelChain


def trace(
    links: ModelLinks, sample_id: str, direction: Direction, depth: int | None = None, most: int | None = None
) -> Walk:
    """Walk from one sample, at most ``depth`` steps (None: to the end). ``nodes`` begins with the sample itself.

    ``links``: the registered models, and with them the graph. ``most``: describe only so many samples, the nearest; all
    are counted.

    Raises:
        ProvenanceError: ``depth`` is less than 1.
        UnknownReferenceError: no sidecar knows the sample.
    """
    if depth is not None and depth < 1:
        raise ProvenanceError(f"a walk takes at least 1 step, not {depth}")
    graph = links.graph
    start = graph.numbers([sample_id])
    if start[0] < 0:
        raise UnknownReferenceError(f"{sample_id}: no sidecar of this revision knows this sample")
    levels = [graph.in_order_of_ids(level) for level in graph.walk(start, direction, depth)]
    walked = np.concatenate(levels)
    chosen = walked[:most]
    models = model_chain(links, start, direction, walked)
    return Walk(
        start=sample_id,
        direction=direction,
        nodes=tuple(describe(graph, chosen)),
        edges=tuple(_edges(graph, chosen)),
        reached=len(walked),
        steps=len(levels) - 1,
        models=models,
    )


def reached_from(graph: Graph, sample_ids: Sequence[str], direction: Direction) -> SampleSet:
    """All samples that a walk of one step or more from any of ``sample_ids`` reaches.

    Raises:
        UnknownReferenceError: no sidecar knows one of them.
    """
    start = graph.numbers(sample_ids)
    if len(unknown := np.flatnonzero(start < 0)):
        raise UnknownReferenceError(f"{sample_ids[unknown[0]]}: no sidecar of this revision knows this sample")
    return SampleSet(graph, graph.reached(graph.next_in(direction).next_to(start), direction))


def describe(graph: Graph, numbers: Array) -> Iterator[Node]:
    """What is known of each of the samples ``numbers``, in their order."""
    said = graph.descriptions
    parents, children = graph.parents.counts_of(numbers), graph.children.counts_of(numbers)
    for place, (number, sample_id) in enumerate(zip(numbers.tolist(), graph.ids(numbers), strict=True)):
        born = graph.born(number)
        activity = {} if born.activity is None else said.activities[born.activity]
        yield Node(
            sample_id=sample_id,
            origin=born.origin,
            kind=born.kind,
            depth=born.depth,
            real_rooted=born.real_rooted,
            content_bytes=graph.content_bytes(number),
            license=graph.license_of(born),
            evidence=born.evidence,
            type=activity.get("type"),
            activity=activity.get("id"),
            model=graph.model_of(born),
            source=None if born.source is None else said.sources[born.source]["name"],
            prompt=activity.get("plan"),
            stage=activity.get("stage"),
            parents=int(parents[place]),
            children=int(children[place]),
            births=graph.births_known(number),
        )


def _edges(graph: Graph, numbers: Array) -> list[Edge]:
    inside = np.sort(numbers)
    children, parents, roles = graph.edges_among(inside)
    names = dict(zip(inside.tolist(), graph.ids(inside), strict=True))
    edges = [
        Edge(names[child], names[parent], role)
        for child, parent, role in zip(children.tolist(), parents.tolist(), roles, strict=True)
    ]
    return sorted(edges, key=lambda edge: (edge.child, edge.parent, edge.role is None, edge.role or ""))
