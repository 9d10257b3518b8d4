"""Rows of some samples by how they were born, counted in the cells that history adds up.

Of a sample with several births, the rows of one side have those that the other side's do not have (see `rows_left`);
where that leaves it open, some rows may be of each.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from provenance.errors import SidecarError
from provenance.ledger.composition.counted import CELL_COLUMNS
from provenance.ledger.history.rows_left import Births, Left, rows_left
from provenance.lineage.words import DOUBTS, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provenance.lineage.coded_columns import CodedColumn
    from provenance.lineage.row_bounds import Array, BirthRows
    from provenance.lineage.sidecar import Sidecar

# More groups than this are renumbered: a table of all of them stays small.
_MOST_GROUPS = 1 << 20


class DescribedRows:
    """The rows of some samples of ``sidecar``; ``columns`` has CELL_COLUMNS of each record of ``births``."""

    def __init__(self, columns: Mapping[str, CodedColumn], births: BirthRows, sidecar: Sidecar) -> None:
        self._columns = columns
        self._births = births
        self._sidecar = sidecar
        self._left: list[Left] = []

    def narrow(self, other: DescribedRows, own: Array, theirs: Array) -> None:
        """Note what is left of the samples ``own`` without the rows that ``other`` has of these, ``theirs`` there."""
        (cells, known), (other_cells, names) = self._cells, other._cells
        place = {name: number for number, name in enumerate(known)}
        same = np.array([place.get(name, len(known) + number) for number, name in enumerate(names)], np.int64)
        self._left.append(rows_left(Births(self._births, cells, own), Births(other._births, same[other_cells], theirs)))

    def counted(self, rows: Array) -> Counter[tuple[Any, ...]]:
        """``rows`` of each sample, by the values of CELL_COLUMNS."""
        births = self._births.some(rows)
        for left in self._left:
            births.rows[left.records], births.possible[left.records] = left.rows, left.possible
            births.shared[left.samples] = left.shared
        columns, codes, size = self._codes
        counted = np.bincount(codes, weights=births.rows, minlength=size)
        example = np.zeros(size, np.int64)
        example[codes] = np.arange(len(codes))
        found: Counter[tuple[Any, ...]] = Counter()
        for code in np.flatnonzero(counted):
            found[tuple(self._values(int(example[code])).values())] += int(counted[code])
        options = np.flatnonzero(births.possible)
        if len(options):
            self._add_shared(found, births, options, {name: codes[options] for name, (codes, _) in columns.items()})
        return found

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

    def _values(self, place: int) -> dict[str, Any]:
        columns = self._codes[0]
        return {name: self._columns[name].value(int(columns[name][0][place])) for name in CELL_COLUMNS}

    def _coded(self, name: str) -> tuple[Any, int]:
        """The column as numbers (0 for null), and what all of these are less than."""
        codes = self._columns[name].codes
        most = int(codes.max(initial=0))
        header = self._sidecar.header
        described = {"agent": len(header.agents), "source": len(header.sources), "doubts": (1 << len(DOUBTS)) - 1}
        if most > described.get(name, most):
            raise SidecarError(
                f"{self._sidecar.path}: its records refer to what its footer does not describe; it is damaged, "
                "restore it with `dvc checkout`"
            )
        return codes, most + 1
