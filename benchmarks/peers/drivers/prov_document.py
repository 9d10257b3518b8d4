"""prov: an entity for each sample, an activity for each derived one, an agent for each model; PROV-JSON on disk."""

from __future__ import annotations

from pathlib import Path

from prov.model import ProvDocument  # type: ignore[import-not-found]

from benchmarks.peers.interface import Recording
from benchmarks.peers.workload import Level


def prepare(folder: Path) -> Recording:
    return Recording(lambda levels: _record(folder / "lineage.json", levels), ["lineage.json"])


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
