"""How the rows of each sample of a dataset were born, as arrays: which samples fit a question, certainly or possibly.

`DatasetRows` adds rows up, and no longer knows whose they are; here it can be made again of some samples alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from provenance.engines.answers import AmbiguousSamples, BornAlike, Cell, Option
from provenance.identity.id_arrays import bytes_of_ids
from provenance.ledger.rows import DatasetRows

if TYPE_CHECKING:
    import pyarrow as pa

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


@dataclass(frozen=True)
class _Possible:
    """The lines of rows that are only possible; ``starts_unit``: whether a line is the first of its unit."""

    numbers: Array
    way: Array
    possible: Array
    rest: Array
    starts_unit: Array


class SampleRows:
    """A line for each way in which rows of a sample were, or may have been, born.

    ``numbers`` are those of the samples, in the ledger's ``graph``, and ``ways`` those of `RowBirths`.
    """

    def __init__(self, ledger: Sidecars, dataset: RecordedDataset) -> None:
        dataset.require_current()
        found = ledger.engine.of(dataset.place).row_births(_BATCH_ROWS)
        self.graph: Graph = ledger.graph
        self.ways = found.ways
        self._width = dataset.sidecar.digest_size
        parts = [(self._numbers(batch), *_columns(batch, "way", "rows")) for batch in found.certain]
        empty = tuple(np.empty(0, np.uint32) for _ in range(3))
        self.numbers, self.way, self.rows = (
            np.concatenate(several) for several in zip(*(parts or [empty]), strict=True)
        )
        self._possible = self._possible_of(list(found.possible))

    def fitting(self, fits: Fits) -> Fitting:
        """The samples of whose births ``fits`` is true of all, and those of which it may be true of one."""
        answers = {True: _YES, None: _IN_DOUBT, False: _NO}
        of_way = np.array([answers[fits(way)] for way in self.ways], np.uint8)
        may, certainly = np.zeros(self.graph.size, bool), np.zeros(self.graph.size, bool)
        lines = [(self.numbers, of_way[self.way]), (self._possible.numbers, of_way[self._possible.way])]
        for numbers, codes in lines:
            may[numbers[codes != _NO]] = True
            certainly[numbers] = True
        for numbers, codes in lines:
            certainly[numbers[codes != _YES]] = False
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
        return DatasetRows(cells, self._ambiguous(np.flatnonzero(samples[self._possible.numbers])))

    def _ambiguous(self, lines: Array) -> list[AmbiguousSamples]:
        """What the ``lines`` of possible rows come to, which are whole units; those that are alike together."""
        found = self._possible
        alike: Counter[tuple[int, tuple[tuple[int, int], ...]]] = Counter()
        for unit in np.split(lines, np.flatnonzero(found.starts_unit[lines])[1:]) if len(lines) else ():
            options = tuple(zip(found.way[unit].tolist(), found.possible[unit].tolist(), strict=True))
            alike[int(found.rest[unit[0]]), options] += 1
        return [
            AmbiguousSamples(
                rest, tuple(Option(**_said(self.ways[way]), possible=rows) for way, rows in options), count, 0, None, 0
            )
            for (rest, options), count in alike.items()
        ]

    def _numbers(self, batch: pa.RecordBatch) -> Array:
        import pyarrow as pa

        raw = bytes_of_ids(batch.column("sample_id").cast(pa.binary(self._width)))
        return self.graph.numbers_of_bytes(raw).astype(np.uint32)

    def _possible_of(self, batches: list[pa.RecordBatch]) -> _Possible:
        """The lines of ``batches``: a unit begins where the sample is another one, or the mark."""
        import pyarrow as pa

        if not batches:
            nothing = np.empty(0, np.uint32)
            return _Possible(nothing, nothing, nothing, nothing, np.empty(0, bool))
        numbers = np.concatenate([self._numbers(batch) for batch in batches])
        table = pa.Table.from_batches(batches)
        marks = table["unit"].combine_chunks().dictionary_encode().indices.to_numpy()
        starts_unit = np.ones(len(numbers), bool)
        starts_unit[1:] = (numbers[1:] != numbers[:-1]) | (marks[1:] != marks[:-1])
        way, possible, rest = (table[name].to_numpy() for name in ("way", "possible", "rest"))
        return _Possible(numbers, way, possible, rest, starts_unit)


def _columns(batch: pa.RecordBatch, *names: str) -> list[Array]:
    return [batch.column(name).to_numpy() for name in names]


def _said(way: BornAlike) -> dict[str, Any]:
    return asdict(way)
