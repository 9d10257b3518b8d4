"""The index on this machine as what answers about descent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.descent.interface import CameOf, Named
from provenance.ledger.graph.graph import SampleSet
from provenance.ledger.graph.identifiers import SampleIds
from provenance.ledger.graph.reaching import Selection
from provenance.ledger.reached import Reached

if TYPE_CHECKING:
    from provenance.ledger.graph.births import BirthClass, Descriptions
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.ledger.models.links import ModelLinks


def selection_of(graph: Graph, named: Iterable[Named]) -> Selection:
    """All that is ``named``, as numbers in the graph."""
    return Selection.all_of(graph, [_selected(graph, each) for each in named])


def _selected(graph: Graph, named: Named) -> Selection:
    if named.fits is not None:
        classes = np.array([named.fits(each) for each in graph.classes], bool)
        return Selection(graph.with_birth(named.fits, every=named.every), np.empty(0, np.int64), classes)
    if named.dataset is not None:
        return Selection.of_samples(graph, graph.members(named.dataset)[0])
    numbers = graph.numbers(named.sample_ids)
    return Selection.of_samples(graph, numbers[numbers >= 0])


class GraphDescent:
    """A `Descent`; ``recorded``: how many of the graph's datasets, the first ones, are the ledger's."""

    def __init__(self, models: ModelLinks, recorded: int) -> None:
        self.models = models
        self._graph = models.graph
        self._recorded = recorded

    @property
    def classes(self) -> Sequence[BirthClass]:
        return self._graph.classes

    @property
    def descriptions(self) -> Descriptions:
        return self._graph.descriptions

    def license_of(self, born: BirthClass) -> str | None:
        return self._graph.license_of(born)

    def beginning_with(self, prefix: str, most: int) -> list[str]:
        return self._graph.beginning_with(prefix, most)

    def rows_of(self, sample_id: str) -> Mapping[int, int]:
        number = int(self._graph.numbers([sample_id])[0])
        counted = [] if number < 0 else self._graph.rows_of(number)
        return {place: rows for place, rows in enumerate(counted[: self._recorded]) if rows}

    def came_of(self, named: Sequence[Named]) -> CameOf:
        graph = self._graph
        found = Reached.by(self.models, selection_of(graph, named))
        return CameOf(
            len(found.selection.samples),
            SampleSet(graph, found.reach.direct),
            SampleSet(graph, found.reach.through_models),
            found.reach.passages,
            {place: found.rows(place) for place in range(self._recorded)},
            _Affected(found),
        )


@dataclass(frozen=True)
class _Affected:
    """The `AffectedSamples` of what was reached."""

    reached: Reached

    def may_be(self, dataset: int) -> SampleIds:
        members, _, most, _ = self._members(dataset)
        return self._ids(members[most > 0])

    def certainly(self, dataset: int) -> SampleIds:
        members, least, _, rows = self._members(dataset)
        return self._ids(members[(least >= rows) & (rows > 0)])

    def _members(self, dataset: int) -> tuple[Array, Array, Array, Array]:
        members, rows = self.reached.links.graph.members(dataset)
        least, most = self.reached.in_all.rows_of_members(dataset)
        return members, least, most, rows

    def _ids(self, numbers: Array) -> SampleIds:
        graph = self.reached.links.graph
        return SampleIds.of_bytes(graph.ids_as_bytes(graph.in_order_of_ids(numbers)))
