"""How a difference is judged, on figures that are easy to reckon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats
from support.pools import pool_of

from provenance.auditing.chance.drawing import Drawn
from provenance.auditing.chance.together import Judged
from provenance.auditing.measure import Doubt, Measured, Values
from provenance.auditing.measures import judged_with_all
from provenance.auditing.texts.comparing import Recipe, Tail, compared, settled, why_not_judged
from provenance.auditing.texts.pools import Pool

ROWS = 60


def pool(families: list[int] | None = None) -> Pool:
    return pool_of([f"own {row}" for row in range(20)], [f"other {row}" for row in range(ROWS - 20)], families)


def mean_of(shift: float, tail: Tail = "both", rows: Pool | None = None, relative: bool = False) -> Measured:
    """The mean of random numbers, compared rows' moved by ``shift``, judged alone."""
    rows = rows or pool()
    numbers = np.random.default_rng(4).normal(10, 1, ROWS) + shift * rows.compared
    recipe = Recipe(lambda labels: (float(numbers[labels].mean()), float(numbers[~labels].mean())), tail, relative)
    return compared(rows, recipe, rules=6)


def value(found: Measured, name: str) -> float:
    number = found.values[name]
    assert isinstance(number, float)
    return number


@pytest.mark.parametrize(("shift", "tail", "seen"), [(5, "more", True), (5, "less", False), (-5, "less", True)])
def test_a_rule_looks_at_its_side(shift: float, tail: Tail, seen: bool) -> None:
    found = mean_of(shift, tail)
    assert value(found, "significant_difference") == (value(found, "difference") if seen else 0)


def test_the_interval_is_as_wide_as_theory_says() -> None:
    found = mean_of(0.0)
    half = (value(found, "high") - value(found, "low")) / 2
    # Of the difference of two means of 20 and 40 rows of variance 1, by 50 deals.
    assert half == pytest.approx(1.96 * np.sqrt(1 / 20 + 1 / 40), rel=0.35)
    assert (value(found, "low") + value(found, "high")) / 2 == pytest.approx(value(found, "difference"))


def test_relative_differences_are_parts_of_the_reference() -> None:
    found = mean_of(5, relative=True)
    assert value(found, "significant_difference") == pytest.approx(
        value(found, "difference") / value(found, "reference")
    )
    assert value(found, "relative_difference") == value(found, "significant_difference")


def test_p_is_judged_with_all_others() -> None:
    clear, near = mean_of(5), mean_of(1.0)
    p = near.values["p"]
    assert isinstance(p, float) and 0.001 < p < 0.01 and value(near, "significant_difference") != 0
    ((first, second),) = ([each["a"], each["b"]] for each in judged_with_all([{"a": clear, "b": near}]))
    assert isinstance(first, Measured) and isinstance(second, Measured)
    assert second.values["p_adjusted"] == p and value(second, "significant_difference") != 0
    many = judged_with_all([{"a": near, "b": near, "c": mean_of(0)}] * 5)
    assert [each["a"].values["significant_difference"] for each in many if isinstance(each["a"], Measured)] == [0.0] * 5


@pytest.mark.parametrize(
    ("families", "why"),
    [
        ([0] * 10 + [1] * 10 + list(range(2, 42)), "not judged: 2 families of compared rows are too few"),
        ([row // 2 for row in range(20)] + list(range(10, 50)), "not judged: most rows are in families of a size"),
    ],
)
def test_what_cannot_be_judged_says_why_and_shows_the_figures(families: list[int], why: str) -> None:
    found = mean_of(5, rows=pool(families))
    assert found.values["significant_difference"] is None and found.values["p"] is None
    assert value(found, "difference") > 4
    assert (
        found.doubts["significant_difference"].why.startswith(why)
        and found.said == found.doubts["significant_difference"].why
    )
    assert found.chance is None


def test_the_deal_is_named() -> None:
    assert str(mean_of(0).values["deal"]).startswith("60 rows dealt one by one: rows taken for independent")
    pairs = [*range(20), *range(20), *range(20, 40)]
    named = mean_of(0, rows=pool(pairs)).values["deal"]
    assert named == "20 rows dealt one by one; labels dealt within 20 families in both groups (families as given)"


def test_texts_of_both_groups_do_not_hide_that_rows_are_taken_for_independent() -> None:
    rows = pool_of([f"text {row}" for row in range(20)], [f"text {row}" for row in range(17, 57)])
    assert rows.design == (
        "54 rows dealt one by one; 3 texts that both groups hold left in both: rows taken for independent, "
        "as families as given joins none"
    )


@pytest.mark.parametrize(
    ("own", "others", "why"),
    [
        (range(60), range(100), "not judged: 100% of the compared rows' texts and 60% of the reference's are in both"),
        (range(100), range(70), "not judged: 70% of the compared rows' texts and 100% of the reference's are in both"),
        (range(50), range(50), "not judged: the reference has the same texts as the compared rows"),
        (range(100), range(90, 110), "not judged: 10% of the compared rows' texts and 50% of the reference's are in"),
        (range(100), range(80, 180), None),
        # Three quarters are the parents themselves: what the rest of the pairs say can be judged.
        ([*range(15), *range(100, 105)], range(20), None),
    ],
)
def test_a_choice_of_the_references_own_rows_is_not_taken_for_no_difference(
    own: Sequence[int], others: Sequence[int], why: str | None
) -> None:
    families = [each % 100 for each in [*own, *others]] if why is None and len(own) == 20 else None
    rows = pool_of([f"text {each}" for each in own], [f"text {each}" for each in others], families)
    found = why_not_judged(rows.deals, rules=1)
    assert found is None if why is None else found is not None and found.startswith(why)


def test_near_the_level_a_difference_may_be_one_or_none() -> None:
    near = Drawn(0.0017, 0.0009, 0.0029, np.zeros((1, 9999)), as_extreme=16)
    one, doubt = settled(0.04, Judged(0.0102, 0.0017, 6), near)
    assert one == 0 and doubt is not None and doubt.more == 0.04 and doubt.why.startswith("borderline: p is between")
    assert settled(-0.04, Judged(0.0102, 0.0017, 6), near)[0] == -0.04
    clear = Drawn(0.0005, 0.0, 0.0026, np.zeros((1, 1999)), as_extreme=0)
    assert settled(0.04, Judged(0.003, 0.0017, 6), clear) == (0.04, None)
    assert isinstance(settled(None, Judged(0.003, 0.0017, 6), clear)[1], Doubt)


def test_false_alarms_are_as_rare_as_stated() -> None:
    ps = []
    for seed in range(150):
        numbers = np.random.default_rng(seed).normal(10, 1, ROWS)
        rows = pool_of([f"own {row}" for row in range(20)], [f"other {row}" for row in range(40)], seed=seed)
        recipe = Recipe(lambda labels, of=numbers: (float(of[labels].mean()), float(of[~labels].mean())), "both", False)  # type: ignore[misc]
        values: Values = compared(rows, recipe, rules=1).values
        ps.append(values["p"])
    assert stats.kstest(np.array(ps, float), "uniform").pvalue > 0.001
