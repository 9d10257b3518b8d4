"""Many small random lineages in one: samples born in several ways, what was purged, models that learnt from datasets.

Each question is asked of all of them at once, as a question costs an engine on a cluster about the same whatever the
size; answers are then compared graph by graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from support.contents import digest
from support.several_births import divided
from support.sidecars import Words, record, sample, write

from provenance.ledger.descent.interface import CameOf, Named
from provenance.ledger.graph.segments import IndexedSidecar
from provenance.lineage.records import Activity, ActivityType, Agent, Source
from provenance.models import ModelRegister, RegisteredModel, TrainingDataset

SAMPLES = 7
DATASETS = ("a.jsonl", "b.jsonl", "c.jsonl")
# Not of the revision: a model was trained on an earlier state of it.
EARLIER = "earlier.jsonl"
AGENTS = (Agent(name="m0"), Agent(name="m1"))
WORDS = Words(
    (
        *(Activity(type=ActivityType.GENERATION, agent=agent.id) for agent in AGENTS),
        Activity(type=ActivityType.DERIVATION),
        Activity(type=ActivityType.PURGE),
    ),
    AGENTS,
    (),
    (Source(name="library", license="PSF-2.0"), Source(name="forum")),
)
_PURGE = 3

Records = list[dict[str, Any]]


def graphs(seed: int, count: int) -> Mapping[str, Records]:
    """The records of each dataset, over ``count`` graphs that have no sample in common."""
    random = Random(seed)
    found: dict[str, Records] = {name: [] for name in (*DATASETS, EARLIER)}
    for graph in range(count):
        births = {number: _births(random, number, graph) for number in range(SAMPLES)}
        for name in random.sample(list(found), random.randint(1, 3)):
            found[name] += _dataset(random, births, graph)
    return found


def named_graph(sample_id: str) -> int:
    """The graph that a sample is of."""
    return int(sample_id[16:], 16) // SAMPLES


def id_of(graph: int, number: int) -> str:
    return sample(graph * SAMPLES + number)


def _births(random: Random, number: int, graph: int) -> list[dict[str, Any]]:
    return [_birth(random, number, graph) for _ in range(random.choice([1, 1, 1, 2, 3]))]


def _birth(random: Random, number: int, graph: int) -> dict[str, Any]:
    origin = random.choice(["real", "synthetic", "synthetic", "mixed", "unknown"])
    if random.random() < 0.1:
        return {"origin": origin, "activity": _PURGE, "evidence": None}
    made = origin in ("synthetic", "mixed")
    agent = random.choice([0, 1]) if origin == "synthetic" else None
    parents = random.sample(range(number), min(number, random.randint(0, 2))) if made else []
    evidence = random.choice(["observed", "declared", "declared", "inferred"]) if origin != "unknown" else None
    return {
        "origin": origin,
        "kind": random.choice([None, "rewrite"]) if made else None,
        "agent": agent,
        "activity": agent if agent is not None else random.choice([None, 2]),
        "source": random.choice([None, 0, 1]) if origin == "real" else None,
        "license": random.choice([None, "MIT"]),
        "depth": random.choice([None, 0, 1]),
        "real_rooted": random.choice([None, True, False]),
        "evidence": evidence,
        "parents": [id_of(graph, parent) for parent in parents],
        "parent_roles": [random.choice([None, "context", "seed"]) for _ in parents],
    }


def _dataset(random: Random, births: Mapping[int, Sequence[dict[str, Any]]], graph: int) -> Records:
    """Some samples with rows, and all ancestors of these by the births that this dataset knows."""
    known = {
        number: random.sample(all_of_it, random.randint(1, len(all_of_it))) for number, all_of_it in births.items()
    }
    parents = {
        number: {parent for birth in chosen for parent in birth.get("parents", [])} for number, chosen in known.items()
    }
    members = set(random.sample(range(SAMPLES), random.randint(1, 5)))
    inside = set(members)
    for number in reversed(range(SAMPLES)):
        if number in inside:
            inside |= {other for other in range(SAMPLES) if id_of(graph, other) in parents[number]}
    found = []
    for number in sorted(inside):
        lows = [random.choice([0, 0, 1, 2]) if number in members else 0 for _ in known[number]]
        highs = [low + (random.choice([0, 0, 1]) if number in members else 0) for low in lows]
        seen = {} if number in members or random.random() < 0.5 else {"content_bytes": None}
        rows = divided(known[number], lows, highs, random.randint(sum(lows), sum(highs)))
        found += [record(id_of(graph, number), **{**each, "tokens": None, **seen}) for each in rows]
    return found


@dataclass(frozen=True)
class Written:
    """The sidecars of `graphs` as files, those of the revision first, and a register of models that learnt of them."""

    sidecars: Sequence[IndexedSidecar]
    register: ModelRegister


def write_all(folder: Path, datasets: Mapping[str, Records]) -> Written:
    files = {name: write(folder, name, records, WORDS) for name, records in datasets.items()}
    sidecars = [
        IndexedSidecar(name, file, digest(file.read_bytes()), additional=name == EARLIER)
        for name, file in files.items()
    ]
    digests = {sidecar.path: sidecar.digest for sidecar in sidecars}

    def trained_on(*paths: str) -> tuple[TrainingDataset, ...]:
        return tuple(TrainingDataset(path=path, md5="0" * 32, sidecar_md5=digests[path]) for path in paths)

    models = (
        RegisteredModel(name="m0", trained_on=trained_on("a.jsonl")),
        RegisteredModel(name="m1", base="m0", trained_on=trained_on(EARLIER)),
    )
    return Written(sidecars, ModelRegister(models=models))


# What is asked; by graph, the number of a sample is the same.
QUESTIONS: Mapping[str, Sequence[Named]] = {
    "a model": [Named(fits=lambda born: born.agent == 0)],
    "a source": [Named(fits=lambda born: born.source == 0)],
    "unknown origin": [Named(fits=lambda born: born.origin == "unknown", every=True)],
    "a kind or a dataset": [Named(fits=lambda born: born.kind == "rewrite"), Named(dataset=1)],
    "samples": [Named(sample_ids=tuple(id_of(graph, 1) for graph in range(0, 1000, 2)))],
    "tombstones": [Named(fits=lambda born: born.activity is not None and born.evidence is None)],
    "nothing": [Named(fits=lambda born: False)],
}


def told(came: CameOf) -> dict[str, Any]:
    """An answer as values, ids by graph."""
    return {
        "selected": came.selected,
        "direct": _by_graph(came.direct),
        "through models": _by_graph(came.through_models),
        "counts": (len(came.direct), len(came.through_models)),
        "passages": came.passages,
        "rows": dict(came.rows),
        "affected": [_by_graph(came.affected.may_be(place).hex()) for place in range(len(DATASETS))],
        "certainly": [_by_graph(came.affected.certainly(place).hex()) for place in range(len(DATASETS))],
    }


def _by_graph(sample_ids: Iterable[str]) -> dict[int, list[str]]:
    found = defaultdict(list)
    for sample_id in sample_ids:
        found[named_graph(sample_id)].append(sample_id)
    return {graph: sorted(ids) for graph, ids in found.items()}
