"""originblame by its native calls: the hash of each parent stands where it takes the sections that a line came from."""

from __future__ import annotations

from pathlib import Path

import ob._ob_native as native  # type: ignore[import-not-found]
from ob import api

from benchmarks.peers.interface import Recording
from benchmarks.peers.workload import Level


def prepare(folder: Path) -> Recording:
    api.init(ob_dir=folder)
    api.author_add("Real", "real@example.com", ob_dir=folder)
    section = api.register_section("raw/real.jsonl", ["Real"], "CC-BY-4.0", "2024", ob_dir=folder)
    return Recording(lambda levels: _record(str(folder), section, levels), [".ob/**/*"])


def _record(folder: str, section: str, levels: list[Level]) -> None:
    hashes: dict[str, str] = {}
    for number, level in enumerate(levels):
        for sample in level:
            sources = sorted({hashes[parent] for parent in sample.parent_ids} or {section})
            native.track(sample.text, f"level-{number}.jsonl", sources, folder)
            hashes[sample.id] = native.compute_hash(sample.text)
