"""A dataset's rows by how they were born: how many certainly belong to something, and how many at most.

Rows of equal content may have been born in several ways, and where a script picked some of them nobody knows which. So
of a group some rows are certain and more are possible; what is certain of no group is *ambiguous*. The rule is that of
docs/specification/sidecar.md: of a sample's ambiguous rows as many certainly belong to a group as the births outside of
it cannot have, and as many at most as those inside can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provenance.lineage.words import AMBIGUOUS

if TYPE_CHECKING:
    from provenance.engines.answers import AmbiguousSamples, BornAlike, Cell

# A group that rows are of; None: they are of none; `AMBIGUOUS`: they may be of any.
Group = Hashable
GroupOf = Callable[["BornAlike"], Group]


@dataclass(frozen=True)
class Amounts:
    """How much there is of something. ``tokens`` is of ``rows_with_tokens``, None where there are none."""

    rows: int = 0
    bytes: int = 0
    tokens: int | None = None
    rows_with_tokens: int = 0

    def __add__(self, other: Amounts) -> Amounts:
        known = [tokens for tokens in (self.tokens, other.tokens) if tokens is not None]
        return Amounts(
            rows=self.rows + other.rows,
            bytes=self.bytes + other.bytes,
            tokens=sum(known) if known else None,
            rows_with_tokens=self.rows_with_tokens + other.rows_with_tokens,
        )


NOTHING = Amounts()


@dataclass(frozen=True)
class Between:
    """Something is as much as is ``certain``, and ``at_most`` that."""

    certain: Amounts = NOTHING
    at_most: Amounts = NOTHING

    @property
    def rows(self) -> tuple[int, int]:
        """The rows, at least and at most."""
        return self.certain.rows, self.at_most.rows


def between_parts(part: Between, other: Between) -> tuple[float, float] | None:
    """``part`` of itself and ``other``, in rows, at least and at most; None where there are neither."""
    if not part.at_most.rows and not other.at_most.rows:
        return None
    least, most = part.certain.rows, part.at_most.rows
    return (
        least / (least + other.at_most.rows) if least + other.at_most.rows else 1.0,
        most / (most + other.certain.rows) if most + other.certain.rows else 0.0,
    )


@dataclass(frozen=True)
class Grouped:
    """Rows by group; what is certain of the groups, and what is ``ambiguous``, add up.

    ``of_any_group``: rows that may be of any group, one without other rows included. ``between``: the ambiguous rows by
    the groups that they may be of (None: none; `AMBIGUOUS`: any).
    """

    groups: Mapping[Any, Between]
    ambiguous: Amounts
    of_any_group: Amounts
    between: Mapping[frozenset[Any], int]

    def of(self, group: Group) -> Between:
        """The rows of ``group``, which need not be there."""
        return self.groups.get(group, Between(NOTHING, self.of_any_group))


@dataclass(frozen=True)
class DatasetRows:
    """The rows of a dataset: ``cells`` are those whose birth is certain, ``ambiguous`` the others."""

    cells: Sequence[Cell]
    ambiguous: Sequence[AmbiguousSamples]

    @property
    def total(self) -> Amounts:
        """All rows."""
        of_ambiguous = (_some(each, each.rest) for each in self.ambiguous)
        return sum(of_ambiguous, sum(map(_of_cell, self.cells), NOTHING))

    @property
    def births(self) -> Iterator[BornAlike]:
        """All ways in which a row was born, or may have been."""
        yield from self.cells
        for samples in self.ambiguous:
            yield from samples.options

    def where(self, belongs: Callable[[BornAlike], bool | None]) -> Between:
        """The rows that belong to something; None where that is in doubt."""
        answers = {True: True, False: None, None: AMBIGUOUS}
        return self.by(lambda born: answers[belongs(born)]).of(True)

    def by(self, group_of: GroupOf) -> Grouped:
        """The rows by group; None: of no group; `AMBIGUOUS`: of any."""
        certain: dict[Group, Amounts] = {}
        for cell in self.cells:
            group = group_of(cell)
            certain[group] = certain.get(group, NOTHING) + _of_cell(cell)
        ambiguous = of_any_group = certain.pop(AMBIGUOUS, NOTHING)
        certain.pop(None, None)
        between: Counter[frozenset[Group]] = Counter()
        between[frozenset({AMBIGUOUS})] += ambiguous.rows
        more = dict.fromkeys(certain, NOTHING)
        for samples in self.ambiguous:
            divided = _divided(samples, group_of)
            ambiguous += _some(samples, divided.ambiguous)
            of_any_group += _some(samples, divided.of_any_group)
            between[divided.between] += divided.ambiguous * samples.samples
            for group, (least, most) in divided.groups.items():
                certain[group] = certain.get(group, NOTHING) + _some(samples, least)
                more[group] = more.get(group, NOTHING) + _some(samples, most - least)
        groups = {
            group: Between(amounts, amounts + more.get(group, NOTHING) + of_any_group)
            for group, amounts in certain.items()
        }
        return Grouped(groups, ambiguous, of_any_group, +between)


@dataclass(frozen=True)
class _Divided:
    """The ambiguous rows of one sample. ``groups``: least and most rows, without those that are ``of_any_group``."""

    groups: Mapping[Group, tuple[int, int]]
    ambiguous: int
    of_any_group: int
    between: frozenset[Group]


def _divided(samples: AmbiguousSamples, group_of: GroupOf) -> _Divided:
    possible: Counter[Group] = Counter()
    for option in samples.options:
        possible[group_of(option)] += option.possible
    rest, every = samples.rest, possible.total()
    any_group = possible.pop(AMBIGUOUS, 0)
    of_any_group = min(rest, any_group)
    groups = {
        group: (max(0, min(inside, rest - (every - inside))), min(rest, inside + any_group) - of_any_group)
        for group, inside in possible.items()
    }
    may_be = {group for group, (least, most) in groups.items() if most > least}
    ambiguous = rest - sum(least for least, _ in groups.values())
    groups.pop(None, None)
    return _Divided(groups, ambiguous, of_any_group, frozenset(may_be | ({AMBIGUOUS} if of_any_group else set())))


def _of_cell(cell: Cell) -> Amounts:
    return Amounts(cell.rows, cell.bytes, cell.tokens, cell.rows_with_tokens)


def _some(samples: AmbiguousSamples, rows: int) -> Amounts:
    """What ``rows`` of each of the samples come to."""
    if not rows:
        return NOTHING
    return Amounts(
        rows=rows * samples.samples,
        bytes=rows * samples.bytes,
        tokens=None if samples.tokens is None else rows * samples.tokens,
        rows_with_tokens=rows * samples.samples_with_tokens,
    )
