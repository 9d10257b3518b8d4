"""The sidecars of the datasets that registered models were trained on, whichever revision had them.

The register names them by DVC's hash. Where a sidecar of the revision that is asked about has that hash, it is the
same; the others are found in DVC's cache, or fetched, and only added to the graph.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from provenance.ledger.graph.opening import has_segment
from provenance.ledger.graph.segments import IndexedSidecar

if TYPE_CHECKING:
    from provenance.ledger.graph.store import Store
    from provenance.models import ModelRegister, TrainingDataset
    from provenance.repository import Repository


def _datasets(register: ModelRegister | None) -> dict[str, TrainingDataset]:
    """Every dataset that a registered model was trained on, by the hash of its sidecar."""
    if register is None:
        return {}
    return {dataset.sidecar_md5: dataset for model in register.models for dataset in model.trained_on}


def additional_sidecars(register: ModelRegister | None, known: Collection[str]) -> list[IndexedSidecar]:
    """Those whose hash is not among the ``known``, without their files."""
    datasets = _datasets(register)
    return [
        IndexedSidecar(datasets[md5].path, None, md5, additional=True) for md5 in sorted(datasets) if md5 not in known
    ]


def located_sidecars(
    repository: Repository, register: ModelRegister | None, store: Store | None, sidecars: Iterable[IndexedSidecar]
) -> Iterator[IndexedSidecar]:
    """Those of ``sidecars`` that can be had, with their files where these have to be read.

    ``store``: where what was read before need not be read again (None: nowhere).
    """
    from provenance.identity.names import sidecar_path

    datasets = _datasets(register)
    for sidecar in sidecars:
        if store is not None and has_segment(store, sidecar):
            yield sidecar
            continue
        dataset = datasets[sidecar.digest]
        file = repository.file_once_at(sidecar_path(dataset.path), dataset.sidecar_md5, dataset.commit)
        if file is not None:
            yield replace(sidecar, file=file)
