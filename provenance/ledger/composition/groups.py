"""Rows by what is known of their births, counted from one sidecar at a time: for history and differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provenance.lineage.records import Header

UNKNOWN = "unknown"
UNSTATED = "unstated"
# Columns of a sidecar whose rows are alike here.
CELL_COLUMNS = ("origin", "kind", "agent", "source", "license")
BREAKDOWNS = ("by_origin", "by_kind", "by_model", "by_source", "by_license")

# Values of CELL_COLUMNS, and how many rows have them.
Cell = tuple[str, str | None, int | None, int | None, str | None, int]


@dataclass(frozen=True)
class Counted:
    """``rows``, and for each of BREAKDOWNS the rows of each group, the largest first.

    The groups are those of an audit: ``by_kind`` and ``by_model`` are of synthetic and mixed rows, ``by_source`` of
    rows that bear a source's content.
    """

    rows: int = 0
    groups: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in BREAKDOWNS})

    def as_json(self) -> dict[str, Any]:
        """``rows``, and each breakdown from group to ``{rows, fraction}``."""
        breakdowns = {
            name: {group: {"rows": rows, "fraction": rows / self.rows} for group, rows in self.groups[name].items()}
            for name in BREAKDOWNS
        }
        return {"rows": self.rows, **breakdowns}


def count_cells(cells: Iterable[Cell], header: Header) -> Counted:
    """Add up ``cells`` of the sidecar with this ``header``."""
    models = [agent.label for agent in header.agents]
    total, groups = 0, Counted().groups
    for origin, kind, agent, source, license_, rows in cells:
        total += rows
        described = None if source is None else header.sources[source]
        made = origin in ("synthetic", "mixed")
        names = (
            origin,
            kind or (UNSTATED if made else None),
            models[agent] if agent is not None else (UNSTATED if made else None),
            described.name if described else (UNSTATED if origin == "real" else None),
            license_ or (described.license if described else None) or UNKNOWN,
        )
        for breakdown, group in zip(BREAKDOWNS, names, strict=True):
            if group is not None:
                groups[breakdown][group] = groups[breakdown].get(group, 0) + rows
    return Counted(total, {name: largest_first(counts) for name, counts in groups.items()})


def largest_first(counts: dict[str, int]) -> dict[str, int]:
    """The groups in the order of their rows, then by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
