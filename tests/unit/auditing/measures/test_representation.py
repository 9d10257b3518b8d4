from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from support.pools import pool_of

from provenance.auditing.measure import Measured, NotMeasured
from provenance.auditing.measures import judged_with_all
from provenance.auditing.measures.representation import representation
from provenance.auditing.texts.pools import Pool


def pool(**values: Sequence[str | None]) -> Pool:
    """200 compared and 2,000 reference rows with these fields' values."""
    (count,) = {len(each) for each in values.values()}
    texts = [f"text {number}" for number in range(count)]
    return pool_of(texts[:200], texts[200:], None, values)


def measured(rows: Pool) -> dict[str, Any]:
    found = representation(rows, rules=6)
    assert isinstance(found, Measured)
    return dict(found.values)


LOST = ["en"] * 200 + ["en"] * 985 + ["de"] * 985 + ["la"] * 30
NO_MOOD = "the field mood is in no row that is compared, or is a list or an object"
ALIKE = (["en"] * 10 + ["de"] * 10) * 110


def test_one_rare_value_does_not_hide_that_a_language_is_gone() -> None:
    found = measured(pool(language=LOST))
    assert found["outside"] == 2
    values = found["fields"]["language"]["values"]
    assert list(values) == ["en", "de", "la"]
    assert values["en"]["ratio"] == pytest.approx(2.03, abs=0.01) and values["de"]["ratio"] < 0.01
    assert values["de"]["p"] < 1e-50 and values["la"]["p"] > 0.01
    assert (found["compared_rows"], found["reference_rows"]) == (200, 2000)


def test_fields_are_judged_together_and_one_that_no_row_has_takes_away_itself() -> None:
    found = measured(pool(language=LOST, topic=ALIKE, mood=[None] * 2200))
    assert found["outside"] == 2
    assert found["fields"]["mood"] == {
        "not_measured": "the field mood is in no row that is compared, or is a list or an object"
    }
    assert set(found["fields"]["topic"]["values"]) == {"en", "de"}
    alone = representation(pool(mood=[None] * 2200), rules=6)
    assert alone == NotMeasured(NO_MOOD)


def test_a_field_that_half_of_the_rows_lack_is_compared_where_it_is_and_may_be_otherwise() -> None:
    half = [value if row % 2 else None for row, value in enumerate(ALIKE)]
    found = representation(pool(language=half), rules=6)
    assert isinstance(found, Measured)
    assert found.values["outside"] == 0
    doubt = found.doubts["outside"]
    assert (doubt.more, doubt.why) == (None, "50% of compared rows and 50% of reference rows have no language")
    assert dict(found.values)["fields"]["language"]["without"] == {"compared": 0.5, "reference": 0.5}  # type: ignore[index]


def test_a_difference_within_four_fifths_is_none_however_sure() -> None:
    values = ["en"] * 110 + ["de"] * 90 + ["en"] * 1000 + ["de"] * 1000
    assert measured(pool(language=values))["outside"] == 0


def test_more_rules_ask_for_a_smaller_p() -> None:
    values = ["en"] * 128 + ["de"] * 72 + ["en"] * 1000 + ["de"] * 1000
    found = representation(pool(language=values), rules=6)
    assert isinstance(found, Measured)
    p = found.values["p"]
    assert isinstance(p, float) and 0.0003 < p < 0.01
    assert found.values["outside"] == 2
    ((first, *_),) = [list(each.values()) for each in judged_with_all([{str(n): found for n in range(40)}])]
    assert isinstance(first, Measured) and first.values["outside"] == 0


def test_a_field_whose_values_are_all_too_rare_is_not_said_to_be_even() -> None:
    found = representation(pool(name=[str(row % 900) for row in range(2200)]), rules=6)
    assert isinstance(found, Measured)
    assert found.values["outside"] == 0
    assert found.doubts["outside"].why == "every value of name is in too few rows to be told from chance"
    single = representation(pool(name=["one"] * 2200), rules=6)
    assert isinstance(single, Measured) and single.values["outside"] == 0 and not single.doubts
