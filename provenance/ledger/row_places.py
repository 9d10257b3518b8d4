"""In which rows of a dataset samples stand, by its row places: kept where ids were computed, or made when first asked.

A row whose first bytes only one known id has is that sample's, as the sidecar is of this very data; where several ids
begin alike, the row is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from provenance.identity.row_places import HEAD_BYTES, RowPlaces, clean_places, find_places, write_places
from provenance.ledger.datasets import State
from provenance.lineage.content_choice import identity_by

if TYPE_CHECKING:
    from provenance.files import Cleaned
    from provenance.identity import Identity
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.sidecars import Sidecars


def identity_of_sidecar(ledger: Sidecars, dataset: RecordedDataset) -> Identity:
    """How the ids in the dataset's sidecar were made."""
    stated = dataset.sidecar.header.identity
    types = ledger.repository.settings(ledger.rev).for_dataset(dataset.path).types
    file_ids = ledger.repository.file_ids(dataset.path, ledger.rev)
    return identity_by(stated, column_types=types, file_ids=file_ids)


def kept_places(ledger: Sidecars, dataset: RecordedDataset) -> RowPlaces | None:
    """The dataset's row places, if they are kept already."""
    return find_places(*kept_at(ledger, dataset))


def made_places(ledger: Sidecars, dataset: RecordedDataset, data: Path) -> RowPlaces | None:
    """The same, made from ``data`` if need be, which is read once as a whole.

    None where there are none, as files are samples themselves.

    Raises:
        DataError: the data cannot be read.
    """
    from provenance.identity import scan
    from provenance.identity.formats import open_reader

    at = kept_at(ledger, dataset)
    found = find_places(*at)
    identity = identity_of_sidecar(ledger, dataset)
    if found is not None or open_reader(data, identity).samples_are_files:
        return found
    write_places(scan(data, identity), *at)
    return find_places(*at)


def clean(ledger: Sidecars) -> Cleaned:
    """Remove the row places of all data but that of the ledger's datasets."""
    kept = [kept_at(ledger, dataset)[1:] for dataset in ledger.recorded if dataset.md5 is not None]
    return clean_places(ledger.repository.temporary, kept)


def kept_at(ledger: Sidecars, dataset: RecordedDataset) -> tuple[Path, str, Identity, str]:
    """The folder, the data's hash, and so on. What DVC does not know yet is kept as long as the ledger is open."""
    temporary = ledger.folder if dataset.md5 is None else ledger.repository.temporary
    md5 = dataset.md5 or f"dataset-{dataset.place}"
    return temporary, md5, identity_of_sidecar(ledger, dataset), Path(dataset.path).name


def first_rows(
    ledger: Sidecars, dataset: RecordedDataset, places: RowPlaces, data: Path, sample_ids: Collection[bytes]
) -> dict[bytes, int]:
    """The first row of each of the samples that the dataset has, in the order of the rows.

    ``data`` is read where ids begin alike only, and where the sidecar is not of it.
    """
    is_known = dataset.state is State.OK
    by_head: dict[int, set[bytes]] = {}
    for sample_id in sample_ids:
        by_head.setdefault(int.from_bytes(sample_id[:HEAD_BYTES], "big"), set()).add(sample_id)
    found: dict[bytes, int] = {}
    for row, head in _first_of_heads(places, by_head):
        waiting = by_head[head]
        only = _only_one(ledger, waiting) if is_known else None
        if only is not None:
            found[only] = row
        else:
            found |= _by_reading(ledger, dataset, places, data, head, waiting)
        del by_head[head]
    return dict(sorted(found.items(), key=lambda each: each[1]))


def _first_of_heads(places: RowPlaces, waiting: dict[int, set[bytes]]) -> Iterator[tuple[int, int]]:
    """The first row of each head that is ``waiting``, until none is."""
    for rows in places.rows_with(np.array(sorted(waiting), np.uint32)):
        heads, first = np.unique(places.heads[rows - 1], return_index=True)
        for head, row in sorted(zip(heads.tolist(), rows[first].tolist(), strict=True), key=lambda each: each[1]):
            if head in waiting:
                yield row, head
        if not waiting:
            return


def _only_one(ledger: Sidecars, sample_ids: set[bytes]) -> bytes | None:
    """The one of ``sample_ids``, if no other id that is known begins like it."""
    first = next(iter(sample_ids))
    alike = ledger.lookups.beginning_with(first[:HEAD_BYTES].hex(), most=2)
    return first if alike == [first.hex()] else None


def _by_reading(
    ledger: Sidecars, dataset: RecordedDataset, places: RowPlaces, data: Path, head: int, wanted: set[bytes]
) -> dict[bytes, int]:
    from provenance.identity.picking import pick_rows

    found: dict[bytes, int] = {}
    identity = identity_of_sidecar(ledger, dataset)
    for rows in places.rows_with(np.array([head], np.uint32)):
        for each in pick_rows(data, identity, places, rows.tolist()):
            if each.sample_id in wanted:
                found.setdefault(each.sample_id, each.number)
            if len(found) == len(wanted):
                return found
    return found
