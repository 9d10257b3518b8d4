"""Registered models as links between sets of samples: what each was trained on, and what it generated.

Nobody knows which training sample made a model write what. So a model links whole sets: all that it generated came from
all that it, and every model it was made from, was trained on. Models go by their labels; those of generators that are
not registered are in here too, but nothing leads on from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.graph.graph import Direction

if TYPE_CHECKING:
    from provenance.ledger.graph.births import Descriptions
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.models import ModelRegister, RegisteredModel, TrainingDataset


@dataclass(frozen=True)
class Origin:
    """One reason why a model is as it is: it was made from ``model``, or trained (``via``) on what that generated."""

    model: str
    via: TrainingDataset | None


@dataclass(frozen=True)
class TrainingLoop:
    """``model`` was trained on ``dataset``, in which ``samples`` are by ``generator``, or were made from what is.

    ``generator`` is ``model``, is one that it was made from, or descends from one of these. ``chain`` shows how: from
    ``model`` to the one of its line that it all comes back to, models and, between them, datasets where they were
    trained on what the next generated.
    """

    model: str
    dataset: TrainingDataset
    generator: str
    samples: int
    chain: tuple[str, ...]


class RegisteredModels:
    """What the register (None: an empty one) says of the models that samples are by, and of what these learnt from.

    ``described``: the agents of some sidecars; ``digests``: by which the register names these, in their order.
    """

    def __init__(self, described: Descriptions, digests: Iterable[str], register: ModelRegister | None) -> None:
        self._register = register
        self._agents = described.agents
        self._places = {digest: place for place, digest in enumerate(digests)}

    @cached_property
    def trained(self) -> tuple[str, ...]:
        """The registered models of which a training dataset is stated, or is of one that they were made from."""
        return tuple(label for label in self.registered if self.training_of(label))

    @cached_property
    def not_here(self) -> tuple[TrainingDataset, ...]:
        """The training datasets whose sidecars are not available: lineage does not go on through these."""
        stated = (dataset for model in self.registered.values() for dataset in model.trained_on)
        return tuple(dataset for dataset in dict.fromkeys(stated) if self.place_of(dataset) is None)

    @cached_property
    def registered(self) -> dict[str, RegisteredModel]:
        """The registered models by their labels, in the register's order."""
        return {model.label: model for model in self._register.models} if self._register else {}

    def line_of(self, label: str) -> tuple[RegisteredModel, ...]:
        """The model and all that it was made from, nearest first; nothing for one that is not registered."""
        model = self.registered.get(label)
        return self._register.lineage(model) if self._register and model else ()

    def names_in_line(self, label: str) -> tuple[str, ...]:
        """The names of the model and of all that it was made from, nearest first; revisions have the same name."""
        return tuple(model.name for model in self.line_of(label)) or (self.name_of(label),)

    def training_of(self, label: str) -> tuple[TrainingDataset, ...]:
        """What the model and all that it was made from were trained on."""
        return tuple(dict.fromkeys(dataset for each in self.line_of(label) for dataset in each.trained_on))

    def place_of(self, dataset: TrainingDataset) -> int | None:
        """Its number among the sidecars; None where its own is not available."""
        return self._places.get(dataset.sidecar_md5)

    def agents_of(self, label: str) -> list[int]:
        """The numbers, in the descriptions, of the agents that are this model."""
        return [number for number, each in enumerate(self._labels) if each == label]

    def label_of(self, agent: int) -> str:
        """The label of the model that agent number ``agent`` is."""
        return self._labels[agent]

    def name_of(self, label: str) -> str:
        """The model's name, without its revision."""
        model = self.registered.get(label)
        return model.name if model else next((self._agents[n]["name"] for n in self.agents_of(label)), label)

    @cached_property
    def _labels(self) -> list[str]:
        """The label of each agent: that of the registered model that it is, else its own."""
        labels = []
        for agent in self._agents:
            model = self._register.fitting(agent["name"], agent["revision"]) if self._register else None
            labels.append(model.label if model else agent["label"])
        return labels


class ModelLinks(RegisteredModels):
    """What the register means for the samples of a graph; `Ledger.models` gives it."""

    def __init__(self, graph: Graph, register: ModelRegister | None) -> None:
        super().__init__(graph.descriptions, (dataset.digest for dataset in graph.datasets), register)
        self.graph = graph
        self._generators: dict[int, tuple[str, ...]] = {}

    def members(self, dataset: TrainingDataset) -> Array:
        """The samples of the training dataset that are known, in order: none where its sidecar is not available."""
        place = self.place_of(dataset)
        return np.empty(0, np.int64) if place is None else self.graph.members(place)[0]

    def generated_by(self, label: str) -> Array:
        """The samples with the model's content, in order."""
        agents = set(self.agents_of(label))
        return self.graph.with_birth(lambda born: born.agent in agents)

    def generators_in(self, dataset: TrainingDataset) -> tuple[str, ...]:
        """The models whose content is in the training dataset, or in what its samples were made from; by label."""
        place = self.place_of(dataset)
        if place is None:
            return ()
        if place not in self._generators:
            closure = self.graph.reached(self.graph.members(place)[0], Direction.ANCESTORS)
            agents = {born.agent for born in self.graph.births_of(closure)} - {None}
            self._generators[place] = tuple(sorted({self._labels[agent] for agent in agents if agent is not None}))
        return self._generators[place]

    def origins_of(self, label: str) -> Iterator[Origin]:
        """What the model itself was made from and trained on, without what is true of its base."""
        model = self.registered.get(label)
        if model is None:
            return
        if model.base is not None:
            yield Origin(model.base, None)
        for dataset in model.trained_on:
            yield from (Origin(generator, dataset) for generator in self.generators_in(dataset))


def descends_from(links: ModelLinks, model: str, ancestor: str) -> bool:
    """Whether ``model`` was made from ``ancestor``, or trained on what that generated; directly or not.

    A model descends from itself only where it is its own indirect teacher.
    """
    return any(
        _way(links, origin.model, lambda label: label == ancestor) is not None for origin in links.origins_of(model)
    )


def training_loops(links: ModelLinks) -> list[TrainingLoop]:
    """Where models were trained on what came of themselves, by model, dataset and generator.

    Revisions of one name count as one model that is trained on, as does a model that another is made from.
    """
    return [
        TrainingLoop(model.label, dataset, generator, _made_by(links, generator, dataset), (model.label, *way))
        for model in links.registered.values()
        for dataset in model.trained_on
        for generator in links.generators_in(dataset)
        if (way := _way_back(links, model, dataset, generator)) is not None
    ]


def _way_back(
    links: ModelLinks, model: RegisteredModel, dataset: TrainingDataset, generator: str
) -> tuple[str, ...] | None:
    names = links.names_in_line(model.label)

    def is_kin(label: str) -> bool:
        return links.name_of(label) in names

    way = _way(links, generator, is_kin)
    return None if way is None else (dataset.label, *way)


def _way(links: ModelLinks, start: str, is_goal: Callable[[str], bool]) -> tuple[str, ...] | None:
    """The shortest way along origins from ``start`` to a goal, which ``start`` itself may be; None: there is none."""
    seen, waiting = {start}, [(start,)]
    for way in waiting:
        if is_goal(way[-1]):
            return way
        for origin in links.origins_of(way[-1]):
            if origin.model not in seen:
                seen.add(origin.model)
                via = () if origin.via is None else (origin.via.label,)
                waiting.append((*way, *via, origin.model))
    return None


def _made_by(links: ModelLinks, generator: str, dataset: TrainingDataset) -> int:
    """How many samples of ``dataset`` are by ``generator``, or were made from what is."""
    came_of_it = links.graph.reached(links.generated_by(generator), Direction.DESCENDANTS)
    return len(np.intersect1d(links.members(dataset), came_of_it, assume_unique=True))
