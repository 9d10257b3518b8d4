from __future__ import annotations

import pytest

from provenance.auditing.policy.loading import pack, packs
from provenance.auditing.policy.thresholds import Equals, NoneOf, Only
from provenance.auditing.units import PLAIN, unit_of

DIFFERENCE = "significant_difference"


@pytest.mark.parametrize(
    ("path", "number", "shown", "bound", "distance"),
    [
        ("by_origin.real.fraction", 0.0566, "5.66% of the rows", "5.66%", "5.66 points"),
        ("by_license.a.b-1.0.rows", 1, "1 row", "1", "1"),
        ("rows", 1200, "1,200 rows", "1,200", "1,200"),
        ("max_depth", 2, "2 model steps", "2", "2"),
        (
            "measures.compression_ratio.significant_difference",
            -0.45,
            "45% less than the reference",
            "45% less",
            "45 points",
        ),
        (
            "measures.self_repetition.significant_difference",
            0.01,
            "1 point more than in the reference",
            "1 point more",
            "1 point",
        ),
        ("measures.openings.significant_difference", 0, "no difference", "0 points", "0 points"),
        ("measures.real_rooted.rewrites_fraction", 0.5, "50% of the rewrites", "50%", "50 points"),
        ("mixture.real_epochs", 5.26, "5.26 epochs", "5.26", "5.26"),
        ("measures.contamination.rows_by_13gram", 3, "3 rows", "3", "3"),
        ("measures.somebodys.score", 0.25, "0.25", "0.25", "0.25"),
    ],
)
def test_numbers_are_shown_in_their_unit(path: str, number: float, shown: str, bound: str, distance: str) -> None:
    unit = unit_of(path)
    assert (unit.shown(number), unit.bare(number), unit.distance(abs(number))) == (shown, bound, distance)


@pytest.mark.parametrize("name", packs())
def test_every_number_that_a_pack_asks_for_has_a_unit(name: str) -> None:
    numbers = [rule.value for rule in pack(name).rules if not isinstance(rule.threshold, Only | NoneOf | Equals)]
    without = {path for path in numbers if unit_of(path) is PLAIN}
    # Of these the rule's reason says what the number is.
    assert without <= {"measures.fan_out.effective_of_pool"}
