"""Marks that samples carry on to what comes of them: for each sample, all marks of it and of its ancestors.

A mark is a bit of a 64-bit integer, so 64 marks are carried through the graph at once, a level at a time: 8 bytes a
sample, however many ancestors it has.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from provenance.ledger.graph.graph import Graph
from provenance.ledger.graph.store import Array

MARKS_AT_ONCE = 64


def carried(graph: Graph, of_class: Array) -> Array:
    """For every sample the marks of all its births and of those of all its ancestors (uint64).

    ``of_class``: the marks of each birth class, uint64.
    """
    marks: Array = of_class[graph.class_of]
    samples, classes = graph.other_births
    np.bitwise_or.at(marks, samples, of_class[classes])
    for start, end in pairwise(graph.level_starts.tolist()):
        while _take_from_parents(graph, marks, start, end):
            pass
    return marks


def certainly_carried(graph: Graph, of_class: Array) -> Array:
    """For every sample the marks that any of its rows has, by its birth or its ancestors', whichever that was (uint64).

    A mark is certain where all births of the sample have it, or a parent certainly does that all of them have in
    common. Where births have different parents, what these have in common is left out.
    """
    marks: Array = of_class[graph.class_of]
    samples, classes = graph.other_births
    is_birth = ~np.array([graph.is_tombstone(born) for born in graph.classes], bool)[classes]
    np.bitwise_and.at(marks, samples[is_birth], of_class[classes[is_birth]])
    takes = np.full(graph.size, ~np.uint64(0))
    takes[graph.mixed] = 0
    for start, end in pairwise(graph.level_starts.tolist()):
        while _take_from_parents(graph, marks, start, end, takes):
            pass
    return marks


def inherited(graph: Graph, marks: Array, samples: Array) -> Array:
    """The marks that the ancestors of ``samples`` have, themselves left out; ``marks`` as from `carried`."""
    places, counts = graph.parents.edges_of(samples)
    found = np.zeros(len(samples), np.uint64)
    with_parents = np.flatnonzero(counts)
    if len(with_parents):
        starts = (np.cumsum(counts) - counts)[with_parents]
        found[with_parents] = np.bitwise_or.reduceat(marks[graph.parents.targets[places]], starts)
    return found


def _take_from_parents(graph: Graph, marks: Array, start: int, end: int, takes: Array | None = None) -> bool:
    """Add to the marks of the level ``start`` to ``end`` those of the parents; whether that must be done again.

    ``takes``: the marks that each sample takes from its parents; None: all of them.
    It must on the level of samples on a cycle, where parents are of the same level, until nothing changes.
    """
    level = np.arange(start, end)
    of_parents = inherited(graph, marks, level)
    taken = marks[start:end] | (of_parents if takes is None else of_parents & takes[start:end])
    changed = bool((taken != marks[start:end]).any())
    marks[start:end] = taken
    return changed and bool((graph.parents.next_to(level) >= start).any())
