"""Datasets of random pipelines after one model was withdrawn, purged by what `provenance purge` is made of."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from support.pipelines import ID, Row, models_of
from support.sidecars import ledger_of
from support.workbench import Workbench, fingerprint

from provenance.identity import scan, write_rows
from provenance.identity.id_arrays import bytes_of_ids
from provenance.identity.names import sidecar_path
from provenance.ledger.reached import Reached
from provenance.ledger.selectors import select
from provenance.lineage.births import Dependency
from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.sidecar import write_sidecar
from provenance.lineage.tombstones import Tombstones
from provenance.repository import Repository
from provenance.upkeep.rows_to_go import RowsToGo


def purged(
    workbench: Workbench, repository: Repository, rng: random.Random, dataset: Dependency, truth: list[Row]
) -> tuple[Dependency, list[Row]]:
    """``dataset`` without what may be by one of the models of its sidecar, as another dataset, and its true rows.

    All rows of that model are gone. Of each text as many went as may have been; which of the others went along with
    them is arbitrary, as rows of equal content are interchangeable.
    """
    assert dataset.sidecar is not None and dataset.data is not None
    model = rng.choice(models_of(dataset.sidecar))
    path = Path(dataset.data).with_name(f"purged-{dataset.path}")
    with ledger_of(repository, dataset.sidecar) as ledger:
        recorded = ledger.recorded[0]
        reached = Reached.by(ledger.models, select(ledger, [f"model:{model}@1"])).in_all
        going = RowsToGo.of(ledger, recorded.place, [reached])
        ids = (bytes_of_ids(batch.sample_ids) for batch in scan(dataset.data, dataset.identity))
        kept = np.concatenate(list(going.kept(ids)))
        write_rows(dataset.data, kept, path)
        md5, size = fingerprint(path)
        header = recorded.sidecar.header
        state = header.dataset.model_copy(update={"path": path.name, "md5": md5, "size": size, "rows": int(kept.sum())})
        activities = (*header.activities, Activity(type=ActivityType.PURGE, parameters={"revocation": "r"}))
        batches = Tombstones(recorded.sidecar, going.causes, len(header.activities)).batches()
        after = header.model_copy(update={"dataset": state, "activities": activities})
        write_sidecar(Path(sidecar_path(str(path))), after, batches, recorded.sidecar.digest_size)
    assert int(going.drops.sum()) == len(truth) - int(kept.sum())
    return workbench.dependency(path), _stayed(rng, truth, model, kept.tolist())


def _stayed(rng: random.Random, truth: list[Row], model: str, kept: list[bool]) -> list[Row]:
    left: dict[str, list[Row]] = {text: [] for text in ID}
    # The rows of the model are taken last: only where a repetition that no count shows made bounds wrong.
    for row in sorted(rng.sample(truth, len(truth)), key=lambda row: row[1] != model):
        left[row[0]].append(row)
    return [left[text].pop() for (text, _), stays in zip(truth, kept, strict=True) if stays]
