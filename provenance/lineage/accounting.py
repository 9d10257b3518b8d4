"""What became of the rows that went into a stage, and what its recorders rejected.

All of it is told from sidecars, without reading data: it can be asked again at any time, so it is stored nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.identity.id_arrays import bytes_of_ids
from provenance.identity.id_order import leading_bits
from provenance.lineage.id_ranges import IdRange, ranges_for
from provenance.lineage.merging.lists import lengths_of
from provenance.lineage.merging.numbering import Ids, numbered
from provenance.lineage.merging.shelf import Shelf
from provenance.lineage.records import Activity
from provenance.lineage.sidecar import Sidecar, open_sidecar
from provenance.lineage.sorted_records import RecordsInRange, SortedRecords

# About so many records are counted at a time.
_AT_ONCE = 1 << 18
_COUNTED = ("rows", "ambiguous_rows")
_COUNTED_OF_PARENTS = ("rows", "possible_rows", "activity", "parents")
_PARENTS, _ROWS = "parents", "rows"
_NO_ACTIVITY = -1


@dataclass(frozen=True)
class InputRows:
    """What became of the rows of one dataset that a stage depends on, in rows; the three sum to ``rows``.

    ``kept``: as many of a sample's rows as the outs have of it. ``changed``: of those that are left, as many as there
    are rows of the outs that the stage made, or may have made, from the sample. ``dropped``: the others. Which of
    several inputs with equal rows a row came from is not known: each counts as many as may have come from it.
    """

    path: str
    rows: int
    kept: int
    changed: int
    dropped: int


@dataclass(frozen=True)
class StageAccount:
    """``rejected``: how many results the stage's recorders rejected, by reason."""

    inputs: tuple[InputRows, ...]
    rejected: Mapping[str, int]


def account_for(inputs: Sequence[Path], outs: Sequence[Path], workspace: Path) -> StageAccount:
    """Account for a stage that read the datasets of the sidecars ``inputs`` and wrote those of the sidecars ``outs``.

    Raises:
        SidecarError: a sidecar cannot be read.
    """
    read, written = [open_sidecar(path) for path in inputs], [open_sidecar(path) for path in outs]
    known = {activity.id for sidecar in read for activity in sidecar.header.activities}
    made_here = {
        activity.id: activity
        for sidecar in written
        for activity in sidecar.header.activities
        if activity.id not in known
    }
    return StageAccount(tuple(_input_rows(read, written, set(made_here), workspace)), _rejected(made_here.values()))


def _rejected(activities: Iterable[Activity]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for activity in activities:
        total.update(activity.rejected or {})
    return dict(total.most_common())


def _input_rows(
    read: Sequence[Sidecar], written: Sequence[Sidecar], made_here: set[str], workspace: Path
) -> Iterable[InputRows]:
    if not read or not written:
        return
    inputs, outs = ([SortedRecords(sidecar) for sidecar in sidecars] for sidecars in (read, written))
    spans = ranges_for(sum(sidecar.records for sidecar in (*read, *written)), _AT_ONCE)
    sizes = {sidecar.digest_size for sidecar in (*read, *written)}
    with TemporaryDirectory(prefix="account-", dir=workspace) as folder:
        shelf = Shelf(Path(folder))
        for each in spans:
            for sidecar, records in zip(written, outs, strict=True):
                of_parents = records.read(each, _COUNTED_OF_PARENTS)
                _lay_parents(of_parents, _numbers_of(sidecar, made_here), sizes, shelf, each.bits)
        counted = sum(
            (_counted(number, each, inputs, outs, sizes, shelf) for number, each in enumerate(spans)),
            np.zeros((len(read), 3), np.int64),
        )
    for sidecar, (rows, kept, changed) in zip(read, counted.tolist(), strict=True):
        yield InputRows(sidecar.header.dataset.path, rows, kept, changed, rows - kept - changed)


def _numbers_of(sidecar: Sidecar, made_here: set[str]) -> list[int]:
    return [number for number, activity in enumerate(sidecar.header.activities) if activity.id in made_here]


def _lay_parents(records: RecordsInRange, made_here: Sequence[int], sizes: set[int], shelf: Shelf, bits: int) -> None:
    """Of the records that were made here, leave each parent, with their rows, to the range of ids that it is in.

    A row that was carried here has its parents from an earlier stage: they say nothing about this one.
    """
    parents = records.columns["parents"]
    if parents is None or not made_here:
        return
    chosen = np.isin(_values(records, "activity", _NO_ACTIVITY), made_here)
    lists = parents.combine_chunks().filter(pa.array(chosen))
    rows = (_values(records, "rows") + _values(records, "possible_rows"))[chosen]
    ids = bytes_of_ids(lists.flatten())
    of_parents = np.repeat(rows, lengths_of(lists))
    targets = leading_bits(ids, bits)
    for number in np.unique(targets).tolist():
        is_there = targets == number
        shelf.add_bytes(number, _PARENTS, _alike(ids[is_there], sizes))
        shelf.add_bytes(number, _ROWS, of_parents[is_there])


def _counted(
    number: int,
    each: IdRange,
    inputs: Sequence[SortedRecords],
    outs: Sequence[SortedRecords],
    sizes: set[int],
    shelf: Shelf,
) -> npt.NDArray[np.int64]:
    """Of each input, its rows of a range of ids, how many were kept, and how many were changed."""
    found = [records.read(each, _COUNTED) for records in (*inputs, *outs)]
    parents = shelf.all_bytes(number, _PARENTS).reshape(-1, _width(sizes))
    ids, samples = numbered([*(_alike(records.ids, sizes) for records in found), parents])
    rows = [
        np.bincount(of, _values(records, "rows") + _values(records, "ambiguous_rows"), len(ids)).astype(np.int64)
        for records, of in zip(found, samples[:-1], strict=True)
    ]
    used = np.bincount(samples[-1], shelf.all_bytes(number, _ROWS).view(np.int64), len(ids)).astype(np.int64)
    members = sum(rows[len(inputs) :], np.zeros(len(ids), np.int64))
    # A sample's rows may be there several times, and of these some may have been kept, others changed or dropped.
    kept = [np.minimum(of_input, members) for of_input in rows[: len(inputs)]]
    counted = [
        (of_input.sum(), stay.sum(), np.minimum(of_input - stay, used).sum())
        for of_input, stay in zip(rows[: len(inputs)], kept, strict=True)
    ]
    return np.array(counted, np.int64)


def _values(records: RecordsInRange, name: str, null: int = 0) -> npt.NDArray[np.int64]:
    column = records.columns[name]
    if column is None:
        return np.full(len(records.ids), null, np.int64)
    values: npt.NDArray[np.int64] = column.cast(pa.int64()).fill_null(null).to_numpy()
    return values


def _width(sizes: set[int]) -> int:
    return max(sizes) + (len(sizes) > 1)


def _alike(ids: Ids, sizes: set[int]) -> Ids:
    """Ids as bytes of one length; where they are of several ``sizes``, which they are comes last: none is another."""
    if len(sizes) == 1:
        return ids
    width = ids.shape[1]
    return np.pad(ids, ((0, 0), (0, _width(sizes) - width)), constant_values=width)
