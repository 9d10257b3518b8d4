"""Graphs of samples in tests, and plain recursion over them to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hypothesis import strategies as st
from support.sidecars import record, sample, write

# The parents of each sample, which is a number.
Parents = dict[int, set[int]]
COUNT = 12


def reached(graph: Parents, start: set[int], depth: int | None) -> set[int]:
    """The plain reference: everything that a walk of at most ``depth`` steps reaches."""
    if depth == 0:
        return start
    further = start | {after for number in start for after in graph[number]}
    return start if further == start else reached(graph, further, None if depth is None else depth - 1)


def turned(graph: Parents) -> Parents:
    """The children of each sample."""
    return {number: {child for child, parents in graph.items() if number in parents} for number in graph}


@st.composite
def graphs(draw: st.DrawFn) -> Parents:
    """Parents by sample. Cycles and self-loops are in it: a sidecar that came from elsewhere may hold anything."""
    numbers = st.integers(0, COUNT - 1)
    return {number: draw(st.sets(numbers, max_size=3)) for number in range(COUNT)}


@st.composite
def acyclic_graphs(draw: st.DrawFn) -> Parents:
    """The same without cycles: parents have lower numbers."""
    return {
        number: draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set() for number in range(COUNT)
    }


def sidecars(folder: Path, graph: Parents, cut: int) -> Iterator[Path]:
    """Two datasets whose sidecars are closed: samples below ``cut``, and the others."""
    for name, members in (("a.jsonl", set(range(cut))), ("b.jsonl", set(range(cut, COUNT)))):
        closure = reached(graph, members, None)
        records = [
            record(sample(n), rows=1 if n in members else 0, parents=[sample(p) for p in sorted(graph[n])])
            for n in closure
        ]
        yield write(folder, name, records)
