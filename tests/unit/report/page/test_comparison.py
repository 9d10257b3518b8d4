from __future__ import annotations

from typing import Any

import pytest

from provenance.auditing.measures import Doubt, Measured
from provenance.report.page.comparison import Compared, compared, sentence


def found(
    difference: float, significant: float | None, doubts: dict[str, Doubt] | None = None, **more: Any
) -> Compared:
    values = {
        "value": 1 + difference,
        "reference": 1.0,
        "difference": difference,
        "relative_difference": difference,
        "low": difference - 0.1,
        "high": difference + 0.1,
        "significant_difference": significant,
    }
    one = compared("variety", "what it says", Measured(values | more, doubts=doubts or {}))
    assert one is not None
    return one


def test_a_difference_is_drawn_in_units_of_what_chance_gives() -> None:
    one = found(-0.25, -0.25)
    assert one.against is not None
    assert one.against.times == pytest.approx(-2.5)
    assert one.against.stands_out
    assert (one.difference, one.chance, one.outcome) == ("-0.25 (-25%)", "± 0.1", "more than chance")


def test_only_what_was_judged_to_be_more_than_chance_stands_out() -> None:
    far = found(0.9, 0.0, {"significant_difference": Doubt(0.9, "borderline: p is near 0.01")})
    assert far.against is not None and not far.against.stands_out
    assert far.outcome == "borderline: p is near 0.01"
    assert found(0.05, 0.0).outcome == "chance explains it"


def test_what_has_no_range_is_in_the_table_alone() -> None:
    one = found(1.0, 1.0, low=1.0, high=1.0)
    assert one.against is None and one.outcome == "more than chance"
    assert compared("variety", "says", Measured({"value": 1.0, "low": None})) is None


def test_what_all_come_to_is_one_sentence() -> None:
    assert sentence([found(0.05, 0.0)]) == "Chance alone explains the difference."
    assert sentence([found(0.9, 0.9), found(0.01, 0.0)]).startswith("One of two measures differs by more than chance")
    assert sentence([found(0.9, 0.9)]).endswith("Furthest: variety (9.0 times what chance explains).")
    assert sentence([]) == ""
