"""prov: an entity for each sample, an activity for each derived one, an agent for each model; PROV-JSON on disk."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from prov.model import ProvDerivation, ProvDocument

from benchmarks.peers.interface import Asking, Recording
from benchmarks.peers.workload import Level, closure


def prepare(folder: Path) -> Recording:
    return Recording(lambda levels: _record(folder / "lineage.json", levels), ["lineage.json"])


def open_asking(folder: Path) -> Asking:
    document = ProvDocument.deserialize(str(folder / "lineage.json"))
    parents: dict[str, set[str]] = defaultdict(set)
    children: dict[str, set[str]] = defaultdict(set)
    for derivation in document.get_records(ProvDerivation):
        made, used = (str(value) for _, value in derivation.formal_attributes[:2])
        parents[made].add(used)
        children[used].add(made)

    def count(name: str, next_to: dict[str, set[str]]) -> int:
        return closure(f"sample:{name}", lambda some: {found for each in some for found in next_to.get(each, ())})

    return Asking(lambda sample, _: count(sample.id, parents), lambda sample, _: count(sample.id, children))


def _record(path: Path, levels: list[Level]) -> None:
    document = ProvDocument()
    for prefix in ("sample", "generation", "model", "lineage"):
        document.add_namespace(prefix, f"urn:{prefix}:")
    for level in levels:
        document.agent(f"model:{level[0].model}")
        for sample in level:
            entity, activity = f"sample:{sample.id}", f"generation:{sample.id}"
            document.entity(entity, {"lineage:level": sample.level})
            if not sample.parent_ids:
                continue
            document.activity(activity, other_attributes={"lineage:prompt": sample.prompt, "lineage:cost": sample.cost})
            document.wasAssociatedWith(activity, f"model:{sample.model}")
            document.wasGeneratedBy(entity, activity)
            for parent in sample.parent_ids:
                document.wasDerivedFrom(entity, f"sample:{parent}", activity)
    document.serialize(str(path), format="json")
