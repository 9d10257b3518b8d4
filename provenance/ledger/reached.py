"""What came of a selection, also through registered models, counted in the rows of datasets: at least, and at most.

At most is what a gate looks at: what must not be used, and may be there, must go. At least is what is proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.graph.adjacency import united
from provenance.ledger.graph.reaching import ReachedBirths, Selection, certainly_reached
from provenance.ledger.models.passages import Reach, reached

if TYPE_CHECKING:
    from provenance.ledger.graph.store import Array
    from provenance.ledger.models.links import ModelLinks


@dataclass(frozen=True)
class ReachedRows:
    """Rows of one dataset that something may have reached, by derivation or else only through models; and those of
    them that it certainly did."""

    direct: int
    through_models: int
    certain_direct: int
    certain_through_models: int


@dataclass(frozen=True)
class Reached:
    """What a selection reaches; ``reach`` has the samples of which one birth, in whatever dataset, may be reached."""

    links: ModelLinks
    selection: Selection
    reach: Reach

    @classmethod
    def by(cls, links: ModelLinks, selection: Selection) -> Reached:
        return cls(links, selection, reached(links, selection.samples))

    @cached_property
    def samples(self) -> Array:
        """All samples of `reach`, in order."""
        return united([self.reach.direct, self.reach.through_models], self.links.graph.size)

    def rows(self, dataset: int) -> ReachedRows:
        """What is reached of dataset number ``dataset`` of the graph."""
        least, most = self.by_derivation.rows(dataset)
        if not self.reach.passages:
            return ReachedRows(most, 0, least, 0)
        least_in_all, most_in_all = self.in_all.rows(dataset)
        return ReachedRows(most, most_in_all - most, least, least_in_all - least)

    @cached_property
    def by_derivation(self) -> ReachedBirths:
        """The births that are selected, and those of what was made from them."""
        graph, selection = self.links.graph, self.selection
        certain = certainly_reached(graph, selection)
        return ReachedBirths(graph, selection, selection, self._is_among(self.reach.direct), certain)

    @cached_property
    def in_all(self) -> ReachedBirths:
        """These, and the births by models that were trained on them, and what was made from those."""
        if not self.reach.passages:
            return self.by_derivation
        graph = self.links.graph
        by_models = self.selection.with_births(graph, self._content_of([each.model for each in self.reach.passages]))
        selection, certain = self._certainly_through_models()
        return ReachedBirths(graph, by_models, selection, self._is_among(self.samples), certain)

    def _certainly_through_models(self) -> tuple[Selection, Array]:
        """What is certainly reached, where a model is if some of what it was trained on certainly is."""
        links, selection = self.links, self.selection
        waiting = [passage.model for passage in self.reach.passages]
        while True:
            certain = certainly_reached(links.graph, selection)
            passed = [label for label in waiting if self._was_trained_on(label, certain)]
            if not passed:
                return selection, certain
            waiting = [label for label in waiting if label not in passed]
            selection = selection.with_births(links.graph, self._content_of(passed))

    def _was_trained_on(self, label: str, chosen: Array) -> bool:
        return any(chosen[self.links.members(dataset)].any() for dataset in self.links.training_of(label))

    def _content_of(self, labels: Sequence[str]) -> Array:
        """The birth classes (bool) with content of one of these models."""
        agents = {agent for label in labels for agent in self.links.agents_of(label)}
        return np.array([each.agent in agents for each in self.links.graph.classes], bool)

    def _is_among(self, samples: Array) -> Array:
        chosen = np.zeros(self.links.graph.size, bool)
        chosen[samples] = True
        return chosen
