"""What samples say, for a page: as much as is found in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from provenance.errors import DataError, RepositoryError
from provenance.identity import scan
from provenance.ledger.contents import identity_of_sidecar, local_data

if TYPE_CHECKING:
    from provenance.ledger.sidecars import Sidecars

_SECONDS = 0.5


def texts_in_time(
    ledger: Sidecars, sample_ids: Iterable[str], most: int, now: Callable[[], float] = time.monotonic
) -> dict[str, str]:
    """The first ``most`` characters of what each sample says; of those that are found in time, and on this machine."""
    wanted = {bytes.fromhex(sample_id) for sample_id in sample_ids}
    ends = now() + _SECONDS
    found: dict[str, str] = {}
    holders = [ledger.recorded[place] for place in ledger.engine.holders(sorted(wanted))]
    for dataset in sorted(holders, key=lambda each: each.rows):
        asked = wanted - {bytes.fromhex(sample_id) for sample_id in found}
        if not asked or now() >= ends:
            break
        try:
            identity, data = identity_of_sidecar(ledger, dataset), local_data(ledger, dataset)
            chosen = pa.array(sorted(asked), pa.binary(identity.digest_size))
            for batch in scan(data, identity, texts_and=[]):
                offsets = pc.indices_nonzero(pc.is_in(batch.sample_ids, chosen)).to_pylist()
                if batch.texts is None:
                    break
                for offset in offsets:
                    text = batch.texts.texts[offset].as_py() or ""
                    found.setdefault(batch.sample_ids[offset].as_py().hex(), text[:most])
                if now() >= ends:
                    break
        except (RepositoryError, DataError):
            continue
    return found
