"""tracepipe in its debug mode: it watches pandas, so each level is a merge of the rows' parents with the level before.

What it saw stays in memory until it is exported; the export is part of recording.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tracepipe  # type: ignore[import-not-found]

from benchmarks.peers.interface import Recording
from benchmarks.peers.workload import Level


def prepare(folder: Path) -> Recording:
    tracepipe.enable(mode="debug")
    return Recording(lambda levels: _record(folder / "lineage.json", levels), ["lineage.json"])


def _record(path: Path, levels: list[Level]) -> None:
    before = pd.DataFrame([{"id": sample.id, "text": sample.text} for sample in levels[0]])
    for level in levels[1:]:
        links = pd.DataFrame(
            [
                {"id": sample.id, "text": sample.text, "parent": parent}
                for sample in level
                for parent in sample.parent_ids
            ]
        )
        merged = links.merge(before[["id"]].rename(columns={"id": "parent"}), on="parent", how="left")
        before = merged.drop_duplicates(subset=["id"])[["id", "text"]]
    tracepipe.debug.inspect().export("json", str(path))
