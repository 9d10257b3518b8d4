"""Does a dataset's sidecar tell the truth? Asked of the files themselves, whatever is remembered of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from provenance.errors import SidecarError
from provenance.file_digests import md5_of
from provenance.files import scratch_folder
from provenance.identity import Identity
from provenance.ledger.contents import whole_data
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.row_places import identity_of_sidecar
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.database import said_by
from provenance.lineage.problems import Problem
from provenance.lineage.verification import verify
from provenance.repository.remarks import NOT_AS_RECORDED


def problems_of(ledger: Sidecars, dataset: RecordedDataset) -> list[Problem]:
    """What does not hold of ``dataset``; the data is read.

    Raises:
        RepositoryError: the data is not on this machine and cannot be fetched.
        SidecarError: the sidecar cannot be read at all.
    """
    data = whole_data(ledger, dataset)
    md5 = dataset.md5
    if ledger.rev is None and (ledger.repository.root / dataset.path).exists():
        md5, _ = ledger.repository.md5(dataset.path, anew=True)
    elif data.is_file():
        md5 = md5_of(data)
    identity = replace(identity_of_sidecar(ledger, dataset), file_ids=None)
    try:
        problems = _verified(ledger, dataset, data, identity, md5)
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        remedy = "restore it with `dvc checkout`, or make it again"
        raise SidecarError(f"{dataset.path}: its sidecar cannot be read ({said_by(error)}); {remedy}") from error
    if not dataset.as_recorded:
        problems.append(Problem(f"{dataset.path} (sidecar)", None, NOT_AS_RECORDED))
    return problems


def _verified(
    ledger: Sidecars, dataset: RecordedDataset, data: Path, identity: Identity, md5: str | None
) -> list[Problem]:
    sidecar, name = dataset.sidecar.path, dataset.path
    if ledger.tasks is None:
        return verify(data, sidecar, identity, name=name, md5=md5, workspace=ledger.folder)
    from provenance.engines.verify_by_range import verify_by_range

    in_tasks, shared = ledger.tasks
    with scratch_folder(shared, "verify") as folder:
        return verify_by_range(data, sidecar, identity, name=name, md5=md5, folder=folder, in_tasks=in_tasks)
