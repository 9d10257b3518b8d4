"""Rows added, removed and kept between two sidecars: one pass over both, in the order of their ids, as in a merge sort.

A block of each is held, never a whole sidecar. Sample ids are compared by their first eight bytes as
numbers, and wholly where these agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from provenance.errors import SidecarError
from provenance.identity.id_arrays import bytes_of_ids
from provenance.ledger.composition.counted import CELL_COLUMNS, Counted, count_cells
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.words import DOUBTS

_BLOCK_ROWS = 1 << 18
_TEXTS = ("origin", "kind", "license")
_KEY_BYTES = 8
# More groups than this in a block are renumbered: a table of all of them stays small.
_MOST_GROUPS = 1 << 20

Progress = Callable[[int], None]


@dataclass(frozen=True)
class RowDifference:
    """``added`` as the newer sidecar describes them, ``removed`` as the older one does; ``kept`` are in both."""

    added: Counted
    removed: Counted
    kept: int


def compare_rows(old: Sidecar | None, new: Sidecar | None, progress: Progress = lambda records: None) -> RowDifference:
    """How the rows of two datasets differ, as multisets of samples; None: a dataset without rows.

    The ids of both must have been computed alike. ``progress`` is called with the number of records read.

    Raises:
        SidecarError: a sidecar is damaged.
    """
    sides = _Side(old, progress), _Side(new, progress)
    kept = 0
    while sides[0].waiting and sides[1].waiting:
        bound = min(side.last for side in sides)
        kept += _match(sides[0].take(bound), sides[1].take(bound))
        for side in sides:
            side.settle()
    for side in sides:
        while side.waiting:
            side.take(side.last)
            side.settle()
    return RowDifference(added=sides[1].counted(kept), removed=sides[0].counted(kept), kept=kept)


def _match(old: _Window, new: _Window) -> int:
    """Take the rows that are in both off both; how many they are."""
    if not (len(old.ids) and len(new.ids)):
        return 0
    if _increases(old.keys) and _increases(new.keys):
        places = np.searchsorted(old.keys, new.keys)
    else:
        places = np.searchsorted(old.ids, new.ids)
    places[places == len(old.ids)] = 0
    hits = np.flatnonzero(old.ids[places] == new.ids)
    common = np.minimum(old.rows[places[hits]], new.rows[hits])
    # The windows are views: what is left of the rows stays in their blocks.
    old.rows[places[hits]] -= common
    new.rows[hits] -= common
    return int(common.sum())


@dataclass(frozen=True)
class _Window:
    """A part of a block: distinct ids in order, their first bytes as numbers, and how many rows each has."""

    ids: Any
    keys: Any
    rows: Any


class _Side:
    """One of the two sidecars, read block by block; what is left of a block's rows in the end, its side alone has."""

    def __init__(self, sidecar: Sidecar | None, progress: Progress) -> None:
        self._sidecar = sidecar
        self._blocks = iter(()) if sidecar is None else _blocks(sidecar, progress)
        self._alone: Counter[tuple[Any, ...]] = Counter()
        self._taken = 0
        self._block = next(self._blocks, None)

    @property
    def waiting(self) -> bool:
        return self._block is not None

    @property
    def last(self) -> bytes:
        assert self._block is not None
        return bytes(self._block.raw[-1])

    def take(self, bound: bytes) -> _Window:
        """The next samples up to and with the one of id ``bound``."""
        block = self._block
        assert block is not None
        start, self._taken = self._taken, int(np.searchsorted(block.ids, np.array(bound, block.ids.dtype), "right"))
        part = slice(start, self._taken)
        return _Window(block.ids[part], block.keys[part], block.rows[part])

    def settle(self) -> None:
        """Go on to the next block where this one was taken wholly."""
        block = self._block
        if block is None or self._taken < len(block.ids):
            return
        self._alone.update(block.cells())
        self._block, self._taken = next(self._blocks, None), 0
        if self._block is not None and bytes(self._block.raw[0]) <= bytes(block.raw[-1]):
            raise _disorder(self._sidecar)

    def counted(self, kept: int) -> Counted:
        """The rows that this side alone has; checks that they and those that are ``kept`` are all there should be."""
        if self._sidecar is None:
            return Counted()
        counted = count_cells(((*cell, rows) for cell, rows in self._alone.items()), self._sidecar.header)
        self._sidecar.require_rows(counted.rows + kept)
        return counted


class _Block:
    """Records of a sidecar that have rows."""

    def __init__(self, batch: pa.RecordBatch, sidecar: Sidecar) -> None:
        self._batch = batch
        self._sidecar = sidecar
        size = sidecar.digest_size
        self.raw = bytes_of_ids(batch.column("sample_id"))
        # Ids of one length are in the order of their bytes, whether or not zeros at the end count.
        self.ids = self.raw.view(f"S{size}").ravel()
        padded = np.zeros((len(self.raw), _KEY_BYTES), np.uint8)
        padded[:, : min(size, _KEY_BYTES)] = self.raw[:, :_KEY_BYTES]
        self.keys = padded.view(">u8").ravel().astype(np.uint64)
        self.rows = batch.column("rows").to_numpy().astype(np.int64)

    def check_order(self) -> None:
        closest = np.flatnonzero(self.keys[1:] <= self.keys[:-1])
        if not bool(np.all(self.ids[1:][closest] > self.ids[:-1][closest])):
            raise _disorder(self._sidecar)

    def cells(self) -> dict[tuple[Any, ...], int]:
        """The rows that are left, by the values of CELL_COLUMNS."""
        codes = np.zeros(len(self.rows), np.int64)
        size = 1
        for name in CELL_COLUMNS:
            column, values = self._coded(name)
            codes, size = codes * values + column, size * values
            if size > _MOST_GROUPS:
                distinct, codes = np.unique(codes, return_inverse=True)
                size = len(distinct)
        rows = np.bincount(codes, weights=self.rows, minlength=size)
        example = np.zeros(size, np.int64)
        example[codes] = np.arange(len(codes))
        found: Counter[tuple[Any, ...]] = Counter()
        for code in np.flatnonzero(rows):
            place = int(example[code])
            found[tuple(self._batch.column(name)[place].as_py() for name in CELL_COLUMNS)] += int(rows[code])
        return found

    def _coded(self, name: str) -> tuple[Any, int]:
        """The column as numbers from 0 (for null), and how many there can be."""
        column = self._batch.column(name)
        if name in _TEXTS:
            indices, known = column.indices, len(column.dictionary)
        else:
            header = self._sidecar.header
            known = {"agent": len(header.agents), "source": len(header.sources), "doubts": 1 << len(DOUBTS)}[name]
            indices = column
        greatest = pc.max(indices).as_py()
        if greatest is not None and greatest >= known:
            raise SidecarError(
                f"{self._sidecar.path}: its records refer to what its footer does not describe; it is damaged, "
                "restore it with `dvc checkout`"
            )
        return pc.fill_null(indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False) + 1, known + 1


def _blocks(sidecar: Sidecar, progress: Progress) -> Iterator[_Block]:
    columns = ["sample_id", "rows", *CELL_COLUMNS]
    try:
        with pq.ParquetFile(sidecar.path, read_dictionary=list(_TEXTS)) as file:
            for batch in file.iter_batches(_BLOCK_ROWS, columns=columns):
                progress(len(batch))
                bearing = batch.filter(pc.greater(batch.column("rows"), 0))
                if len(bearing):
                    block = _Block(bearing, sidecar)
                    block.check_order()
                    yield block
    except (pa.ArrowException, OSError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise SidecarError(f"{sidecar.path}: cannot be read ({first_line}); restore it with `dvc checkout`") from error


def _increases(keys: Any) -> bool:
    return bool(np.all(keys[1:] > keys[:-1]))


def _disorder(sidecar: Sidecar | None) -> SidecarError:
    assert sidecar is not None
    return SidecarError(
        f"{sidecar.path}: its records are not in the order of their ids, or count a sample's rows twice; it is "
        "damaged, restore it with `dvc checkout`"
    )
