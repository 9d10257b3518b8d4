"""`write_batch` of `provenance.record`: the same recorders as `recorder` has, 1,000 rows at a time."""

from __future__ import annotations

from pathlib import Path

import provenance
from benchmarks.peers.drivers import recorder
from benchmarks.peers.interface import Recording
from benchmarks.peers.workload import TEMPLATE, Level

_SIZE = 1000


def prepare(folder: Path) -> Recording:
    recorder.prepare(folder)
    return Recording(_record, recorder.FILES)


def _record(levels: list[Level]) -> None:
    with provenance.record("level-0.jsonl", source=provenance.Source(name="real")) as recording:
        for part in _parts(levels[0]):
            recording.write_batch([{"text": sample.text} for sample in part])
    for number, level in enumerate(levels[1:], start=1):
        model, prompt = provenance.Model(name=level[0].model), provenance.Prompt(name="rewrite", template=TEMPLATE)
        before = f"level-{number - 1}.jsonl"
        with provenance.record(f"level-{number}.jsonl", model=model, prompt=prompt, kind="rewrite") as recording:
            for part in _parts(level):
                recording.write_batch(
                    [{"text": sample.text} for sample in part],
                    parents=[[f"{before}:{place + 1}" for place in sample.parents] for sample in part],
                    prompt_variables=[sample.prompt_variables for sample in part],
                    costs=[sample.cost for sample in part],
                )


def _parts(level: Level) -> list[Level]:
    return [level[start : start + _SIZE] for start in range(0, len(level), _SIZE)]
