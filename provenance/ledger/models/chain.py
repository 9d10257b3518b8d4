"""Registered models as links in the chain of one sample: those behind it, and those that learnt from it.

Behind a sample are the models that wrote it or any of its ancestors, what these were made from, and the models that had
a part in what they were trained on. After it come those that were trained on it, or on what came of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.graph.graph import Direction

if TYPE_CHECKING:
    from provenance.ledger.graph.store import Array
    from provenance.ledger.models.links import ModelLinks
    from provenance.ledger.models.passages import Passage
    from provenance.models import RegisteredModel, TrainingDataset


@dataclass(frozen=True)
class TrainedOn:
    """A dataset that a model was trained on, of so many ``samples``; None: its sidecar is not available.

    ``generators``: the labels of the models whose content is in it, or in what its samples were made from.
    """

    dataset: TrainingDataset
    samples: int | None
    generators: tuple[str, ...]


@dataclass(frozen=True)
class ModelBehind:
    """A registered model that lineage goes back through.

    ``model`` is its label, ``agents`` are the names that samples have for it, ``base`` what it was made from.
    """

    model: str
    agents: tuple[str, ...]
    base: str | None
    trained_on: tuple[TrainedOn, ...]
    trained_on_external: tuple[str, ...]


@dataclass(frozen=True)
class ModelChain:
    """``behind``: the models that lineage goes back through, first those that wrote samples of the walk.

    ``passages``: the models that it goes on through, to ``through_models`` samples that were not derived.
    """

    behind: tuple[ModelBehind, ...] = ()
    passages: tuple[Passage, ...] = ()
    through_models: int = 0


def model_chain(links: ModelLinks, start: Array, direction: Direction, walked: Array) -> ModelChain:
    """What the register adds to the walk in ``direction`` from the samples ``start``, which has ``walked`` so far."""
    if not links.registered:
        return ModelChain()
    if direction is Direction.ANCESTORS:
        return ModelChain(behind=_behind(links, walked))
    # Only here: a walk is to start soon where no model is registered.
    from provenance.ledger.models.passages import reached

    reach = reached(links, start)
    return ModelChain(passages=reach.passages, through_models=len(reach.through_models))


def _behind(links: ModelLinks, walked: Array) -> tuple[ModelBehind, ...]:
    agents = {born.agent for born in links.graph.births_of(np.unique(walked)) if born.agent is not None}
    found = dict.fromkeys(_registered(links, sorted(links.label_of(agent) for agent in agents)))
    waiting = list(found)
    for label in waiting:
        for before in _registered(links, (origin.model for origin in links.origins_of(label))):
            if before not in found:
                found[before] = None
                waiting.append(before)
    return tuple(_described(links, links.registered[label]) for label in found)


def _registered(links: ModelLinks, labels: Iterable[str]) -> list[str]:
    return [label for label in labels if label in links.registered]


def _described(links: ModelLinks, model: RegisteredModel) -> ModelBehind:
    trained_on = tuple(
        TrainedOn(
            dataset,
            None if links.place_of(dataset) is None else len(links.members(dataset)),
            links.generators_in(dataset),
        )
        for dataset in model.trained_on
    )
    agents = tuple(links.graph.descriptions.agents[number]["label"] for number in links.agents_of(model.label))
    return ModelBehind(model.label, agents, model.base, trained_on, model.trained_on_external)
