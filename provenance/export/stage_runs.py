"""The runs of stages that datasets go back to, with what went in and came out.

A stage has activities where it changed rows. One that passed all rows on is known from DVC alone, and only where an
exported dataset is its out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provenance.export.subject import Subject
    from provenance.ledger.datasets import RecordedDataset
    from provenance.lineage.records import Activity, StageRun


@dataclass
class Run:
    """One run. ``inputs``: paths with DVC's hashes; ``outputs``: datasets of the revision that it made.

    ``commit``: git's, None where it is not known; ``time``: when it ended, or began, None where nobody recorded that.
    """

    name: str
    key: str
    command: str | None = None
    inputs: dict[str, str | None] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, RecordedDataset] = field(default_factory=dict)
    activities: set[str] = field(default_factory=set)
    commit: str | None = None
    time: datetime | None = None


def runs(subject: Subject) -> list[Run]:
    """The runs, the earliest first; those of which no time is known come last."""
    found: dict[str, Run] = {}
    for dataset in subject.datasets:
        for activity in dataset.header.activities:
            if activity.stage is not None:
                run = found.setdefault(_key(activity.stage), _run(activity, activity.stage))
                run.activities.add(activity.id)
                run.time = _latest(run.time, activity.ended or activity.started)
    stages = stages_of(subject)
    for run in found.values():
        run.outputs.update(_outputs(subject, run, stages))
    for run in _passing_on(subject, stages, found):
        found[run.key] = run
    return sorted(found.values(), key=lambda run: (run.time is None, str(run.time or ""), run.key))


def stages_of(subject: Subject) -> dict[str, str | None]:
    """The stage that makes each dataset of the revision; None of one that is added or imported."""
    ledger = subject.ledger
    return {dataset.path: dataset.stage for dataset in ledger.repository.datasets(ledger.rev)}


def _latest(*times: datetime | None) -> datetime | None:
    return max((each for each in times if each is not None), default=None)


def _key(stage: StageRun) -> str:
    """What activities of one run agree in."""
    return json.dumps([stage.name, stage.command, stage.dependencies, stage.parameters], sort_keys=True, default=str)


def _run(activity: Activity, stage: StageRun) -> Run:
    return Run(
        name=stage.name,
        key=_key(stage),
        command=stage.command,
        inputs=dict(stage.dependencies),
        parameters=dict(stage.parameters),
        commit=activity.git.head if activity.git else None,
    )


def _outputs(subject: Subject, run: Run, stages: Mapping[str, str | None]) -> Iterator[tuple[str, RecordedDataset]]:
    for dataset in subject.ledger.recorded:
        if stages.get(dataset.path) != run.name:
            continue
        if run.activities & {activity.id for activity in dataset.sidecar.header.activities}:
            yield dataset.path, dataset


def _passing_on(subject: Subject, stages: Mapping[str, str | None], found: Mapping[str, Run]) -> Iterator[Run]:
    """Stages whose outs are exported and that bore no activity in them."""
    made = {path for run in found.values() for path in run.outputs}
    without = [each for each in subject.datasets if each.path not in made and stages.get(each.path)]
    if not without:
        return
    inputs = subject.ledger.repository.stage_inputs(subject.ledger.rev)
    known = {each.path: each.md5 for each in subject.ledger.recorded}
    for dataset in without:
        name = str(stages[dataset.path])
        read = {path: known.get(path) for path in sorted(inputs.get(dataset.path, ()))}
        recorded = dataset.part.dataset
        yield Run(name, f"{name} {dataset.md5}", None, read, outputs={dataset.path: recorded})
