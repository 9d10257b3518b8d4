"""originblame by its native calls: the hash of each parent stands where it takes the sections that a line came from."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import ob._ob_native as native  # type: ignore[import-not-found]
from ob import api

from benchmarks.peers.interface import Asking, Recording
from benchmarks.peers.workload import Level, Sample, closure

_REAL = "level-0.jsonl"


def prepare(folder: Path) -> Recording:
    api.init(ob_dir=folder)
    api.author_add("Real", "real@example.com", ob_dir=folder)
    section = api.register_section("raw/real.jsonl", ["Real"], "CC-BY-4.0", "2024", ob_dir=folder)
    return Recording(lambda levels: _record(str(folder), section, levels), [".ob/**/*"])


def open_asking(folder: Path) -> Asking:
    def sources(hashes: set[str]) -> set[str]:
        found: set[str] = set()
        for each in hashes:
            for record in native.lookup_document(str(folder), each):
                # What real samples come from is a section, and no sample.
                found |= set() if record["file"] == _REAL else set(record["sources"])
        return found

    def descendants(sample: Sample, _: int) -> int:
        children: dict[str, set[str]] = defaultdict(set)
        for record in native.read_all_documents(str(folder)):
            for source in record["sources"]:
                children[source].add(record["line_hash"])
        start = native.compute_hash(sample.text)
        return closure(start, lambda some: {child for each in some for child in children.get(each, ())})

    return Asking(lambda sample, _: closure(native.compute_hash(sample.text), sources), descendants)


def _record(folder: str, section: str, levels: list[Level]) -> None:
    hashes: dict[str, str] = {}
    for number, level in enumerate(levels):
        for sample in level:
            sources = sorted({hashes[parent] for parent in sample.parent_ids} or {section})
            native.track(sample.text, f"level-{number}.jsonl", sources, folder)
            hashes[sample.id] = native.compute_hash(sample.text)
