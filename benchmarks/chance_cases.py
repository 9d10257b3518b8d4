"""Splits in which something was done to the compared rows: what rules should see, or should not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.chance_splits import RULES, Row, Split, halves, rows_of
from provenance.auditing.chance.fisher import adjusted, fisher

_HELPFUL = " I hope that this answer helps you, and please let me know if there is anything else."
_LOW, _HIGH = 0.8, 1.25

Make = Callable[[Path, np.random.Generator], Split]


@dataclass(frozen=True)
class Case:
    """``sees``: the measures that should see it (none: that should not be alarmed)."""

    what: str
    sees: tuple[str, ...]
    make: Make


def _of_models(human: str, model: str, share: float, rows: int, *, paired: bool = False) -> Make:
    """A share of the compared rows is the model's text of the same prompt; reference: other prompts, or the same."""

    def make(folder: Path, pick: np.random.Generator) -> Split:
        made = {row.family: row for row in rows_of(folder, model)}
        usable = [row for row in rows_of(folder, human) if row.family in made]
        order = pick.permutation(len(usable))
        many = rows if paired else min(rows, len(order) // 2)
        own, others = order[:many], order[:many] if paired else order[many : 2 * many]
        replaced = round(share * many)
        compared = [made[usable[row].family] if place < replaced else usable[row] for place, row in enumerate(own)]
        return Split(compared, [usable[row] for row in others], paired)

    return make


def _changed(name: str, rows: int, change: Callable[[Sequence[Row]], Sequence[Row]]) -> Make:
    """Random halves of a set, with a change to the compared one."""

    def make(folder: Path, pick: np.random.Generator) -> Split:
        split = halves(rows_of(folder, name), rows, pick, by_family=False)
        return replace(split, compared=change(split.compared))

    return make


def _first(share: float, change: Callable[[str], str]) -> Callable[[Sequence[Row]], Sequence[Row]]:
    def changed(rows: Sequence[Row]) -> Sequence[Row]:
        many = round(share * len(rows))
        return [replace(row, text=change(row.text)) if place < many else row for place, row in enumerate(rows)]

    return changed


def _near_copies(rows: Sequence[Row]) -> Sequence[Row]:
    many = round(0.05 * len(rows))
    close = [Row(f"{row.text.rsplit(' ', 1)[0]} indeed", f"{row.family} again") for row in rows[:many]]
    return [*rows[: len(rows) - many], *close]


def _copies(rows: Sequence[Row]) -> Sequence[Row]:
    return [*rows, *rows[: round(0.1 * len(rows))]]


def _sides(name: str) -> tuple[str, str]:
    return f"{name}_original", f"{name}_sampled"


_BOILERPLATE = _first(0.05, lambda text: text + _HELPFUL)
_OPENING = _first(0.2, lambda text: f"Sure, here is {text}")

CASES = (
    Case("10% rewrites, 300 pairs", ("drift",), _of_models("pairs_parents", "pairs_children", 0.1, 300, paired=True)),
    Case("10% exact copies, questions, 500", (), _changed("questions", 500, _copies)),
    Case("10% exact copies, prose, 500", (), _changed("prose", 500, _copies)),
    Case("5% near copies, questions, 500", ("self_repetition",), _changed("questions", 500, _near_copies)),
    Case("5% near copies, prose, 500", ("self_repetition",), _changed("prose", 500, _near_copies)),
    Case("30% rewrites, 300 pairs", ("drift",), _of_models("pairs_parents", "pairs_children", 0.3, 300, paired=True)),
    Case("10% answers of a 6B model, 600", ("drift",), _of_models("answers", "answers_model", 0.1, 600)),
    Case("30% answers of a 6B model, 600", ("drift",), _of_models("answers", "answers_model", 0.3, 600)),
    Case("30% GPT-2 XL stories, 250", ("drift", "distinct_n"), _of_models(*_sides("writing_gpt2-xl"), 0.3, 250)),
    Case("30% GPT-2 XL news, 250", ("drift", "distinct_n"), _of_models(*_sides("xsum_gpt2-xl"), 0.3, 250)),
    Case("all GPT-4 stories, 75", ("drift",), _of_models(*_sides("writing_gpt-4"), 1, 75)),
    Case("5% end in one sentence, questions, 500", ("self_repetition",), _changed("questions", 500, _BOILERPLATE)),
    Case("20% begin with one phrase, prose, 500", ("openings",), _changed("prose", 500, _OPENING)),
)  # fmt: skip


@dataclass(frozen=True)
class FieldCase:
    """A field of ``values`` values of which one is multiplied by ``times``; ``rare``: one of 30 rows is added."""

    what: str
    values: int
    rare: bool
    rows: tuple[int, int]
    share: float
    times: float


FIELD_CASES = (
    FieldCase("4 values and a rare one, second lost, 200 and 2,000", 4, True, (200, 2_000), 0.24, 0),
    FieldCase("4 values and a rare one, second halved, 1,000 each", 4, True, (1_000, 1_000), 0.24, 0.5),
    FieldCase("50 values, one of 2% lost, 1,000 each", 50, False, (1_000, 1_000), 0.02, 0),
    FieldCase("50 values, one of 2% tripled, 1,000 each", 50, False, (1_000, 1_000), 0.02, 3),
    FieldCase("50 values, nothing done, 1,000 each", 50, False, (1_000, 1_000), 0.02, 1),
)


def outside(case: FieldCase, pick: np.random.Generator) -> Mapping[str, bool]:
    """Whether the value that was changed is found, and any other, among as many rules as `RULES`."""
    shares = 1 / np.arange(1, case.values + 1)
    shares /= shares.sum()
    changed, place = shares.copy(), int(np.argmin(np.abs(shares - case.share)))
    changed[place] *= case.times
    own, others = pick.multinomial(case.rows[0], changed / changed.sum()), pick.multinomial(case.rows[1], shares)
    if case.rare:
        few = pick.hypergeometric(30, sum(case.rows) - 30, case.rows[0])
        own, others = np.append(own, few), np.append(others, 30 - few)
    level = 0.01 / len(RULES)
    p = np.nan_to_num(adjusted([fisher(own, others)], level), nan=1.0)
    ratio = ((own + 0.5) / (own.sum() + 0.5)) / ((others + 0.5) / (others.sum() + 0.5))
    found = (p <= level) & ((ratio < _LOW) | (ratio > _HIGH))
    return {"found": bool(found[place]), "others": bool(np.delete(found, place).any())}
