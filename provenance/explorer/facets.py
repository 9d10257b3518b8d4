"""Facets: the values that rows have, each with how many rows fit all other filters: certainly, and at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.explorer.filters import FACETS, Filter, GroupOf, is_among
from provenance.faces.palette import NAMES
from provenance.lineage.words import AMBIGUOUS

if TYPE_CHECKING:
    from provenance.engines.answers import BornAlike
    from provenance.ledger.row_births import Fits
    from provenance.ledger.rows import DatasetRows, Grouped

MOST_SHOWN = 8


@dataclass(frozen=True)
class Value:
    """A value of a facet: its rows are between ``rows`` and ``at_most``; ``by_origin`` are those that are certain."""

    name: str
    rows: int
    at_most: int
    by_origin: dict[str, int]
    is_on: bool


@dataclass(frozen=True)
class Facet:
    """``ambiguous``: rows of which it is not certain which value they have; ``left_out``: values that are not shown."""

    name: str
    title: str
    values: list[Value]
    ambiguous: int
    left_out: int


@dataclass(frozen=True)
class Counts:
    """Rows: those that certainly fit something, and at most; ``by_origin`` draws these, unsure ones as unknown."""

    rows: int
    at_most: int
    by_origin: dict[str, int]


def facets(certain: DatasetRows, at_most: DatasetRows, asked: Filter, groups_of: Mapping[str, GroupOf]) -> list[Facet]:
    """All facets. ``certain``: the rows that certainly fit what is asked besides births; ``at_most``: all that may.

    ``groups_of``: see `groups_by_facet`.
    """
    found = [
        _facet(name, certain, at_most, asked.values.get(name, ()), groups_of[name], asked.fits(groups_of, name))
        for name in FACETS
    ]
    return [facet for facet in found if len(facet.values) > 1 or asked.values.get(facet.name)]


def _facet(
    name: str, certain: DatasetRows, at_most: DatasetRows, chosen: Sequence[str], group_of: GroupOf, fits: Fits
) -> Facet:
    least, most = certain.by(_where(fits, group_of)), at_most.by(_where(fits, group_of))
    origins = _by_origin(certain, fits, group_of)
    known = set(at_most.by(group_of).groups)
    every = known | {value for value in chosen if not any(is_among(group, [value]) for group in known)}
    values = [
        Value(
            str(group),
            least.of(group).certain.rows,
            max(most.of(group).at_most.rows, least.of(group).certain.rows),
            dict(origins.get(group, {})),
            is_among(group, chosen),
        )
        for group in every
    ]
    values.sort(key=_by_depth if name == "depth" else _most_first)
    shown = [value for number, value in enumerate(values) if number < MOST_SHOWN or value.is_on]
    return Facet(name, FACETS[name], shown, most.ambiguous.rows, len(values) - len(shown))


def _where(fits: Fits, group_of: GroupOf) -> GroupOf:
    """The group of a birth that fits; none of one that does not, and any where that is in doubt."""

    def group(born: BornAlike) -> str | None:
        answer = fits(born)
        own = group_of(born) if answer is not False else None
        return AMBIGUOUS if answer is None and own is not None else own

    return group


def _by_origin(rows: DatasetRows, fits: Fits, group_of: GroupOf) -> dict[str, Counter[str]]:
    """Of each group the rows that certainly fit, by origin."""
    found: dict[str, Counter[str]] = {}
    for cell in rows.cells:
        group = group_of(cell)
        if fits(cell) and group is not None:
            found.setdefault(group, Counter())[cell.origin if cell.origin in NAMES else "unknown"] += cell.rows
    return found


def counts(certain: DatasetRows, at_most: DatasetRows, asked: Filter, groups_of: Mapping[str, GroupOf]) -> Counts:
    """How many rows fit all that is asked."""
    fits = asked.fits(groups_of)
    by_origin: Grouped = certain.by(_where(fits, groups_of["origin"]))
    rows = certain.where(fits).certain.rows
    known = {str(group): each.certain.rows for group, each in by_origin.groups.items() if each.certain.rows}
    if rest := rows - sum(known.values()):
        known["unknown"] = known.get("unknown", 0) + rest
    return Counts(rows, max(at_most.where(fits).at_most.rows, rows), known)


def _most_first(value: Value) -> tuple[int, str]:
    return -value.at_most, value.name


def _by_depth(value: Value) -> tuple[bool, int]:
    return not value.name.isdigit(), int(value.name) if value.name.isdigit() else 0
