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


def inherited(graph: Graph, marks: Array, samples: Array) -> Array:
    """The marks that the ancestors of ``samples`` have, themselves left out; ``marks`` as from `carried`."""
    places, counts = graph.parents.edges_of(samples)
    found = np.zeros(len(samples), np.uint64)
    with_parents = np.flatnonzero(counts)
    if len(with_parents):
        starts = (np.cumsum(counts) - counts)[with_parents]
        found[with_parents] = np.bitwise_or.reduceat(marks[graph.parents.targets[places]], starts)
    return found


def _take_from_parents(graph: Graph, marks: Array, start: int, end: int) -> bool:
    """Add to the marks of the level ``start`` to ``end`` those of the parents; whether that must be done again.

    It must on the level of samples on a cycle, where parents are of the same level, until nothing changes.
    """
    level = np.arange(start, end)
    taken = marks[start:end] | inherited(graph, marks, level)
    changed = bool((taken != marks[start:end]).any())
    marks[start:end] = taken
    return changed and bool((graph.parents.next_to(level) >= start).any())
