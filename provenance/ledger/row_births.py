"""How the rows of each sample of a dataset were born, as arrays: which samples fit a question, certainly or possibly.

`DatasetRows` adds rows up, and no longer knows whose they are; here it can be made again of some samples alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from provenance.engines.interface import AmbiguousSamples, BornAlike, Cell, Option
from provenance.identity.id_arrays import bytes_of_ids
from provenance.ledger.rows import DatasetRows

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.ledger.sidecars import Sidecars

_BATCH_ROWS = 1 << 17
_NO, _IN_DOUBT, _YES = 0, 1, 2
# What a birth says of a question: None where that is in doubt.
Fits = Callable[[BornAlike], bool | None]


@dataclass(frozen=True)
class Fitting:
    """By number in the ledger's graph (bool): the samples whose rows all ``certainly`` fit, and those that ``may``."""

    certainly: Array
    may: Array
    _heads: Array | None = field(default=None, init=False, repr=False, compare=False)

    def heads(self, graph: Graph) -> Array:
        """The first bytes of the ids of those that ``may``, see `Graph.heads_of`; worked out once."""
        if self._heads is None:
            object.__setattr__(self, "_heads", graph.heads_of(self.may))
        assert self._heads is not None
        return self._heads

    def __and__(self, other: Fitting) -> Fitting:
        return Fitting(self.certainly & other.certainly, self.may & other.may)


class SampleRows:
    """A line for each way in which rows of a sample were, or may have been, born; a sample's lines come together.

    ``numbers``: the samples, in the ledger's ``graph``; ``units``: which lines share their ambiguous rows, as a number;
    ``ways`` are those of `RowBirths`, and so are the other arrays.
    """

    def __init__(self, ledger: Sidecars, dataset: RecordedDataset) -> None:
        dataset.require_current()
        found = ledger.engine.of(dataset.place).row_births(_BATCH_ROWS)
        self.graph: Graph = ledger.graph
        self.ways = found.ways
        parts: list[tuple[Array, ...]] = []
        units, last = 0, None
        for batch in found.batches:
            raw = bytes_of_ids(batch.column("sample_id").cast(_fixed(dataset)))
            unit = batch.column("unit").to_pylist()
            is_new = np.ones(len(raw), bool)
            is_new[1:] = (raw[1:] != raw[:-1]).any(axis=1) | np.array(
                [one != other for one, other in zip(unit[1:], unit[:-1], strict=True)], bool
            )
            if last is not None and len(raw) and (raw[0].tobytes(), unit[0]) == last:
                is_new[0] = False
            place = units + np.cumsum(is_new)
            units, last = int(place[-1]), (raw[-1].tobytes(), unit[-1])
            numbers = self.graph.numbers_of_bytes(raw).astype(np.uint32)
            columns = [batch.column(name).to_numpy() for name in ("way", "rows", "possible", "rest")]
            parts.append((numbers, place.astype(np.uint32), *(column.astype(np.uint32) for column in columns)))
        empty = tuple(np.empty(0, np.uint32) for _ in range(6))
        joined = [np.concatenate(several) for several in zip(*(parts or [empty]), strict=True)]
        self.numbers, self.units, self.way, self.rows, self.possible, self.rest = joined

    def fitting(self, fits: Fits) -> Fitting:
        """The samples of whose births ``fits`` is true of all, and those of which it may be true of one."""
        answers = {True: _YES, None: _IN_DOUBT, False: _NO}
        codes = np.array([answers[fits(way)] for way in self.ways], np.uint8)[self.way]
        may, certainly = np.zeros(self.graph.size, bool), np.zeros(self.graph.size, bool)
        may[self.numbers[codes != _NO]] = True
        certainly[self.numbers] = True
        certainly[self.numbers[codes != _YES]] = False
        return Fitting(certainly, may)

    def only(self, samples: Array) -> DatasetRows:
        """The rows of ``samples`` (bool, by number) alone; sizes are not known here, and 0."""
        chosen = samples[self.numbers]
        certain = np.bincount(self.way[chosen], weights=self.rows[chosen], minlength=len(self.ways)).astype(np.int64)
        cells = [
            Cell(**_said(way), rows=rows, bytes=0, tokens=None, rows_with_tokens=0)
            for way, rows in zip(self.ways, certain.tolist(), strict=True)
            if rows
        ]
        lines = np.flatnonzero(chosen & (self.possible > 0))
        is_first = np.append(True, self.units[lines][1:] != self.units[lines][:-1])[: len(lines)]
        alike: Counter[tuple[int, tuple[tuple[int, int], ...]]] = Counter()
        for unit in np.split(lines, np.flatnonzero(is_first)[1:]) if len(lines) else ():
            options = tuple(zip(self.way[unit].tolist(), self.possible[unit].tolist(), strict=True))
            alike[int(self.rest[unit[0]]), options] += 1
        ambiguous = [
            AmbiguousSamples(
                rest, tuple(Option(**_said(self.ways[way]), possible=rows) for way, rows in options), count, 0, None, 0
            )
            for (rest, options), count in alike.items()
        ]
        return DatasetRows(cells, ambiguous)


def _fixed(dataset: RecordedDataset) -> object:
    import pyarrow as pa

    return pa.binary(dataset.sidecar.digest_size)


def _said(way: BornAlike) -> dict[str, Any]:
    return asdict(way)
