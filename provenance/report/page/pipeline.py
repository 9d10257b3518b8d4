"""Where a dataset came from: the datasets, steps, sources and models before it, as a picture and as a table.

Rows are counted in what is made: those that are in a dependency as they are, and those made from its rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from provenance.faces.flow import Edge, Node, Row
from provenance.faces.palette import NAMES
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.ledger.sidecars import Sidecars

# More datasets than a reader can follow are not drawn: those nearest to the subject are.
_MOST_DATASETS = 24
# More sources or models of one step are one card.
_MOST_OF_A_STEP = 3
# Of the table, the lines of most rows.
_MOST_LINES = 80


@dataclass(frozen=True)
class Pipeline:
    """``left_out``: datasets further back that are not drawn; ``lines_left_out``: lines of few rows."""

    nodes: list[Node]
    edges: list[Edge]
    table: list[Row]
    left_out: int
    lines_left_out: int


@dataclass(frozen=True)
class _Step:
    """A dataset, the stage that makes it (None: it was added, declared or imported), and what it depends on."""

    dataset: RecordedDataset
    stage: str | None
    inputs: list[RecordedDataset]


def pipeline(ledger: Sidecars, subject: RecordedDataset | None = None) -> Pipeline:
    """The flow that ends in ``subject``, one of the ledger's datasets; None: all that is made here."""
    steps, left_out = _steps(ledger, subject)
    by_origin = ledger.rows_by_origin()
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    table: list[Row] = []
    for step in steps:
        path = step.dataset.path
        shares = {name: rows for name, rows in by_origin[path].items() if name in NAMES}
        size = counted(step.dataset.rows, "row")
        nodes[path] = Node(path, "dataset", path, size, shares, is_subject=step.dataset is subject)
        target = path
        if step.stage is not None:
            target = f"stage:{step.stage}"
            nodes[target] = Node(target, "stage", step.stage)
            edges.append(Edge(target, path, step.dataset.rows))
        for row in _rows(ledger, step):
            table.append(row)
            together = row.kept + row.made
            edges.append(Edge(row.start, target, together, counted(together, "row")))
        for node, rows in _born_here(ledger, step):
            nodes[node.id] = node
            edges.append(Edge(node.id, target, rows, of_model=node.kind == "model"))
            if node.kind == "source":
                table.append(Row(f"source {node.title}", step.stage or "", path, rows, 0))
            else:
                table.append(Row(f"model {node.title}", step.stage or "", path, 0, rows))
    gathered_nodes, gathered_edges = gathered(nodes, merged(edges))
    return Pipeline(gathered_nodes, gathered_edges, longest(table), left_out, max(0, len(table) - _MOST_LINES))


def longest(table: list[Row]) -> list[Row]:
    """The lines of most rows, in their order."""
    by_rows = sorted(range(len(table)), key=lambda line: -(table[line].kept + table[line].made))
    return [table[line] for line in sorted(by_rows[:_MOST_LINES])]


def _steps(ledger: Sidecars, subject: RecordedDataset | None) -> tuple[list[_Step], int]:
    """The steps to ``subject``, which is the last, or all; how many datasets further back are left out."""
    recorded = {dataset.path: dataset for dataset in ledger.recorded}
    stages = {dataset.path: dataset.stage for dataset in ledger.repository.datasets(ledger.rev)}
    inputs = ledger.repository.stage_inputs(ledger.rev)
    found: dict[str, _Step] = {}
    ends = (
        [subject.path] if subject else sorted(set(recorded) - {each for several in inputs.values() for each in several})
    )
    waiting, left_out = [*ends], set()
    while waiting:
        path = waiting.pop(0)
        if path in found:
            continue
        if len(found) == _MOST_DATASETS:
            left_out.add(path)
            continue
        before = sorted(each for each in inputs.get(path, ()) if each in recorded and each != path)
        stage = stages.get(path)
        name = None if stage is None else stage.rpartition(":")[2]
        found[path] = _Step(recorded[path], name, [recorded[each] for each in before])
        waiting += before
    for step in found.values():
        step.inputs[:] = [each for each in step.inputs if each.path in found]
    seen: set[str] = set()
    return [step for end in ends if end in found for step in _inputs_first(found, end, seen)], len(left_out)


def _inputs_first(steps: Mapping[str, _Step], path: str, seen: set[str]) -> Iterator[_Step]:
    if path in seen:
        return
    seen.add(path)
    for each in steps[path].inputs:
        yield from _inputs_first(steps, each.path, seen)
    yield steps[path]


def _rows(ledger: Sidecars, step: _Step) -> Iterator[Row]:
    """From each input: rows that are the same, and rows that were made from its rows and are of no input."""
    graph = ledger.graph
    members, rows = graph.members(step.dataset.place)
    of_inputs = {each.path: _inside(graph, graph.members(each.place)[0]) for each in step.inputs}
    is_new = ~_of_any(graph, of_inputs)[members]
    for path, inside in of_inputs.items():
        children = _inside(graph, graph.children.next_to(np.flatnonzero(inside)))
        kept, made = int(rows[inside[members]].sum()), int(rows[children[members] & is_new].sum())
        yield Row(path, step.stage or "", step.dataset.path, kept, made)


def _born_here(ledger: Sidecars, step: _Step) -> Iterator[tuple[Node, int]]:
    """The sources and models of rows that no input has, each with its rows."""
    graph, described = ledger.graph, ledger.graph.descriptions
    found: dict[str, tuple[Node, int]] = {}
    for born, number in zip(graph.classes, _rows_by_class(graph, step).tolist(), strict=True):
        activity: dict[str, Any] = {} if born.activity is None else described.activities[born.activity]
        node = None
        if number and activity.get("type") == "collection" and born.source is not None:
            source = described.sources[born.source]
            node = Node(f"source:{source['name']}", "source", source["name"], source["license"] or "no licence stated")
        elif number and activity.get("type") == "generation" and born.agent is not None:
            label = str(described.agents[born.agent]["label"])
            node = Node(f"model:{label}", "model", label, "model")
        if node is not None:
            found[node.id] = (node, number + (found[node.id][1] if node.id in found else 0))
    yield from found.values()


def _rows_by_class(graph: Graph, step: _Step) -> Array:
    """How many rows that no input has certainly are of each birth class, by what the dataset itself says of them."""
    members, rows = graph.members(step.dataset.place)
    of_inputs = {each.path: _inside(graph, graph.members(each.place)[0]) for each in step.inputs}
    is_old = _of_any(graph, of_inputs)
    disputed = graph.disputed(step.dataset.place)
    weights = np.where(is_old[members], 0, rows).astype(np.int64)
    weights[np.searchsorted(members, disputed.samples)] = 0
    others = np.where(is_old[disputed.numbers], 0, disputed.rows.rows)
    size = len(graph.classes)
    certain = np.bincount(graph.class_of[members], weights=weights, minlength=size)
    return (certain + np.bincount(disputed.classes, weights=others, minlength=size)).astype(np.int64)


def _inside(graph: Graph, numbers: Array) -> Array:
    found = np.zeros(graph.size, bool)
    found[numbers] = True
    return found


def _of_any(graph: Graph, inside: Mapping[str, Array]) -> Array:
    found = np.zeros(graph.size, bool)
    for each in inside.values():
        found |= each
    return found


def merged(edges: list[Edge]) -> list[Edge]:
    """One edge between two nodes, whatever number of datasets a stage makes of the same input."""
    found: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        key = (edge.start, edge.end)
        rows = edge.rows + (found[key].rows if key in found else 0)
        label = counted(rows, "row") if edge.label else ""
        found[key] = Edge(edge.start, edge.end, rows, label, edge.of_model)
    return list(found.values())


def gathered(nodes: Mapping[str, Node], edges: list[Edge]) -> tuple[list[Node], list[Edge]]:
    """Many sources, or models, that feed the same steps are one card with their number."""
    ends: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        ends[edge.start].add(edge.end)
    alike: dict[tuple[str, frozenset[str]], list[str]] = defaultdict(list)
    for node in nodes.values():
        if node.kind in ("source", "model"):
            alike[node.kind, frozenset(ends[node.id])].append(node.id)
    stands_for: dict[str, str] = {}
    shown = dict(nodes)
    for number, ((kind, _), names) in enumerate(alike.items()):
        if len(names) > _MOST_OF_A_STEP:
            card = Node(f"{kind}s:{number}", kind, counted(len(names), kind), "each is in the table")
            shown = {name: node for name, node in shown.items() if name not in names} | {card.id: card}
            stands_for |= dict.fromkeys(names, card.id)
    moved = [
        Edge(stands_for.get(edge.start, edge.start), edge.end, edge.rows, edge.label, edge.of_model) for edge in edges
    ]
    return list(shown.values()), merged(moved)
