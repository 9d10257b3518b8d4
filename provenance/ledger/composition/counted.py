"""Rows by group, of one sidecar at a time and of what history asks: for the log of a dataset, and for differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from provenance.ledger.composition.breakdowns import OF_HISTORY, grouped, most_first
from provenance.lineage.rules import effective_license

if TYPE_CHECKING:
    from provenance.lineage.records import Header

# Columns of a sidecar whose rows are alike here.
CELL_COLUMNS = ("origin", "kind", "agent", "source", "license")

# Values of CELL_COLUMNS, and how many rows have them.
Cell = tuple[str, str | None, int | None, int | None, str | None, int]


class _Named(NamedTuple):
    """A cell, by the names that its sidecar's header has for its numbers; ``license`` is the effective one."""

    origin: str
    kind: str | None
    model: str | None
    source: str | None
    license: str | None
    rows: int


@dataclass(frozen=True)
class Counted:
    """``rows``, and for each breakdown of history the rows of each group, the largest first."""

    rows: int = 0
    groups: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in OF_HISTORY})

    def as_json(self) -> dict[str, Any]:
        """``rows``, and each breakdown from group to ``{rows, fraction}``."""
        breakdowns = {
            name: {group: {"rows": rows, "fraction": rows / self.rows} for group, rows in self.groups[name].items()}
            for name in OF_HISTORY
        }
        return {"rows": self.rows, **breakdowns}


def count_cells(cells: Iterable[Cell], header: Header) -> Counted:
    """Add up ``cells`` of the sidecar with this ``header``.

    Raises:
        IndexError: a cell refers to what the header does not describe.
    """
    models = [agent.label for agent in header.agents]
    named = [_named(cell, models, header) for cell in cells]
    groups = {
        name: most_first({group: sum(cell.rows for cell in same) for group, same in members.items()})
        for name, members in ((name, grouped(named, each.group)) for name, each in OF_HISTORY.items())
    }
    return Counted(sum(cell.rows for cell in named), groups)


def _named(cell: Cell, models: list[str], header: Header) -> _Named:
    origin, kind, agent, source, license_, rows = cell
    described = None if source is None else header.sources[source]
    return _Named(
        origin,
        kind,
        None if agent is None else models[agent],
        described.name if described else None,
        effective_license(license_, described.license if described else None),
        rows,
    )
