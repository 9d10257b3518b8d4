"""What an audit has read: data and sidecars with their hashes, so anyone can check whether they are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from provenance.auditing.mixture.file import read_mixture
from provenance.auditing.request import DatasetAt, Ledgers, Request
from provenance.documents import read_document
from provenance.file_digests import sha256_of
from provenance.ledger.datasets import State
from provenance.lineage.manifest import stating_file

Role = Literal["audited", "mixture", "reference", "evaluation", "previous"]


@dataclass(frozen=True)
class Input:
    """A dataset that was read. ``md5`` and ``size`` (bytes) are of the data, ``sidecar`` is the sidecar's local file.

    ``is_current``: the sidecar is of this very data.
    """

    role: Role
    dataset: DatasetAt
    md5: str | None
    size: int
    rows: int
    sidecar: Path
    is_current: bool

    def sidecar_digest(self) -> str:
        """``sha256:…`` of the sidecar as it is now; of a sharded one that of its manifest."""
        return sha256_of(stating_file(self.sidecar))


def inputs_of(ledgers: Ledgers, request: Request) -> tuple[Input, ...]:
    """All that ``request`` names, in its order."""
    return tuple(input_of(ledgers, role, dataset) for role, dataset in _named(ledgers, request))


def mixture_digest(root: Path, request: Request) -> str | None:
    """``sha256:…`` of the mixture file; None where none was asked for.

    Raises:
        ProvenanceError: it cannot be read.
    """
    if request.mixture is None:
        return None
    return f"sha256:{hashlib.sha256(read_document(root / request.mixture, 'mixture file')).hexdigest()}"


def _named(ledgers: Ledgers, request: Request) -> Iterator[tuple[Role, DatasetAt]]:
    for path in request.datasets:
        yield "audited", DatasetAt(path=path, commit=request.commit)
    if request.mixture is not None:
        for part in read_mixture(ledgers.root / request.mixture).parts:
            if part.dataset is not None and part.dataset not in request.datasets:
                yield "mixture", DatasetAt(path=part.dataset, commit=request.commit)
    if request.reference is not None:
        yield "reference", request.reference
    for evaluation in request.evaluation:
        yield "evaluation", evaluation
    if request.since is not None:
        there = {dataset.path for dataset in ledgers.at(request.since).recorded}
        for path in request.datasets:
            if path in there:
                yield "previous", DatasetAt(path=path, commit=request.since)


def input_of(ledgers: Ledgers, role: Role, dataset: DatasetAt) -> Input:
    """``dataset`` as it is, whether its sidecar is current or not.

    Raises:
        UnknownReferenceError: DVC tracks no such dataset there.
        SidecarError: it has no sidecar there that can be used.
    """
    recorded = ledgers.recorded(dataset)
    stated = recorded.sidecar.header.dataset
    return Input(
        role=role,
        dataset=dataset,
        md5=recorded.md5 or stated.md5,
        size=stated.size,
        rows=stated.rows,
        sidecar=recorded.sidecar.path,
        is_current=recorded.state is State.OK,
    )
