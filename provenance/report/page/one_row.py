"""One row, followed back to where it began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.faces.display import show
from provenance.faces.texts import shared
from provenance.ledger.walks import describe

if TYPE_CHECKING:
    from markupsafe import Markup

    from provenance.ledger.contents import Content
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.ledger.sidecars import Sidecars
    from provenance.ledger.walks import Node

_MOST_STEPS = 6
_MOST_CHARACTERS = 900
_MOST_FIELDS = 10
_NO_TEXT = "(its text is not on this machine)"


@dataclass(frozen=True)
class Step:
    """``who`` did ``what``; ``place``: a row that says it. ``fields``: its content, words of the step before marked."""

    node: Node
    who: str
    what: str
    place: str
    fields: list[tuple[str, Markup]]
    fields_left_out: int


@dataclass(frozen=True)
class Chain:
    """A row's steps, the first one first; ``left_out``: whether there are earlier ones."""

    nodes: tuple[Node, ...]
    left_out: bool


def deepest_chain(ledger: Sidecars, dataset: RecordedDataset) -> Chain | None:
    """The row that is most model steps from human text, and from each sample the parent that is; least ids first.

    None where no row was made from another.
    """
    graph = ledger.graph_of(dataset)
    place = 0 if graph is not ledger.graph else dataset.place
    members, rows = graph.members(place)
    candidates = members[rows > 0]
    made = candidates[graph.parents.counts[candidates] > 0]
    origins = np.array([born.origin == "synthetic" for born in graph.classes], bool)
    by_model = made[origins[graph.class_of[made]]]
    start = _deepest(graph, by_model if len(by_model) else made)
    if start is None:
        return None
    track = [start]
    while len(track) <= _MOST_STEPS:
        before = _deepest(graph, graph.parents.next_to(np.array([track[-1]], np.int64)))
        if before is None or before in track:
            break
        track.append(before)
    left_out = len(track) > _MOST_STEPS
    numbers = np.array(track[:_MOST_STEPS][::-1], np.int64)
    return Chain(tuple(describe(graph, numbers)), left_out)


def _deepest(graph: Graph, numbers: Array) -> int | None:
    if not len(numbers):
        return None
    of_classes = np.array([-1 if born.depth is None else born.depth for born in graph.classes], np.int64)
    depths = of_classes[graph.class_of[numbers]]
    return int(graph.in_order_of_ids(numbers[depths == depths.max()])[0])


def steps(chain: Chain, contents: Mapping[str, Content]) -> list[Step]:
    """The chain in words."""
    found: list[Step] = []
    before = ""
    for place, node in enumerate(chain.nodes):
        content = contents.get(node.sample_id)
        text = "" if content is None else content.text
        who, what = _said(node, is_first=place == 0, again=place > 0 and chain.nodes[place - 1].type == "generation")
        values = _fields(content)
        first = list(values.items())[:_MOST_FIELDS]
        marked = [(name, shared(value, before, limit=_MOST_CHARACTERS)) for name, value in first]
        found.append(
            Step(
                node,
                who,
                what,
                "" if content is None else content.place,
                marked or [("", show(_NO_TEXT))],
                len(values) - len(first),
            )
        )
        before = text
    return found


def _fields(content: Content | None) -> Mapping[str, str]:
    if content is None:
        return {}
    return content.values or {"": content.place}


def _said(node: Node, *, is_first: bool, again: bool) -> tuple[str, str]:
    source = node.license or "no licence stated"
    if node.type == "collection":
        who = {"real": "People wrote", "synthetic": "A model wrote"}.get(node.origin, "It was collected:")
        return who, f"this, collected from {node.source or 'a source that is not named'} ({source})"
    if node.type == "generation":
        prompt = f", with the prompt “{node.prompt}”" if node.prompt else ""
        stage = f", in the step {node.stage}" if node.stage else ""
        what = "this" if is_first else "this from it"
        return ("A model then wrote" if again else "A model wrote"), (
            f"{what}: {node.model or 'which one is not stated'}{prompt}{stage}"
        )
    if node.type == "derivation":
        stage = f" in the step {node.stage}" if node.stage else ""
        return "A script changed it", f"{stage.strip()}, without a model".removeprefix(", ")
    return "Nobody recorded", "where this came from"
