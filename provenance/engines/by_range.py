"""Questions that add up over ranges of sample ids: asked of each range by itself, and the answers put together.

The same engine answers for a range as for all records, so an answer cannot depend on who hands the ranges out. What
does not add up (a parent may be in another range than its child; rows are read from data here) is asked of all records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from provenance.engines.answers import (
    AmbiguousSamples,
    Bearing,
    Bounds,
    Cell,
    Conflicts,
    Dangling,
    Disagreement,
    Disputed,
    ParentUses,
    PooledCell,
    PooledValue,
    Repeats,
    Retained,
    RowBirths,
    RowsOfActivity,
    Spent,
    ValueAmounts,
)
from provenance.engines.interface import MOST_SHOWN, Among, Engine, Questions, Spending, Unit
from provenance.lineage.words import Origin

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.lineage.sidecar import Sidecar
    from provenance.lineage.vocabulary import Vocabulary

Answer = TypeVar("Answer")


class AskRanges(Protocol):
    """Asks the engine of each range; ``place`` is the dataset's, or None where all are asked together."""

    def __call__(self, place: int | None, question: str, *arguments: Any) -> list[Any]:
        """The answers, in the order of the ranges."""
        ...


class RangedEngine:
    """An `Engine`: what adds up is asked by ``ask``, all else of ``whole``."""

    def __init__(self, whole: Engine, ask: AskRanges, vocabulary: Vocabulary) -> None:
        self._whole = whole
        self._ask = ask
        self._activities = {activity: number for number, activity in enumerate(vocabulary.activities)}

    def of(self, place: int) -> Questions:
        return RangedQuestions(self._whole.of(place), place, self._ask, self._activities)

    def births(self, sample_id: bytes) -> list[Mapping[str, Any]]:
        return self._whole.births(sample_id)

    def rows_by_origin(self) -> list[tuple[int, str, int]]:
        rows: dict[tuple[int, str], int] = defaultdict(int)
        for place, origin, counted in _every(self._ask(None, "rows_by_origin")):
            rows[place, origin] += counted
        found = [(place, origin, counted) for (place, origin), counted in rows.items()]
        return sorted(found, key=lambda each: (each[0], -each[2], each[1]))

    def pooled(self, places: Sequence[int], unit: Unit) -> list[PooledCell]:
        found: Iterator[PooledCell] = _every(self._ask(None, "pooled", list(places), unit))
        return sorted(_summed(found, ("amount", "unique", "distinct")), key=repr)

    def pooled_values(self, values: Mapping[int, Iterator[pa.RecordBatch]], unit: Unit, most: int) -> list[PooledValue]:
        return self._whole.pooled_values(values, unit, most)


class RangedQuestions:
    """The `Questions` about the dataset at ``place``."""

    def __init__(self, whole: Questions, place: int, ask: AskRanges, activities: Mapping[str, int]) -> None:
        self._whole = whole
        self._place = place
        self._ranges = ask
        self._activities = activities

    def _asked(self, question: str, *arguments: Any) -> list[Any]:
        return self._ranges(self._place, question, *arguments)

    def cells(self) -> list[Cell]:
        return _summed(_every(self._asked("cells")), ("rows", "bytes", "tokens", "rows_with_tokens"))

    def ambiguous(self) -> list[AmbiguousSamples]:
        found = _summed(_every(self._asked("ambiguous")), ("samples", "bytes", "tokens", "samples_with_tokens"))
        return sorted(found, key=repr)

    def row_births(self, batch_rows: int) -> RowBirths:
        return self._whole.row_births(batch_rows)

    def spent(self) -> list[Spent]:
        found = _summed(_every(self._asked("spent")), ("calls", "cost", "input_tokens", "output_tokens"))
        return sorted(found, key=lambda each: (each.currency is None, each.currency or ""))

    def spent_on_rows(self, what: Spending, made_by: str | None = None) -> Bounds | None:
        return self._whole.spent_on_rows(what, made_by)

    def most_rows_where(self, where: Sequence[Among], number: int = MOST_SHOWN) -> list[Bearing]:
        return self._whole.most_rows_where(where, number)

    def some_where(self, where: Sequence[Among], number: int) -> list[str]:
        found: Iterator[str] = _every(self._asked("some_where", list(where), number))
        return sorted(found)[:number]

    def repeats(self, number: int = MOST_SHOWN) -> Repeats:
        found: list[Repeats] = self._asked("repeats", number)
        most = _most_rows(_every(each.most for each in found), number)
        return Repeats(sum(each.rows for each in found), sum(each.samples for each in found), most)

    def parent_uses(self, number: int = MOST_SHOWN) -> ParentUses:
        return self._whole.parent_uses(number)

    def rows_by_activity(self) -> list[RowsOfActivity]:
        found: dict[str, RowsOfActivity] = {}
        for each in _every(self._asked("rows_by_activity")):
            known = found.get(each.activity.id)
            rows, first = (0, each.first) if known is None else (known.rows, min(known.first, each.first))
            found[each.activity.id] = replace(each, rows=each.rows + rows, first=first)
        return sorted(found.values(), key=lambda each: self._activities[each.activity.id])

    def conflicts(self, number: int = MOST_SHOWN) -> Conflicts:
        found: list[Conflicts] = self._asked("conflicts", number)
        shown = _most_rows(_every(each.shown for each in found), number)
        return Conflicts(sum(each.samples for each in found), sum(each.rows for each in found), shown)

    def disputed(self, number: int = MOST_SHOWN) -> Disputed:
        found: list[Disputed] = self._asked("disputed", number)
        samples, rows, possible = (
            sum(getattr(each, name) for each in found) for name in ("samples", "rows", "possible_rows")
        )
        return Disputed(samples, rows, possible, _most_rows(_every(each.shown for each in found), number))

    def disagreements(self, others: Sequence[int], own: Collection[int]) -> list[Disagreement]:
        found: dict[tuple[Any, ...], Disagreement] = {}
        for each in _every(self._asked("disagreements", list(others), list(own))):
            key = each.place, each.origins, each.others
            known = found.get(key)
            samples, first = (0, each.first) if known is None else (known.samples, min(known.first, each.first))
            found[key] = replace(each, samples=each.samples + samples, first=first)
        return sorted(found.values(), key=lambda each: (each.place, _numbered(each.origins), _numbered(each.others)))

    def dangling(self, number: int = MOST_SHOWN) -> Dangling:
        return self._whole.dangling(number)

    def retained(self, previous: Sidecar, number: int = MOST_SHOWN) -> Retained:
        return self._whole.retained(previous, number)

    def by_value(self, values: Iterator[pa.RecordBatch], most: int) -> list[ValueAmounts]:
        return self._whole.by_value(values, most)

    def origins(self, sample_ids: Iterator[pa.RecordBatch], batch_rows: int) -> Iterator[pa.RecordBatch]:
        return self._whole.origins(sample_ids, batch_rows)


def _every(answers: Iterable[Iterable[Answer]]) -> Iterator[Answer]:
    return (each for answer in answers for each in answer)


def _summed(found: Iterable[Any], amounts: Sequence[str]) -> list[Any]:
    """Those that agree in all but ``amounts`` as one; an amount that is not known of any is not known."""
    alike: dict[Hashable, Any] = {}
    for each in found:
        key = tuple(getattr(each, field.name) for field in fields(each) if field.name not in amounts)
        known = alike.get(key)
        sums = {} if known is None else {name: _sum(getattr(known, name), getattr(each, name)) for name in amounts}
        alike[key] = replace(each, **sums)
    return list(alike.values())


def _sum(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else one + other


def _numbered(origins: Sequence[str]) -> int:
    """Origins as a number: in the order of these, engines list what disagrees."""
    return sum(1 << number for number, origin in enumerate(Origin) if origin in origins)


def _most_rows(found: Iterable[Any], number: int) -> tuple[Any, ...]:
    return tuple(sorted(found, key=lambda each: (-each.rows, each.sample_id))[:number])
