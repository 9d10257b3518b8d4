"""Where the rows are that something reached, and what they say: for people to look at, so only so many of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from provenance.errors import RepositoryError
from provenance.identity import scan
from provenance.identity.id_arrays import bytes_of_ids
from provenance.ledger.contents import named_as, whole_data
from provenance.ledger.graph.identifiers import SampleIds
from provenance.ledger.row_places import identity_of_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.descent.interface import AffectedSamples
    from provenance.ledger.sidecars import Sidecars


@dataclass(frozen=True)
class AffectedRow:
    """A row at ``place`` (PATH:ROW, or the path of a file that is a sample; from the DVC root).

    ``certain``: all rows of its sample are affected, in whatever way each was born.
    """

    place: str
    sample_id: str
    text: str
    certain: bool


@dataclass(frozen=True)
class AffectedRows:
    """The first rows, in the datasets' order; ``not_here``: the datasets that were to be listed and cannot be."""

    rows: tuple[AffectedRow, ...]
    not_here: tuple[str, ...]


def affected_rows(ledger: Sidecars, affected: AffectedSamples, most: int) -> AffectedRows:
    """The first ``most`` rows that what was selected reaches.

    Raises:
        DataError: data cannot be read.
        SidecarError: a sidecar is of other data.
    """
    rows: list[AffectedRow] = []
    not_here: list[str] = []
    for dataset in ledger.recorded:
        if len(rows) == most:
            break
        try:
            rows.extend(islice(_of_dataset(ledger, dataset, affected), most - len(rows)))
        except RepositoryError:
            not_here.append(dataset.path)
    return AffectedRows(tuple(rows), tuple(not_here))


def _of_dataset(ledger: Sidecars, dataset: RecordedDataset, affected: AffectedSamples) -> Iterator[AffectedRow]:
    may_be = affected.may_be(dataset.place)
    if not len(may_be):
        return
    dataset.require_current()
    identity = identity_of_sidecar(ledger, dataset)
    data = whole_data(ledger, dataset)
    certainly = affected.certainly(dataset.place)
    scanned = scan(data, identity, texts_and=[])
    with named_as(dataset, data):
        for batch in scanned:
            ids = SampleIds.of_bytes(bytes_of_ids(batch.sample_ids))
            offsets = np.flatnonzero(may_be.places_of(ids) >= 0)
            found = ids[offsets]
            is_sure = certainly.places_of(found) >= 0
            texts = [""] * len(offsets) if batch.texts is None else batch.texts.texts.take(offsets).to_pylist()
            for offset, sample_id, text, known in zip(
                offsets.tolist(), found.hex(), texts, is_sure.tolist(), strict=True
            ):
                inside, row = scanned.place(batch.first_row + offset)
                path = dataset.path if inside is None else f"{dataset.path}/{inside}"
                yield AffectedRow(path if row is None else f"{path}:{row}", sample_id, text, known)
