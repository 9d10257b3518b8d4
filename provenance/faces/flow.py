"""The flow of datasets as a picture: sources and models, the steps that used them, datasets."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from provenance.faces.display import plain
from provenance.faces.layering import layers
from provenance.faces.palette import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provenance.faces.layering import Point


@dataclass(frozen=True)
class Node:
    """``kind``: source, stage, model or dataset. ``by_origin`` gives a dataset its strand; ``href`` makes it a link."""

    id: str
    kind: str
    title: str
    sub: str = ""
    by_origin: Mapping[str, float] = field(default_factory=dict)
    href: str = ""
    is_subject: bool = False


@dataclass(frozen=True)
class Edge:
    """``of_model``: from a model to a step that it wrote in; else ``rows`` went this way."""

    start: str
    end: str
    rows: int = 0
    label: str = ""
    of_model: bool = False


@dataclass(frozen=True)
class Row:
    """A line of the table beside the picture: rows that one dataset has from another, or from a source."""

    start: str
    stage: str
    end: str
    kept: int
    made: int


_SIZES: dict[str, Point] = {"dataset": (190, 66), "source": (150, 46), "model": (216, 46), "stage": (84, 26)}
_ROOM_FOR_A_LABEL = 84
# Half the width of a letter in a label.
_OF_A_LETTER = 4


def flow(
    nodes: Sequence[Node], edges: Sequence[Edge], *, across: bool = True, title: str, name: str = "flow"
) -> Markup:
    """The picture, from left to right where ``across``, else downwards. ``name``: unique in the page."""
    picture = _Picture(nodes, edges, across)
    left, top, width, height = picture.extent()
    out = [
        f'<svg class="flow" width="{width:.0f}" height="{height:.0f}" viewBox="{left:.1f} {top:.1f} {width:.1f}'
        f' {height:.1f}" role="group" aria-labelledby="{name}-title"><title id="{name}-title">{escape(title)}</title>'
    ]
    out += picture.drawn_edges()
    for node in nodes:
        out.append(_card(node, *picture.places[node.id]))
    return Markup("".join(out) + "</svg>")


class _Picture:
    """Where everything stands."""

    def __init__(self, nodes: Sequence[Node], edges: Sequence[Edge], across: bool) -> None:
        self.nodes = {node.id: node for node in nodes}
        self.across = across
        self.flowing = [edge for edge in edges if not edge.of_model]
        self.of_models = [edge for edge in edges if edge.of_model]
        sizes = {node.id: _SIZES[node.kind] for node in nodes if node.kind != "model"}
        pairs = [(edge.start, edge.end) for edge in self.flowing]
        self.places, self.routes = layers(sizes, pairs, across=across)
        self._place_models()

    def _place_models(self) -> None:
        """Models stand before all else, each over the middle of the steps that it wrote in."""
        models = [node for node in self.nodes.values() if node.kind == "model"]
        if not models:
            return
        edge_of_all = min((y if self.across else x for x, y in self.places.values()), default=0.0)
        free = -math.inf
        for model in sorted(models, key=self._along):
            width, height = _SIZES["model"]
            room = (width if self.across else height) + 18
            along = max(self._along(model), free)
            free = along + room
            before = edge_of_all - (96 if self.across else 172)
            self.places[model.id] = (along, before) if self.across else (before, along)

    def _along(self, model: Node) -> float:
        steps = [self.places[edge.end] for edge in self.of_models if edge.start == model.id]
        return sum(x if self.across else y for x, y in steps) / max(len(steps), 1)

    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of all there is."""
        boxes = []
        for name, (x, y) in self.places.items():
            width, height = _SIZES[self.nodes[name].kind]
            boxes.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        boxes += [(x - 6, y - 6, x + 6, y + 6) for route in self.routes for x, y in route]
        for edge, points in zip(self.flowing, self.routes, strict=True):
            x, y = _curve(self._track(edge, points), self.across)[1]
            boxes.append((x - _OF_A_LETTER * len(edge.label), y, x + _OF_A_LETTER * len(edge.label), y))
        if not boxes:
            return 0, 0, 1, 1
        left, top = min(box[0] for box in boxes) - 2, min(box[1] for box in boxes) - 2
        return left, top, max(box[2] for box in boxes) + 2 - left, max(box[3] for box in boxes) + 2 - top

    def drawn_edges(self) -> Iterator[str]:
        labels = []
        for edge, points in zip(self.flowing, self.routes, strict=True):
            track = self._track(edge, points)
            (start, *_, end), (path, middle) = track, _curve(track, self.across)
            thickness = 1.5 + 1.6 * math.log10(max(edge.rows, 1))
            yield f'<path class="edge" d="{path}" stroke-width="{thickness:.1f}"/>'
            room = end[0] - start[0] if self.across else end[1] - start[1]
            if edge.label and room >= _ROOM_FOR_A_LABEL:
                place = f'x="{middle[0]:.1f}" y="{middle[1] + 3.5:.1f}"'
                labels.append(
                    f'<text class="edge-label" {place} text-anchor="middle">{escape(plain(edge.label))}</text>'
                )
        for edge in self.of_models:
            path, _ = _curve(list(self._ends_of_model(edge)), not self.across)
            yield f'<path class="edge of-model" d="{path}" stroke-width="1.5"/>'
        yield from labels

    def _track(self, edge: Edge, points: Sequence[Point]) -> list[Point]:
        start, end = self._ends(edge)
        return [start, *points[1:-1], end]

    def _ends(self, edge: Edge) -> tuple[Point, Point]:
        (x1, y1), (x2, y2) = self.places[edge.start], self.places[edge.end]
        (w1, h1), (w2, h2) = _SIZES[self.nodes[edge.start].kind], _SIZES[self.nodes[edge.end].kind]
        if self.across:
            return (x1 + w1 / 2, y1), (x2 - w2 / 2, y2)
        return (x1, y1 + h1 / 2), (x2, y2 - h2 / 2)

    def _ends_of_model(self, edge: Edge) -> tuple[Point, Point]:
        (x1, y1), (x2, y2) = self.places[edge.start], self.places[edge.end]
        (width, height), (width_of_step, height_of_step) = _SIZES["model"], _SIZES["stage"]
        if self.across:
            return (x1, y1 + height / 2), (x2, y2 - height_of_step / 2)
        return (x1 + width / 2, y1), (x2 - width_of_step / 2, y2)


def _curve(track: list[Point], across: bool) -> tuple[str, Point]:
    """A smooth line through ``track``, and a place in its middle for a label."""
    path = f"M{track[0][0]:.1f} {track[0][1]:.1f}"
    for (x1, y1), (x2, y2) in itertools.pairwise(track):
        bend = 0.5 * ((x2 - x1) if across else (y2 - y1))
        first = (x1 + bend, y1) if across else (x1, y1 + bend)
        second = (x2 - bend, y2) if across else (x2, y2 - bend)
        path += f"C{first[0]:.1f} {first[1]:.1f} {second[0]:.1f} {second[1]:.1f} {x2:.1f} {y2:.1f}"
    place = len(track) // 2
    (x1, y1), (x2, y2) = track[place - 1], track[place]
    return path, ((x1 + x2) / 2, (y1 + y2) / 2)


def _card(node: Node, x: float, y: float) -> str:
    width, height = _SIZES[node.kind]
    left, top = x - width / 2, y - height / 2
    shape = {"dataset": "card", "source": "card source", "model": "card model", "stage": "pill"}[node.kind]
    radius = height / 2 if node.kind in ("source", "stage") else 5
    pad = 20 if node.kind == "source" else 12
    out = [f'<rect class="{shape}" x="{left:.1f}" y="{top:.1f}" width="{width}" height="{height}" rx="{radius}"/>']
    if node.kind == "stage":
        words = _fitting(node.title, width - 18)
        out.append(f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{words}</text>')
    else:
        inner = width - 2 * pad
        out.append(f'<text class="title" x="{left + pad:.1f}" y="{top + 20:.1f}">{_fitting(node.title, inner)}</text>')
        out.append(f'<text class="sub" x="{left + pad:.1f}" y="{top + 36:.1f}">{_fitting(node.sub, inner, 6.4)}</text>')
        out += _strand(node.by_origin, left + pad, top + 47, inner)
    full = f"{node.kind}: {node.title}" + (f", {node.sub}" if node.sub else "")
    kinds = f"node-{node.kind}{' is-subject' if node.is_subject else ''}"
    group = f'<g class="{kinds}"><title>{escape(plain(full))}</title>{"".join(out)}</g>'
    return f'<a href="{escape(node.href)}">{group}</a>' if node.href else group


def _strand(by_origin: Mapping[str, float], at: float, y: float, whole: float) -> Iterator[str]:
    total = sum(by_origin.values()) or 1
    for name in NAMES:
        width = whole * by_origin.get(name, 0) / total
        if width:
            yield f'<rect class="o-{name}" x="{at:.1f}" y="{y:.1f}" width="{max(width, 1.5):.1f}" height="7"/>'
        at += width


def _fitting(text: str, width: float, each: float = 7.7) -> Markup:
    """``text`` cut to ``width``: of a path the end is kept, of all else the beginning."""
    most = int(width / each)
    shown = plain(text)
    if len(shown) > most:
        shown = "…" + shown[-(most - 1) :] if "/" in shown else shown[: most - 1] + "…"
    return escape(shown)
