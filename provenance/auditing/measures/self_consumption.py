"""Self-consumption: rows in a loop of a model that was trained on what it, or a descendant of it, generated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.auditing.measure import (
    Doubt,
    Measured,
    Needs,
    NotMeasured,
    Outstanding,
    Subject,
    ambiguity,
    both_doubts,
)
from provenance.engines.interface import MOST_SHOWN
from provenance.ledger.composition.ancestry import Members, Name, Reached, going_back
from provenance.ledger.graph.births import BirthClass
from provenance.ledger.graph.graph import SampleSet
from provenance.ledger.graph.reaching import Selection
from provenance.ledger.models.links import ModelLinks, TrainingLoop, training_loops
from provenance.ledger.models.passages import Reach, reached
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.ledger.graph.store import Array

_LISTED = 20
_KNOWN, _UNKNOWN = "registered", "unregistered"


class SelfConsumption:
    """The loops are those of the register of models; a dataset is in one in either of two ways.

    Its rows come of what the model generated after it was trained on its own output, or of what of its own output the
    model was trained on where this dataset is that training data. Revisions of one name are one model, and so is what a
    model was made from. Rows that come of it only in that a further model was trained on it are counted apart.
    """

    name = "self_consumption"
    definition = "rows that come of a model that was trained on data that it, or a descendant of it, generated"
    unit = "loops; rows; fraction of rows"
    source = "self-consuming loops: Alemohammad et al. 2023 (arXiv 2307.01850)"
    needs: Needs = "graph"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{loops, rows, fraction, rows_through_models, chains{CHAIN: {rows, samples}}, unregistered_rows,
        unknown_training_sets}``; ``samples``: of the training data, those that close the loop."""
        ledger, dataset = subject.audited.ledger, subject.audited.dataset
        members = Members.among_all(subject.audited)
        if not members.total:
            return NotMeasured(f"{dataset.path}: has no rows")
        models = going_back(members, _registration(ledger.models))
        unregistered = models.of(_UNKNOWN, _UNKNOWN).at_most_rows
        if unregistered and not models.of(_KNOWN, _KNOWN).at_most_rows:
            return NotMeasured(
                f"{dataset.path}: no model that its rows go back to is registered; `provenance model add` tells what "
                "one was trained on"
            )
        found = _Closed(members, ledger.models, dataset.place).loops()
        direct, through = (_any(members, [getattr(each, name) for each in found]) for name in ("direct", "through"))
        come_of_it = members.reached(_by_models(ledger.models, {label for each in found for label in each.models}))
        chains = {each.chain: each.rows for each in found[:_LISTED]}
        bounds = come_of_it.bounds | {f"chains.{chain}.rows": each.bounds["rows"] for chain, each in chains.items()}
        return Measured(
            {
                "loops": len(found),
                "rows": come_of_it.rows,
                "fraction": come_of_it.fraction,
                "rows_through_models": _rows(members, through & ~direct),
                "chains": {
                    each.chain: {"rows": chains[each.chain].rows, "samples": each.loop.samples}
                    for each in found[:_LISTED]
                },
                "unregistered_rows": unregistered,
                "unknown_training_sets": len(ledger.models.not_here),
            },
            tuple(_outstanding(members, found)),
            doubts=both_doubts(_doubts(unregistered, len(ledger.models.not_here)), ambiguity(bounds)),
        )


@dataclass(frozen=True)
class _Found:
    """A loop that the dataset is in; ``direct`` and ``through`` (bool) are the members that may come of it.

    ``models``: those whose output comes of it; ``rows``: the rows that are this, or were made from it.
    """

    loop: TrainingLoop
    models: frozenset[str]
    direct: Array
    through: Array
    rows: Reached

    @property
    def chain(self) -> str:
        """The loop, from the model back to itself."""
        return " <- ".join(self.loop.chain)


class _Closed:
    """The loops that a dataset is in."""

    def __init__(self, members: Members, links: ModelLinks, place: int) -> None:
        self._members = members
        self._links = links
        self._place = place
        self._reached: dict[str, Reach] = {}

    def loops(self) -> list[_Found]:
        """The loops, the one that most rows come of first, of these the shortest."""
        found = [
            each for each in map(self._found, training_loops(self._links)) if each.direct.any() or each.through.any()
        ]
        return sorted(
            found,
            key=lambda each: (-each.rows.rows, -each.rows.at_most_rows, len(each.loop.chain), each.chain),
        )

    def _found(self, loop: TrainingLoop) -> _Found:
        reach = self._reach(loop.model)
        direct, through = self._among(reach.direct), self._among(reach.through_models)
        models = frozenset({loop.model})
        if self._links.place_of(loop.dataset) == self._place:
            direct = direct | self._among(self._reach(loop.generator).direct)
            models |= {loop.generator}
        return _Found(loop, models, direct, through, self._members.reached(_by_models(self._links, models)))

    def _reach(self, label: str) -> Reach:
        if label not in self._reached:
            self._reached[label] = reached(self._links, self._links.generated_by(label))
        return self._reached[label]

    def _among(self, samples: Array) -> Array:
        found: Array = np.isin(self._members.numbers, samples, assume_unique=True)
        return found


def _registration(links: ModelLinks) -> Callable[[BirthClass], Iterator[Name]]:
    """The one name that a birth by a model bears: whether the model is registered."""

    def names(born: BirthClass) -> Iterator[Name]:
        if born.agent is not None:
            name = _KNOWN if links.label_of(born.agent) in links.registered else _UNKNOWN
            yield name, name

    return names


def _doubts(unregistered: int, not_here: int) -> dict[str, Doubt]:
    """Loops may be hidden in what models were trained on that is not known."""
    reasons = [
        (unregistered, f"what {counted(unregistered, 'row')} came from leads to models that are not registered"),
        (not_here, f"the lineage of {not_here:,} training sets is not here"),
    ]
    why = " and ".join(reason for count, reason in reasons if count)
    return dict.fromkeys(("loops", "rows", "fraction"), Doubt(None, why)) if why else {}


def _rows(members: Members, chosen: Array) -> int:
    return int(members.rows[chosen].sum())


def _by_models(links: ModelLinks, labels: Collection[str]) -> Selection:
    """The births with the content of these models."""
    graph = links.graph
    agents = {agent for label in labels for agent in links.agents_of(label)}
    samples = graph.with_birth(lambda born: born.agent in agents)
    fits = np.array([born.agent in agents for born in graph.classes], bool)
    return Selection(samples, np.empty(0, np.int64), fits)


def _any(members: Members, chosen: list[Array]) -> Array:
    found: Array = np.logical_or.reduce([np.zeros(len(members.numbers), bool), *chosen])
    return found


def _outstanding(members: Members, found: list[_Found]) -> Iterator[Outstanding]:
    """Samples that come of the loops, most rows first, as many of each loop."""
    for each in found[:_LISTED]:
        chosen = np.flatnonzero(each.direct)
        most = chosen[np.argsort(-members.rows[chosen], kind="stable")][: max(1, MOST_SHOWN // len(found))]
        for sample_id in SampleSet(members.graph, np.sort(members.numbers[most])):
            yield Outstanding(sample_id, f"in the loop {each.chain}")


MEASURE = SelfConsumption()
