"""Does a dataset's sidecar tell the truth? Asked of the files themselves, whatever is remembered of them."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from provenance.errors import SidecarError
from provenance.files import md5_of
from provenance.ledger.contents import local_data
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.row_places import identity_of_sidecar
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.verification import Problem, verify
from provenance.repository.remarks import NOT_AS_RECORDED


def problems_of(ledger: Sidecars, dataset: RecordedDataset) -> list[Problem]:
    """What does not hold of ``dataset``; the data is read.

    Raises:
        RepositoryError: the data is not on this machine and cannot be fetched.
        SidecarError: the sidecar cannot be read at all.
    """
    data = local_data(ledger, dataset)
    md5 = dataset.md5
    if ledger.rev is None and (ledger.repository.root / dataset.path).exists():
        md5, _ = ledger.repository.md5(dataset.path, anew=True)
    elif data.is_file():
        md5 = md5_of(data)
    try:
        problems = verify(
            data,
            dataset.sidecar.path,
            replace(identity_of_sidecar(ledger, dataset), file_ids=None),
            name=dataset.path,
            md5=md5,
            workspace=ledger.folder,
        )
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        first_line = str(error).strip().split("\n")[0]
        remedy = "restore it with `dvc checkout`, or make it again"
        raise SidecarError(f"{dataset.path}: its sidecar cannot be read ({first_line}); {remedy}") from error
    if not dataset.as_recorded:
        problems.append(Problem(f"{dataset.path} (sidecar)", None, NOT_AS_RECORDED))
    return problems
