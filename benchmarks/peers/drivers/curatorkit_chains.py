"""curatorkit: each sample carries the chain of its ancestors' records, with the notes that its own generators write."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from curatorkit.schema import DataSample, ProvenanceRecord  # type: ignore[import-not-found]

from benchmarks.peers.interface import Asking, Recording
from benchmarks.peers.workload import Level, Sample, closure


def prepare(folder: Path) -> Recording:
    return Recording(lambda levels: _record(folder / "samples.jsonl", levels), ["samples.jsonl"])


def open_asking(folder: Path) -> Asking:
    def count(start: str, *, up: bool) -> int:
        next_to: dict[str, set[str]] = defaultdict(set)
        with (folder / "samples.jsonl").open(encoding="utf-8") as file:
            for line in file:
                sample = json.loads(line)
                notes = sample["provenance_chain"][-1]["notes"]
                for parent in (notes[name] for name in ("source_sample_id", "source_sample_id_b") if name in notes):
                    child = sample["id"]
                    next_to[child if up else parent].add(parent if up else child)
        return closure(start, lambda some: {found for each in some for found in next_to.get(each, ())})

    return Asking(lambda sample, _: count(sample.id, up=True), lambda sample, _: count(sample.id, up=False))


def _record(path: Path, levels: list[Level]) -> None:
    chains: dict[str, list[Any]] = {}
    with path.open("w", encoding="utf-8") as file:
        for level in levels:
            for sample in level:
                inherited = list(chains[sample.parent_ids[0]]) if sample.parent_ids else []
                made = DataSample(
                    id=sample.id,
                    source_uri=f"file:///level-{sample.level}.jsonl",
                    instruction=sample.prompt,
                    output=sample.text,
                    provenance_chain=inherited,
                )
                made.append_provenance(_step(sample))
                chains[sample.id] = made.provenance_chain
                file.write(made.model_dump_json() + "\n")


def _step(sample: Sample) -> Any:
    if not sample.parent_ids:
        return ProvenanceRecord(
            step_name="JSONLReader", step_version="1", config_hash="0", notes={"source_file": "real.jsonl"}
        )
    notes: dict[str, Any] = {
        "llm_model": sample.model,
        "prompt_hash": hashlib.sha256(sample.prompt.encode()).hexdigest()[:12],
        "source_sample_id": sample.parent_ids[0],
    }
    if len(sample.parent_ids) > 1:
        notes["source_sample_id_b"] = sample.parent_ids[1]
    return ProvenanceRecord(step_name="rewrite", step_version="1", config_hash="0", notes=notes)
