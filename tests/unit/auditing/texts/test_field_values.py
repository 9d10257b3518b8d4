from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats
from support.pools import pool_of

from provenance.auditing.measures import NotMeasured
from provenance.auditing.texts import field_values as module
from provenance.auditing.texts.field_values import FieldValues, field_values, ratios
from provenance.auditing.texts.pools import Pool


def pool(
    compared: Sequence[str | None], reference: Sequence[str | None], families: Sequence[object] | None = None
) -> Pool:
    own, others = ([f"{name} {row}" for row in range(len(each))] for name, each in (("a", compared), ("b", reference)))
    return pool_of(own, others, families, {"language": [*compared, *reference]})


def counted(rows: Pool) -> FieldValues:
    found = field_values(rows, "language")
    assert isinstance(found, FieldValues)
    return found


def test_values_are_counted_in_both_groups_and_rows_without_one_are_left_out() -> None:
    found = counted(pool(["en"] * 3 + ["fr"], ["en", "de", None, None]))
    assert found.values == ("de", "en", "fr")
    assert (found.compared.tolist(), found.reference.tolist()) == ([0, 3, 1], [1, 1, 0])
    assert found.without == (0.0, 0.5)
    assert sorted(found.codes.tolist()) == [-1, -1, 0, 1, 1, 1, 1, 2]


def test_ratios_and_their_intervals_are_those_of_the_textbook() -> None:
    rows = pool(["en"] * 150 + ["de"] * 50, ["en"] * 400 + ["de"] * 400)
    found = ratios(rows, {"language": counted(rows)}, 0.01, judge=True)["language"]
    # Walter's estimate: a half added to each count, the interval on the scale of logarithms.
    ratio = (50.5 / 200.5) / (400.5 / 800.5)
    error = np.sqrt(1 / 50.5 - 1 / 200.5 + 1 / 400.5 - 1 / 800.5)
    assert found.ratio[0] == pytest.approx(ratio)
    assert (found.low[0], found.high[0]) == pytest.approx((ratio * np.exp(-1.96 * error), ratio * np.exp(1.96 * error)))
    law = stats.hypergeom(1000, 450, 200)
    # Both tails that are as unlikely, and two values.
    other = next(law.sf(count - 1) for count in range(90, 200) if law.sf(count - 1) <= law.cdf(50))
    assert found.adjusted == pytest.approx([2 * (law.cdf(50) + other)] * 2, rel=1e-6)


def test_a_lost_value_has_a_ratio_and_a_rare_one_is_not_judged() -> None:
    rows = pool(["en"] * 200, ["en"] * 985 + ["de"] * 985 + ["la"] * 2)
    fields = {"language": counted(rows)}
    found = ratios(rows, fields, 0.01, judge=True)["language"]
    assert fields["language"].values == ("de", "en", "la")
    assert found.is_judged.tolist() == [True, True, False]
    assert 0 < found.ratio[0] < 0.01 and found.adjusted[0] < 1e-40
    assert not ratios(rows, fields, 0.01, judge=False)["language"].is_judged.any()


def test_families_make_intervals_wider_and_chance_likelier() -> None:
    # Ten rows of each family say the same.
    families = [row // 10 for row in range(200)] + [20 + row // 10 for row in range(400)]
    values = ["de" if family % 3 == 0 else "en" for family in families]
    apart, together = pool(values[:200], values[200:]), pool(values[:200], values[200:], families)
    one, other = (ratios(rows, {"l": counted(rows)}, 0.01, judge=True)["l"] for rows in (apart, together))
    assert one.ratio == pytest.approx(other.ratio)
    width = (other.high / other.low)[0] / (one.high / one.low)[0]
    assert width > 1.3
    assert other.p > 0.2


def test_among_families_a_value_that_is_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    families = [row // 2 for row in range(600)]
    values = ["en" if family < 100 or family % 2 else "de" for family in families]
    rows = pool(values[:200], values[200:], families)
    found = ratios(rows, {"l": counted(rows)}, 0.01, judge=True)["l"]
    assert found.adjusted.tolist() == [1 / 2000] * 2


@pytest.mark.parametrize(
    ("compared", "reference", "reason"),
    [
        ([None] * 20, [None] * 20, "the field language is in no row that is compared, or is a list or an object"),
        (["en"] * 20, [None] * 20, "the field language is in no reference row, or is a list or an object"),
        ([None] * 20, ["en"] * 20, "the field language is in no compared row, or is a list or an object"),
        ([str(number) for number in range(30)], ["1"] * 30, "language has more than 20 values; name a field with few"),
    ],
)
def test_what_cannot_be_compared(
    monkeypatch: pytest.MonkeyPatch, compared: Sequence[str | None], reference: Sequence[str | None], reason: str
) -> None:
    monkeypatch.setattr(module, "MOST_VALUES", 20)
    assert field_values(pool(compared, reference), "language") == NotMeasured(reason)
