"""flowcept without its services: a finished task for each sample, in the JSONL buffer that it writes offline."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.peers.interface import Recording
from benchmarks.peers.workload import Level, Sample


def prepare(folder: Path) -> Recording:
    # Read when it is imported; else it looks for services and for a settings file in the home directory.
    os.environ |= {"DB_FLUSH_MODE": "offline", "MQ_ENABLED": "false", "FLOWCEPT_SETTINGS_PATH": "none"}
    from flowcept import Flowcept, FlowceptTask  # type: ignore[import-not-found]

    def put(sample: Sample) -> None:
        FlowceptTask(
            task_id=sample.id,
            activity_id=f"level-{sample.level}",
            used={"parents": list(sample.parent_ids), "model": sample.model, "prompt": sample.prompt},
            generated={"id": sample.id, "cost": sample.cost},
        )

    def record(levels: list[Level]) -> None:
        with Flowcept(workflow_name="W100k"):
            for level in levels:
                for sample in level:
                    put(sample)

    return Recording(record, ["flowcept_buffer*.jsonl"])
