"""Rows by group, of one sidecar at a time and of what history asks: for the log of a dataset, and for differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from provenance.ledger.composition.breakdowns import OF_HISTORY, most_first
from provenance.lineage.rules import effective_license
from provenance.lineage.words import AMBIGUOUS, doubts_of

if TYPE_CHECKING:
    from provenance.ledger.rows import DatasetRows
    from provenance.lineage.records import Header

# Columns of a sidecar whose rows are alike here.
CELL_COLUMNS = ("origin", "kind", "agent", "source", "license", "doubts")

# Values of CELL_COLUMNS, and how many rows certainly have them.
Counts = tuple[str, str | None, int | None, int | None, str | None, int | None, int]


@dataclass(frozen=True)
class Counted:
    """``rows``, and for each breakdown of history the rows that are certain of each group, the largest first.

    What is certain of no group of a breakdown is of its group ``ambiguous``.
    """

    rows: int = 0
    groups: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in OF_HISTORY})

    def as_json(self) -> dict[str, Any]:
        """``rows``, and each breakdown from group to ``{rows, fraction}``."""
        breakdowns = {
            name: {group: {"rows": rows, "fraction": rows / self.rows} for group, rows in self.groups[name].items()}
            for name in OF_HISTORY
        }
        return {"rows": self.rows, **breakdowns}


def count_cells(cells: Iterable[Counts], header: Header) -> Counted:
    """Add up ``cells`` of the sidecar with this ``header``.

    Raises:
        IndexError: a cell refers to what the header does not describe.
    """
    models = [agent.label for agent in header.agents]
    certain = [_named(cell, models, header) for cell in cells]
    groups: dict[str, Counter[str]] = {name: Counter() for name in OF_HISTORY}
    for cell in certain:
        for name, breakdown in OF_HISTORY.items():
            group = breakdown.group(cell)
            if group is not None and cell.rows:
                groups[name][group] += cell.rows
    return Counted(sum(cell.rows for cell in certain), {name: most_first(rows) for name, rows in groups.items()})


def counted_rows(rows: DatasetRows) -> Counted:
    """What history keeps of ``rows``."""
    return Counted(rows.total.rows, {name: _groups(rows, name) for name in OF_HISTORY})


def _groups(rows: DatasetRows, name: str) -> dict[str, int]:
    found = rows.by(OF_HISTORY[name].group)
    certain = {group: each.certain.rows for group, each in found.groups.items()} | {AMBIGUOUS: found.ambiguous.rows}
    return most_first({group: count for group, count in certain.items() if count})


class _Named(NamedTuple):
    """Rows that were certainly born alike, by names: what the breakdowns of history look at."""

    origin: str
    kind: str | None
    model: str | None
    source: str | None
    license: str | None
    doubts: tuple[str, ...]
    rows: int


def _named(counted: Counts, models: Sequence[str], header: Header) -> _Named:
    """``counted`` by names; ``models`` are those of the header's agents."""
    origin, kind, agent, source, license_, doubts, rows = counted
    described = None if source is None else header.sources[source]
    in_doubt = doubts_of(doubts)
    return _Named(
        origin=origin,
        kind=kind,
        model=None if agent is None else models[agent],
        source=described.name if described else None,
        license=effective_license(license_, described.license if described else None),
        doubts=(*in_doubt, "license") if license_ is None and "source" in in_doubt else in_doubt,
        rows=rows,
    )
