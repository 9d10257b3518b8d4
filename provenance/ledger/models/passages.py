"""Descendants and generation depth where lineage goes on through registered models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.graph.graph import UNKNOWN_DEPTH, Direction
from provenance.ledger.models.links import ModelLinks, descends_from

if TYPE_CHECKING:
    from provenance.ledger.graph.store import Array
    from provenance.models import TrainingDataset


@dataclass(frozen=True)
class Passage:
    """A model that was trained on samples that a walk reached.

    ``trained_on``: the datasets that hold such samples, ``training_samples`` how many there are; ``generated``: all
    samples with the model's content, which is what the walk goes on from.
    """

    model: str
    trained_on: tuple[TrainingDataset, ...]
    training_samples: int
    generated: int


@dataclass(frozen=True)
class Reach:
    """Samples, in order: ``direct`` ones, with the start; and those ``through_models`` only, by the ``passages``."""

    direct: Array
    through_models: Array
    passages: tuple[Passage, ...]


def reached(links: ModelLinks, start: Array) -> Reach:
    """The descendants of ``start``: by derivation, and through models that were trained on any of what was reached.

    A model that was made from such a one is trained on it as well.
    """
    graph = links.graph
    direct = graph.reached(start, Direction.DESCENDANTS)
    if not any(_holds(links, dataset, direct) for label in links.trained for dataset in links.training_of(label)):
        return Reach(direct, np.empty(0, np.int64), ())
    is_reached = np.zeros(graph.size, bool)
    is_reached[direct] = True
    waiting = list(links.trained)
    while passed := [label for label in waiting if _trained_on_reached(links, label, is_reached)]:
        waiting = [label for label in waiting if label not in passed]
        generated = np.concatenate([links.generated_by(label) for label in passed])
        is_reached[graph.reached(generated, Direction.DESCENDANTS)] = True
    passages = tuple(_passage(links, label, is_reached) for label in links.trained if label not in waiting)
    is_reached[direct] = False
    return Reach(direct, np.flatnonzero(is_reached), passages)


def _holds(links: ModelLinks, dataset: TrainingDataset, samples: Array) -> bool:
    """Whether any of ``samples``, in order and mostly far fewer than it has, is in the dataset."""
    members = links.members(dataset)
    places = np.searchsorted(members, samples.astype(members.dtype))
    inside = places < len(members)
    return bool((members[places[inside]] == samples[inside]).any())


def _trained_on_reached(links: ModelLinks, label: str, is_reached: Array) -> list[TrainingDataset]:
    return [dataset for dataset in links.training_of(label) if is_reached[links.members(dataset)].any()]


def _passage(links: ModelLinks, label: str, is_reached: Array) -> Passage:
    datasets = _trained_on_reached(links, label, is_reached)
    # Marked, not made distinct by sorting, which takes a hundred times as long for ten million samples.
    is_held = np.zeros(links.graph.size, bool)
    for dataset in datasets:
        is_held[links.members(dataset)] = True
    is_held &= is_reached
    return Passage(label, tuple(datasets), int(np.count_nonzero(is_held)), len(links.generated_by(label)))


def depths(links: ModelLinks) -> Array:
    """The generation depth of every sample (uint16), with its generator's training data counted as its parents are.

    It is `UNKNOWN_DEPTH` where that data is not available, or the generator is its own indirect teacher: the register
    does not say then which rows were there first.
    """
    endless = [label for label in links.trained if _has_no_depth(links, label)]
    above = {label: int(UNKNOWN_DEPTH) if label in endless else 0 for label in links.trained}
    # Models are no deeper than there are models, so this ends.
    while True:
        agents = {agent: depth for label, depth in above.items() for agent in links.agents_of(label)}
        found = links.graph.depths_above(agents)
        now = {label: max(above[label], _deepest(links, label, found)) for label in links.trained}
        if now == above:
            return found
        above = now


def _has_no_depth(links: ModelLinks, label: str) -> bool:
    training: Sequence[TrainingDataset] = links.training_of(label)
    return any(links.place_of(dataset) is None for dataset in training) or descends_from(links, label, label)


def _deepest(links: ModelLinks, label: str, depths_found: Array) -> int:
    return max(int(depths_found[links.members(dataset)].max(initial=0)) for dataset in links.training_of(label))
