"""What samples say, for a page: as much as is found in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from provenance.errors import DataError, RepositoryError
from provenance.identity import scan
from provenance.identity.picking import pick_rows
from provenance.ledger.contents import holders, whole_data
from provenance.ledger.row_places import first_rows, identity_of_sidecar, kept_places

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.sidecars import Sidecars

_SECONDS = 0.5


def texts_in_time(
    ledger: Sidecars, sample_ids: Iterable[str], most: int, now: Callable[[], float] = time.monotonic
) -> dict[str, str]:
    """The first ``most`` characters of what each sample says; of those that are found in time, and on this machine."""
    wanted = {bytes.fromhex(sample_id) for sample_id in sample_ids}
    ends = now() + _SECONDS
    found: dict[bytes, str] = {}
    for dataset in holders(ledger, wanted):
        asked = wanted - found.keys()
        if not asked or now() >= ends:
            break
        with suppress(RepositoryError, DataError):
            for sample_id, text in _said_in(ledger, dataset, asked):
                if sample_id is not None:
                    found.setdefault(sample_id, text[:most])
                if now() >= ends:
                    break
    return {sample_id.hex(): text for sample_id, text in found.items()}


def _said_in(
    ledger: Sidecars, dataset: RecordedDataset, asked: Collection[bytes]
) -> Iterator[tuple[bytes | None, str]]:
    """Samples of ``asked`` that are in the dataset, with what they say; None from time to time, while one is sought."""
    identity, data = identity_of_sidecar(ledger, dataset), whole_data(ledger, dataset)
    places = kept_places(ledger, dataset)
    if places is not None:
        rows = first_rows(ledger, dataset, places, data, asked)
        picked = pick_rows(data, identity, places, list(rows.values()))
        yield from ((each.sample_id, each.text) for each in picked if each.sample_id in asked)
        return
    chosen = pa.array(sorted(asked), pa.binary(identity.digest_size))
    for batch in scan(data, identity, texts_and=[]):
        if batch.texts is None:
            return
        for offset in pc.indices_nonzero(pc.is_in(batch.sample_ids, chosen)).to_pylist():
            yield batch.sample_ids[offset].as_py(), batch.texts.texts[offset].as_py() or ""
        yield None, ""
