"""Small random lineages with registered models in them, and what they come to when followed step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st
from support.contents import digest
from support.sidecars import Words, record, sample, write

from provenance.ledger.graph.graph import Graph
from provenance.ledger.graph.opening import open_graph
from provenance.ledger.graph.segments import IndexedSidecar
from provenance.ledger.graph.store import Store
from provenance.ledger.models.links import ModelLinks
from provenance.lineage.records import Activity, ActivityType, Agent
from provenance.models import ModelRegister, RegisteredModel, TrainingDataset

COUNT = 9
MODELS = ("m0", "m1", "m2")
AGENTS = tuple(Agent(name=name) for name in MODELS)
WORDS = Words(
    (
        *(Activity(type=ActivityType.GENERATION, agent=agent.id) for agent in AGENTS),
        Activity(type=ActivityType.DERIVATION),
    ),
    AGENTS,
)

# By sample: its origin, the model that generated it (its place in MODELS), its parents.
Lineage = Mapping[int, Mapping[str, Any]]
Members = Mapping[str, set[int]]


@dataclass(frozen=True)
class Trained:
    """``now`` is what the sidecars of the ``datasets`` say; ``before`` is what those of ``earlier`` ones do.

    ``bases`` and ``trained_on`` say by model what it was made from and trained on; a dataset without sidecar is "gone".
    """

    now: Lineage
    before: Lineage
    datasets: Members
    earlier: Members
    bases: Mapping[str, str | None]
    trained_on: Mapping[str, set[str]]

    @property
    def lineage(self) -> Lineage:
        """What the graph knows: of a sample that a dataset of now knows, what is said now."""
        known = closure(self.now, set().union(*self.datasets.values()))
        added = closure(self.before, set().union(*self.earlier.values()))
        return {n: self.before[n] for n in added} | {n: self.now[n] for n in known}

    def members(self, model: str) -> set[int]:
        """All samples that the model, or one it was made from, was trained on."""
        datasets = {**self.datasets, **self.earlier, "gone": set[int]()}
        own = set().union(*(datasets[name] for name in self.trained_on[model]))
        base = self.bases[model]
        return own | (self.members(base) if base else set())

    def origins(self, model: str) -> set[str]:
        """The models that it was made from, or was itself trained on samples of, in one step."""
        datasets = {**self.datasets, **self.earlier, "gone": set[int]()}
        own = set().union(*(datasets[name] for name in self.trained_on[model]))
        return self.generators(own) | {base for base in [self.bases[model]] if base}

    def generators(self, members: set[int]) -> set[str]:
        """The models that samples among ``members``, or their ancestors, are by."""
        agents = {self.lineage[number]["agent"] for number in closure(self.lineage, members)} - {None}
        return {MODELS[agent] for agent in agents}

    def ancestry(self, model: str) -> set[str]:
        """All models that it descends from."""
        found: set[str] = set()
        waiting = self.origins(model)
        while waiting - found:
            found |= waiting
            waiting = set().union(*map(self.origins, found))
        return found

    def is_gone(self, model: str) -> bool:
        base = self.bases[model]
        return "gone" in self.trained_on[model] or (base is not None and self.is_gone(base))


def closure(lineage: Lineage, members: set[int]) -> set[int]:
    further = members | {parent for number in members for parent in lineage[number]["parents"]}
    return members if further == members else closure(lineage, further)


def descendants(lineage: Lineage, start: set[int]) -> set[int]:
    further = start | {number for number, stated in lineage.items() if set(stated["parents"]) & start}
    return start if further == start else descendants(lineage, further)


@st.composite
def lineages(draw: st.DrawFn) -> Lineage:
    stated = {}
    for number in range(COUNT):
        agent = draw(st.none() | st.integers(0, len(MODELS) - 1))
        origin = draw(st.sampled_from(["real", "unknown", "mixed"])) if agent is None else "synthetic"
        parents = (
            draw(st.sets(st.integers(0, number - 1), max_size=2)) if number and origin in ("synthetic", "mixed") else []
        )
        stated[number] = {"origin": origin, "agent": agent, "parents": sorted(parents)}
    return stated


@st.composite
def trained(draw: st.DrawFn) -> Trained:
    members = st.sets(st.integers(0, COUNT - 1), min_size=1, max_size=4)
    names = st.sets(st.sampled_from(["a.jsonl", "b.jsonl", "c.jsonl", "gone"]), max_size=2)
    return Trained(
        now=draw(lineages()),
        before=draw(lineages()),
        datasets={name: draw(members) for name in ("a.jsonl", "b.jsonl")},
        earlier={"c.jsonl": draw(members)},
        bases={
            name: draw(st.none() | st.sampled_from(MODELS[:number])) if number else None
            for number, name in enumerate(MODELS)
        },
        trained_on={name: draw(names) for name in MODELS},
    )


@contextmanager
def links_of(stated: Trained) -> Iterator[ModelLinks]:
    """The links of a graph over such sidecars."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sidecars = [
            *_sidecars(folder, stated.now, stated.datasets, additional=False),
            *_sidecars(folder, stated.before, stated.earlier, additional=True),
        ]
        digests = {each.path: each.digest for each in sidecars} | {"gone": "0" * 32}
        models = [
            RegisteredModel(
                name=name,
                base=stated.bases[name],
                trained_on=tuple(
                    TrainingDataset(path=path, md5="0" * 32, sidecar_md5=digests[path])
                    for path in sorted(stated.trained_on[name])
                ),
            )
            for name in MODELS
        ]
        yield ModelLinks(open_graph(Store(folder / "graph"), sidecars), ModelRegister(models=tuple(models)))


def _sidecars(folder: Path, lineage: Lineage, datasets: Members, *, additional: bool) -> Iterator[IndexedSidecar]:
    for name, members in datasets.items():
        records = [
            record(
                sample(number),
                rows=1 if number in members else 0,
                origin=lineage[number]["origin"],
                agent=lineage[number]["agent"],
                activity=len(MODELS) if lineage[number]["agent"] is None else lineage[number]["agent"],
                parents=[sample(parent) for parent in lineage[number]["parents"]],
            )
            for number in closure(lineage, members)
        ]
        file = write(folder, name, records, WORDS)
        yield IndexedSidecar(name, file, digest(file.read_bytes()), additional)


def numbers_of(graph: Graph, samples: set[int]) -> Any:
    return graph.numbers([sample(number) for number in sorted(samples)])


def samples_of(graph: Graph, numbers: Any) -> set[int]:
    known = {sample(number): number for number in range(COUNT)}
    return {known[identifier] for identifier in graph.ids(numbers)}
