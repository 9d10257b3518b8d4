"""Rows added, removed and kept between two sidecars: one pass over both, in the order of their ids, as in a merge sort.

A block of each is held, never a whole sidecar. Sample ids are compared by their first eight bytes as
numbers, and wholly where these agree. Of a sample with several births, the rows of one side have those that the other
side's do not have (see `rows_left`); where that leaves it open, some rows may be of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from provenance.errors import SidecarError
from provenance.identity.id_arrays import bytes_of_ids
from provenance.ledger.composition.counted import CELL_COLUMNS, Counted, count_cells
from provenance.ledger.history.rows_left import Births, Left, rows_left
from provenance.lineage.row_bounds import BirthRows, starts_of
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.words import COUNTED_NAMES, DOUBTS, Origin

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
    old.narrow(new, places[hits], hits, common)
    new.narrow(old, hits, places[hits], common)
    # The windows are views: what is left of the rows stays in their blocks.
    old.rows[places[hits]] -= common
    new.rows[hits] -= common
    return int(common.sum())


@dataclass(frozen=True)
class _Window:
    """A part of a ``block``, from its sample ``start``: distinct ids in order, their first bytes as numbers, and how
    many rows each has."""

    block: _Block
    start: int
    ids: Any
    keys: Any
    rows: Any

    def narrow(self, other: _Window, own: Any, theirs: Any, common: Any) -> None:
        """Note which births the rows have that are left of the samples ``own`` without the ``common`` ones.

        ``theirs``: the places of these samples in ``other``.
        """
        places = self.start + own
        chosen = (common > 0) & (self.rows[own] > common) & self.block.has_several_births[places]
        if np.any(chosen):
            self.block.narrow(other.block, places[chosen], other.start + theirs[chosen])


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
        return _Window(block, start, block.ids[part], block.keys[part], block.rows[part])

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
    """Records of a sidecar that count rows; all of a sample together. ``rows``: those of each sample."""

    def __init__(self, batch: pa.RecordBatch, sidecar: Sidecar) -> None:
        self._batch = batch
        self._sidecar = sidecar
        size = sidecar.digest_size
        raw = bytes_of_ids(batch.column("sample_id"))
        # Ids of one length are in the order of their bytes, whether or not zeros at the end count.
        ids = raw.view(f"S{size}").ravel()
        is_first = np.append(True, ids[1:] != ids[:-1])
        self.raw, self.ids = raw[is_first], ids[is_first]
        padded = np.zeros((len(self.raw), _KEY_BYTES), np.uint8)
        padded[:, : min(size, _KEY_BYTES)] = self.raw[:, :_KEY_BYTES]
        self.keys = padded.view(">u8").ravel().astype(np.uint64)
        certain, possible, shared = (
            batch.column(name).fill_null(0).to_numpy().astype(np.int64) for name in COUNTED_NAMES
        )
        starts = starts_of(is_first)
        self._births = BirthRows(starts, certain, possible, np.add.reduceat(shared, starts[:-1]))
        self.rows = self._births.total.copy()
        self.has_several_births = np.diff(starts) > 1
        self._left: list[Left] = []

    def check_order(self) -> None:
        closest = np.flatnonzero(self.keys[1:] <= self.keys[:-1])
        if not bool(np.all(self.ids[1:][closest] > self.ids[:-1][closest])):
            raise _disorder(self._sidecar)

    def cells(self) -> dict[tuple[Any, ...], int]:
        """The rows that are left, by the values of CELL_COLUMNS."""
        births = self._births.some(self.rows)
        for left in self._left:
            births.rows[left.records], births.possible[left.records] = left.rows, left.possible
            births.shared[left.samples] = left.shared
        columns, codes, size = self._codes
        rows = np.bincount(codes, weights=births.rows, minlength=size)
        example = np.zeros(size, np.int64)
        example[codes] = np.arange(len(codes))
        found: Counter[tuple[Any, ...]] = Counter()
        for code in np.flatnonzero(rows):
            found[tuple(self._values(int(example[code])).values())] += int(rows[code])
        options = np.flatnonzero(births.possible)
        if len(options):
            self._add_shared(found, births, options, {name: codes[options] for name, (codes, _) in columns.items()})
        return found

    @cached_property
    def _codes(self) -> tuple[dict[str, tuple[Any, int]], Any, int]:
        """The values of CELL_COLUMNS as numbers (see `_coded`); of each record one number for all, and their limit."""
        columns = {name: self._coded(name) for name in CELL_COLUMNS}
        codes = np.zeros(len(self._births.rows), np.int64)
        size = 1
        for column, values in columns.values():
            codes, size = codes * values + column, size * values
            if size > _MOST_GROUPS:
                distinct, codes = np.unique(codes, return_inverse=True)
                size = len(distinct)
        return columns, codes, size

    @cached_property
    def _cells(self) -> tuple[Any, list[tuple[Any, ...]]]:
        """Of each record the place of its cell in the list; cells say by names what records say by number."""
        _, first, place = np.unique(self._codes[1], return_index=True, return_inverse=True)
        header, cells = self._sidecar.header, []
        for record in first.tolist():
            values = self._values(record)
            for name, described in (("agent", header.agents), ("source", header.sources)):
                values[name] = None if values[name] is None else described[values[name]]
            cells.append(tuple(values.values()))
        return place.ravel(), cells

    def narrow(self, other: _Block, own: Any, theirs: Any) -> None:
        """Note what is left of the samples ``own`` without the rows that ``other`` has of these, ``theirs`` there."""
        (cells, known), (other_cells, names) = self._cells, other._cells
        place = {name: number for number, name in enumerate(known)}
        same = np.array([place.get(name, len(known) + number) for number, name in enumerate(names)], np.int64)
        self._left.append(rows_left(Births(self._births, cells, own), Births(other._births, same[other_cells], theirs)))

    def _add_shared(self, found: Counter[tuple[Any, ...]], births: BirthRows, options: Any, codes: Any) -> None:
        """Add the rows that several births share: what these agree in, and a doubt about all else.

        ``options`` are the records of these births, of which ``codes`` has the columns.
        """
        of_sample = np.repeat(np.arange(len(births.shared)), np.diff(births.starts))[options]
        starts = np.flatnonzero(np.append(True, of_sample[1:] != of_sample[:-1]))
        named = [name for name in CELL_COLUMNS if name in DOUBTS]
        # From 1, as codes are; 0 where they differ.
        agreed = [
            np.where(
                np.minimum.reduceat(codes[name], starts) == (most := np.maximum.reduceat(codes[name], starts)),
                most + 1,
                0,
            )
            for name in named
        ]
        doubts = np.bitwise_or.reduceat(np.maximum(codes["doubts"] - 1, 0), starts)
        keys, first, place = np.unique(
            np.stack([*agreed, doubts], axis=1), axis=0, return_index=True, return_inverse=True
        )
        rows = np.bincount(place.ravel(), weights=births.shared[of_sample[starts]])
        for key, example, number in zip(keys.tolist(), first.tolist(), rows.tolist(), strict=True):
            values, bits = self._values(int(options[starts[example]])), key[-1]
            for name, code in zip(named, key, strict=False):
                if not code:
                    values[name] = Origin.UNKNOWN.value if name == "origin" else None
                    bits |= 1 << DOUBTS.index(name)
            found[tuple((values | {"doubts": bits or None}).values())] += int(number)

    def _values(self, place: int) -> dict[str, Any]:
        return {name: self._batch.column(name)[place].as_py() for name in CELL_COLUMNS}

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
    columns = ["sample_id", *COUNTED_NAMES, *CELL_COLUMNS]
    try:
        with pq.ParquetFile(sidecar.path, read_dictionary=list(_TEXTS)) as file:
            waiting: pa.Table | None = None
            for batch in file.iter_batches(_BLOCK_ROWS, columns=columns):
                progress(len(batch))
                read = pa.Table.from_batches([batch.filter(_counts(batch))])
                table = read if waiting is None else pa.concat_tables([waiting, read])
                # A sample's records may go on in the next block.
                whole = _first_of_last(table)
                waiting = table.slice(whole)
                yield from _block(table.slice(0, whole), sidecar)
            if waiting is not None:
                yield from _block(waiting, sidecar)
    except (pa.ArrowException, OSError) as error:
        first_line = str(error).strip().split("\n")[0]
        raise SidecarError(f"{sidecar.path}: cannot be read ({first_line}); restore it with `dvc checkout`") from error


def _counts(batch: pa.RecordBatch) -> pa.Array:
    """Which records count rows: their own, possible ones, or those that the sample's other births share."""
    counted = [pc.greater(pc.fill_null(batch.column(name), 0), 0) for name in COUNTED_NAMES]
    return reduce(pc.or_, counted)


def _first_of_last(table: pa.Table) -> int:
    """Where the records of the last sample begin."""
    same = pc.equal(table["sample_id"], table["sample_id"][-1]).to_numpy() if len(table) else np.ones(1, bool)
    return int(np.argmax(same))


def _block(table: pa.Table, sidecar: Sidecar) -> Iterator[_Block]:
    if len(table):
        (batch,) = table.unify_dictionaries().combine_chunks().to_batches()
        block = _Block(batch, sidecar)
        block.check_order()
        yield block


def _increases(keys: Any) -> bool:
    return bool(np.all(keys[1:] > keys[:-1]))


def _disorder(sidecar: Sidecar | None) -> SidecarError:
    assert sidecar is not None
    return SidecarError(
        f"{sidecar.path}: its records are not in the order of their ids; it is damaged, restore it with `dvc checkout`"
    )
