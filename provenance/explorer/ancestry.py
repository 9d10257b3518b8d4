"""The graph around a sample: what it was made from to the left, what came of it to the right, many alike as one card.

Positions are worked out here, so the picture needs no script; a click asks for the same page with one more card open.
Neighbours are told apart by birth class, so a sample with half a million children costs a few milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.faces.pages import kind_in_words
from provenance.ledger.walks import Node, describe
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array

WIDTH, HEIGHT, ACROSS, DOWN = 224, 90, 64, 16
UP_STEPS, DOWN_STEPS = 3, 1
# More neighbours than so many that are alike are one card; an opened one shows so many of them.
_MOST_ALIKE, _MOST_OPENED = 4, 12
# More kinds of neighbours than so many are put together more coarsely.
_MOST_KINDS = 6
MOST_CARDS = 60
_KEY_DIGITS = 12

# What neighbours are told apart by: origin, kind, model, source, stage.
_Kind = tuple[str | None, ...]


@dataclass
class Card:
    """A sample, or ``count`` of them alike, of which ``number`` is one. ``key`` opens it in the page's address.

    ``words``: what several kinds have in common. ``more_up``, ``more_down``: neighbours that are not shown.
    """

    key: str
    column: int
    number: int
    node: Node
    count: int = 1
    words: str = ""
    can_open: bool = True
    more_up: int = 0
    more_down: int = 0
    x: float = 0
    y: float = 0

    @property
    def is_group(self) -> bool:
        return self.count > 1


@dataclass(frozen=True)
class Picture:
    """``lines``: the edges, as paths of SVG. ``is_cut``: there is no room for all that was asked for."""

    cards: list[Card]
    lines: list[str]
    width: float
    height: float
    is_cut: bool


def picture(graph: Graph, number: int, opened: frozenset[str]) -> Picture:
    """What is around the sample ``number``; ``opened``: keys of cards of which more is wanted."""
    drawing = _Drawing(graph, opened)
    (subject,) = drawing.add(np.array([number], np.int64), 0)
    for direction, steps in ((-1, UP_STEPS), (1, DOWN_STEPS)):
        drawing.walk(subject, direction, steps)
    drawing.count_hidden()
    _place(drawing.cards, drawing.edges)
    cards = list(drawing.cards.values())
    return Picture(
        sorted(cards, key=lambda card: card.column),
        [_line(drawing.cards[one], drawing.cards[other]) for one, other in sorted(drawing.edges)],
        max(card.x for card in cards) + WIDTH,
        max(card.y for card in cards) + HEIGHT,
        drawing.is_cut,
    )


class _Drawing:
    def __init__(self, graph: Graph, opened: frozenset[str]) -> None:
        self._graph = graph
        self._opened = opened
        self.cards: dict[str, Card] = {}
        self.edges: set[tuple[str, str]] = set()
        self.is_cut = False
        self._card_of: dict[int, str] = {}

    def walk(self, subject: Card, direction: int, steps: int) -> None:
        """Add what is up to ``steps`` away, and beyond where a card is opened."""
        adjacency = self._graph.parents if direction < 0 else self._graph.children
        frontier, column = [subject], 0
        while frontier and not self.is_cut:
            column += direction
            further: list[Card] = []
            for one in frontier:
                if one.is_group or (abs(column) > steps and one.key not in self._opened):
                    continue
                near = adjacency.next_to(np.array([one.number], np.int64))
                made = self.add(near, column)
                self._link(one, near, made, direction)
                further += made
            frontier = further

    def add(self, numbers: Array, column: int) -> list[Card]:
        """Cards for those of ``numbers``, in order, that have none yet: as few as say what they are."""
        fresh = numbers[~np.isin(numbers, self._known)]
        if not len(fresh):
            return []
        classes = self._graph.class_of[fresh]
        kinds = {each: self._kind(each) for each in np.unique(classes).tolist()}
        is_coarse = len(set(kinds.values())) > _MOST_KINDS
        groups: dict[_Kind, list[int]] = {}
        for each, kind in kinds.items():
            groups.setdefault(kind[:2] if is_coarse else kind, []).append(each)
        found: list[Card] = []
        for of_group in groups.values():
            some = fresh[np.isin(classes, of_group)]
            if not is_coarse or len(some) <= _MOST_ALIKE or f"g-{self._name(some)}" not in self._opened:
                found += self._group(some, column, self._words(of_group, kinds) if is_coarse else "")
                continue
            for kind in dict.fromkeys(kinds[each] for each in of_group):
                alike = [each for each in of_group if kinds[each] == kind]
                found += self._group(fresh[np.isin(classes, alike)], column, "")
        return found

    def count_hidden(self) -> None:
        """Note on each sample's card how many neighbours have none."""
        known = self._known
        for one in self.cards.values():
            if one.is_group:
                continue
            at = np.array([one.number], np.int64)
            drawn = {a for a, b in self.edges if b == one.key} | {b for a, b in self.edges if a == one.key}
            in_groups = one.column == 0 and any(self.cards[key].is_group for key in drawn)
            for name, adjacency, is_outward in (
                ("more_up", self._graph.parents, one.column <= 0),
                ("more_down", self._graph.children, one.column >= 0),
            ):
                if is_outward and not in_groups:
                    setattr(one, name, int((~np.isin(adjacency.next_to(at), known)).sum()))

    @property
    def _known(self) -> Array:
        return np.fromiter(self._card_of, np.int64, len(self._card_of))

    def _kind(self, of_class: int) -> _Kind:
        graph, born = self._graph, self._graph.classes[of_class]
        described = graph.descriptions
        source = None if born.source is None else described.sources[born.source]["name"]
        stage = None if born.activity is None else described.activities[born.activity]["stage"]
        return born.origin, born.kind, graph.model_of(born), source, stage

    def _words(self, of_group: list[int], kinds: dict[int, _Kind]) -> str:
        origin, kind = kinds[of_group[0]][:2]
        models = {kinds[each][2] for each in of_group} - {None}
        by = f", by {counted(len(models), 'model')}" if len(models) > 1 else ""
        return kind_in_words(str(kind or origin)) + by

    def _name(self, some: Array) -> str:
        return self._graph.ids(some[:1])[0][:_KEY_DIGITS]

    def _group(self, some: Array, column: int, words: str) -> list[Card]:
        if len(some) <= _MOST_ALIKE:
            return self._single(some, column)
        if f"h-{self._name(some)}" not in self._opened:
            return self._card(("g-" if words else "h-") + self._name(some), some, column, words)
        shown = self._single(some[:_MOST_OPENED], column)
        rest = some[_MOST_OPENED:]
        if not len(rest):
            return shown
        return shown + self._card(f"rest-{self._name(rest)}", rest, column, "more like these", can_open=False)

    def _single(self, some: Array, column: int) -> list[Card]:
        parts = (some[at : at + 1] for at in range(len(some)))
        return [card for part in parts for card in self._card(self._name(part), part, column)]

    def _card(self, key: str, some: Array, column: int, words: str = "", *, can_open: bool = True) -> list[Card]:
        if len(self.cards) >= MOST_CARDS:
            self.is_cut = True
            return []
        (node,) = describe(self._graph, some[:1])
        card = Card(key, column, int(some[0]), node, len(some), words, can_open)
        self.cards[key] = card
        if len(some) == 1:
            self._card_of[int(some[0])] = key
        return [card]

    def _link(self, one: Card, near: Array, made: list[Card], direction: int) -> None:
        # The few that have cards are sorted, not the neighbours, who may be very many.
        there = np.sort(self._known)
        place = np.minimum(np.searchsorted(there, near), len(there) - 1)
        keys = [self._card_of[number] for number in set(near[there[place] == near].tolist())]
        keys += [card.key for card in made if card.is_group]
        self.edges |= {(key, one.key) if direction < 0 else (one.key, key) for key in keys}


def _place(cards: dict[str, Card], edges: set[tuple[str, str]]) -> None:
    """Columns by distance; in each, cards in the order of the middle of their neighbours towards the subject."""
    columns: dict[int, list[Card]] = {}
    for one in cards.values():
        columns.setdefault(one.column, []).append(one)
    neighbours: dict[str, list[Card]] = {}
    for one_key, other_key in edges:
        neighbours.setdefault(one_key, []).append(cards[other_key])
        neighbours.setdefault(other_key, []).append(cards[one_key])
    first, slot = min(columns), HEIGHT + DOWN
    middle = (max(len(column) for column in columns.values()) * slot - DOWN) / 2

    def towards(card: Card) -> float:
        near = [each.y for each in neighbours.get(card.key, []) if abs(each.column) < abs(card.column)]
        return sum(near) / len(near) if near else 0.0

    for number in sorted(columns, key=abs):
        column = sorted(columns[number], key=lambda card: (towards(card), -card.count, card.key))
        top = middle - (len(column) * slot - DOWN) / 2
        for place, card in enumerate(column):
            card.x, card.y = (number - first) * (WIDTH + ACROSS), top + place * slot


def _line(one: Card, other: Card) -> str:
    x1, y1, x2, y2 = one.x + WIDTH, one.y + HEIGHT / 2, other.x, other.y + HEIGHT / 2
    bend = (x2 - x1) / 2
    return f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
