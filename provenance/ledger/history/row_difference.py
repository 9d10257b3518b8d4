"""Rows added, removed and kept between two sidecars: one pass over both, in the order of their ids, as in a merge sort.

A block of each is held, never a whole sidecar. Sample ids are compared by their first eight bytes as
numbers, and wholly where these agree. Where a sample has several births and only some of its rows are in the other
sidecar, too, which of them these are is bounded by counts, as for rows that a script picked.
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
from provenance.lineage.schema import COUNTED_NAMES
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.words import DOUBTS

_BLOCK_ROWS = 1 << 18
_TEXTS = ("origin", "kind", "license")
_KEY_BYTES = 8
# More groups than this in a block are renumbered: a table of all of them stays small.
_MOST_GROUPS = 1 << 20

Progress = Callable[[int], None]
# Of CELL_COLUMNS; and rows of a sample with the values that they may have, each with the rows that may have them.
Values = tuple[Any, ...]
Options = tuple[int, tuple[tuple[Values, int], ...]]


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
        self._alone: Counter[Values] = Counter()
        self._ambiguous: Counter[Options] = Counter()
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
        certain, ambiguous = block.left()
        self._alone.update(certain)
        self._ambiguous.update(ambiguous)
        self._block, self._taken = next(self._blocks, None), 0
        if self._block is not None and bytes(self._block.raw[0]) <= bytes(block.raw[-1]):
            raise _disorder(self._sidecar)

    def counted(self, kept: int) -> Counted:
        """The rows that this side alone has; checks that they and those that are ``kept`` are all there should be."""
        if self._sidecar is None:
            return Counted()
        counted = count_cells(
            ((*cell, rows) for cell, rows in self._alone.items()), self._sidecar.header, self._ambiguous
        )
        self._sidecar.require_rows(counted.rows + kept)
        return counted


class _Block:
    """Samples that have rows, each with all of its records that a row may have been born by.

    ``rows`` is by sample, in the order of ``ids``: what is left of them.
    """

    def __init__(self, batch: pa.RecordBatch, sidecar: Sidecar) -> None:
        self._batch = batch
        self._sidecar = sidecar
        size = sidecar.digest_size
        raw = bytes_of_ids(batch.column("sample_id"))
        self._starts = np.flatnonzero(_differs_from_the_last(raw))
        self.raw = raw[self._starts]
        # Ids of one length are in the order of their bytes, whether or not zeros at the end count.
        self.ids = self.raw.view(f"S{size}").ravel()
        padded = np.zeros((len(self.raw), _KEY_BYTES), np.uint8)
        padded[:, : min(size, _KEY_BYTES)] = self.raw[:, :_KEY_BYTES]
        self.keys = padded.view(">u8").ravel().astype(np.uint64)
        self._certain, self._possible, rest = (
            pc.fill_null(batch.column(name), 0).to_numpy().astype(np.int64) for name in COUNTED_NAMES
        )
        self._total = np.add.reduceat(self._certain + rest, self._starts)
        self._rest = np.add.reduceat(rest, self._starts)
        self.rows = self._total.copy()

    def check_order(self) -> None:
        closest = np.flatnonzero(self.keys[1:] <= self.keys[:-1])
        if not bool(np.all(self.ids[1:][closest] > self.ids[:-1][closest])):
            raise _disorder(self._sidecar)

    def left(self) -> tuple[Counter[Values], Counter[Options]]:
        """The rows that are left, by the values of CELL_COLUMNS: those whose birth is certain, and the others."""
        codes, size = self._codes()
        records = np.diff(np.append(self._starts, len(codes)))
        # What is left of a sample with one record is of this; what is wholly left divides as the sidecar says.
        certain = np.where(
            np.repeat(records == 1, records),
            np.repeat(self.rows, records),
            np.where(np.repeat(self.rows == self._total, records), self._certain, 0),
        )
        example = np.zeros(size, np.int64)
        example[codes] = np.arange(len(codes))
        in_doubt: Counter[tuple[int, tuple[tuple[int, int], ...]]] = Counter()
        for sample in np.flatnonzero((records > 1) & (self.rows > 0) & ((self._rest > 0) | (self.rows < self._total))):
            those = slice(self._starts[sample], self._starts[sample] + records[sample])
            lows, possible = self._divided(int(sample), those)
            certain[those] = lows
            options: Counter[int] = Counter()
            for code, count in zip(codes[those].tolist(), possible, strict=True):
                options[code] += count
            rest = int(self.rows[sample]) - sum(lows)
            if rest:
                in_doubt[rest, tuple(sorted((+options).items()))] += 1
        rows = np.bincount(codes, weights=certain, minlength=size)
        values = {code: self._values(int(example[code])) for code in np.flatnonzero(rows).tolist()}
        found: Counter[Values] = Counter()
        for code, cell in values.items():
            found[cell] += int(rows[code])
        ambiguous: Counter[Options] = Counter()
        for (rest, coded), samples in in_doubt.items():
            options_of = tuple((self._values(int(example[code])), count) for code, count in coded)
            ambiguous[rest, options_of] += samples
        return found, ambiguous

    def _divided(self, sample: int, those: slice) -> tuple[list[int], list[int]]:
        """Of each record of a sample the rows that are certainly left, and those that may be beyond these."""
        rows, gone = int(self.rows[sample]), int(self._total[sample] - self.rows[sample])
        lows = [max(0, low - gone) for low in self._certain[those].tolist()]
        highs = [min(rows, high) for high in (self._certain[those] + self._possible[those]).tolist()]
        least, most = sum(lows), sum(highs)
        narrow = [
            (max(low, rows - (most - high)), min(high, rows - (least - low)))
            for low, high in zip(lows, highs, strict=True)
        ]
        return [low for low, _ in narrow], [high - low for low, high in narrow]

    def _codes(self) -> tuple[Any, int]:
        """For each record a number that stands for its values of CELL_COLUMNS, from 0, and how many there can be."""
        codes = np.zeros(len(self._batch), np.int64)
        size = 1
        for name in CELL_COLUMNS:
            column, values = self._coded(name)
            codes, size = codes * values + column, size * values
            if size > _MOST_GROUPS:
                distinct, codes = np.unique(codes, return_inverse=True)
                size = len(distinct)
        return codes, size

    def _values(self, place: int) -> Values:
        return tuple(self._batch.column(name)[place].as_py() for name in CELL_COLUMNS)

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
    for batch in _whole_samples(sidecar, progress):
        counted = [pc.greater(pc.fill_null(batch.column(name), 0), 0) for name in COUNTED_NAMES]
        bearing = batch.filter(pc.or_(pc.or_(counted[0], counted[1]), counted[2]))
        if len(bearing):
            block = _Block(bearing, sidecar)
            block.check_order()
            yield block


def _whole_samples(sidecar: Sidecar, progress: Progress) -> Iterator[pa.RecordBatch]:
    """The records in batches that have all records of a sample or none of them."""
    columns = ["sample_id", *COUNTED_NAMES, *CELL_COLUMNS]
    waiting: list[pa.RecordBatch] = []
    try:
        with pq.ParquetFile(sidecar.path, read_dictionary=list(_TEXTS)) as file:
            for batch in file.iter_batches(_BLOCK_ROWS, columns=columns):
                progress(len(batch))
                last = int(np.flatnonzero(_differs_from_the_last(bytes_of_ids(batch.column("sample_id"))))[-1])
                if waiting and batch.column("sample_id")[0] != waiting[-1].column("sample_id")[-1]:
                    yield _joined(waiting)
                    waiting = []
                if last:
                    yield _joined([*waiting, batch.slice(0, last)])
                    waiting = []
                waiting.append(batch.slice(last))
    except (pa.ArrowException, OSError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise SidecarError(f"{sidecar.path}: cannot be read ({first_line}); restore it with `dvc checkout`") from error
    if waiting:
        yield _joined(waiting)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    table = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
    return table.to_batches()[0]


def _differs_from_the_last(raw: Any) -> Any:
    """Whether each id, a row of bytes, differs from the one before it; the first does."""
    return np.append(True, (raw[1:] != raw[:-1]).any(axis=1))


def _increases(keys: Any) -> bool:
    return bool(np.all(keys[1:] > keys[:-1]))


def _disorder(sidecar: Sidecar | None) -> SidecarError:
    assert sidecar is not None
    return SidecarError(
        f"{sidecar.path}: its records are not in the order of their ids; it is damaged, restore it with `dvc checkout`"
    )
