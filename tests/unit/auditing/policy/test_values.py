from __future__ import annotations

import math
from typing import Any

import pytest

from provenance.auditing.policy.values import Interval, Missing, interval, look_up, problem_of_path


def share(rows: int, total: int, tokens: int | None = None, rows_with_tokens: int = 0) -> dict[str, Any]:
    return {
        "rows": rows,
        "bytes": 10 * rows,
        "tokens": tokens,
        "rows_with_tokens": rows_with_tokens,
        "fraction": rows / total,
    }


AUDITED: dict[str, Any] = {
    "path": "mix.jsonl",
    "rows": 10,
    "max_depth": 2,
    "real_rooted_fraction": None,
    "cost": {"amount": "1.50", "rows_costed": 2},
    "by_origin": {"real": share(6, 10, 60, 6), "synthetic": share(3, 10, 9, 2), "unknown": share(1, 10)},
    "by_model": {"org/model-1.5@a": share(3, 10)},
    "by_depth": {"0": share(6, 10), "2": share(3, 10), "unknown": share(1, 10)},
    "by_license": {"MIT": share(10, 10)},
    "measures": {
        "drift": {"tokens": {"divergence": 0.2, "null_p99": 0.3}, "beyond_null": False},
        "accumulation": {"not_measured": "no previous version"},
        "lineage_contamination": {"rows": 1, "fraction": 0.1, "unknown_rows": 2},
        "self_consumption": {"loops": 0},
        "fan_out": {"pool": None, "top_1": None},
    },
    "doubts": {
        "lineage_contamination": {"rows": {"more": 2, "why": "so it is"}},
        "self_consumption": {"loops": {"more": None, "why": "nobody knows"}},
        "fan_out": {"pool": {"more": None, "why": "nobody recorded it"}},
    },
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("rows", 10),
        ("by_origin.real.fraction", 0.6),
        ("by_origin.mixed.rows", 0),
        ("by_model.org/model-1.5@a.rows", 3),
        ("by_origin.real.tokens", 60),
        ("cost.amount", "1.50"),
        ("measures.drift.tokens.null_p99", 0.3),
        ("measures.drift.beyond_null", False),
    ],
)
def test_a_dotted_path_finds_a_value(path: str, value: Any) -> None:
    assert look_up(AUDITED, path) == value


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("by_topic.law.rows", "the audit has no by_topic"),
        ("real_rooted_fraction", "real_rooted_fraction is not known"),
        ("by_origin.synthetic.tokens", "tokens are known for 2 of 3 rows"),
        ("by_origin.mixed.tokens", "no rows are of mixed"),
        ("by_origin.real.colour", "a group has no colour"),
        ("measures.openings.value", "there is no measure openings here"),
        ("measures.drift.fields.language", "the audit has no measures.drift.fields"),
        ("measures.accumulation.retained_fraction", "no previous version"),
        ("cost.amount.euro", "the audit has no cost.amount.euro"),
        ("measures.fan_out.pool", "measures.fan_out.pool is not known: nobody recorded it"),
        ("measures.fan_out.top_1", "measures.fan_out.top_1 is not known"),
    ],
)
def test_what_is_not_there_is_missing_with_the_reason(path: str, reason: str) -> None:
    assert look_up(AUDITED, path) == Missing(reason)


def test_an_empty_dataset_has_no_shares() -> None:
    assert look_up({"rows": 0, "by_origin": {}}, "by_origin.real.fraction") == Missing("the dataset has no rows")


@pytest.mark.parametrize(
    ("path", "low", "high"),
    [
        ("by_origin.real.fraction", 0.6, 0.7),
        ("by_origin.synthetic.rows", 3, 4),
        ("by_origin.unknown.rows", 1, 1),
        ("by_license.MIT.rows", 10, 10),
        ("max_depth", 2, math.inf),
        ("cost.amount", 1.5, 1.5),
        ("measures.lineage_contamination.rows", 1, 3),
        ("measures.lineage_contamination.unknown_rows", 2, 2),
        ("measures.self_consumption.loops", 0, math.inf),
        ("measures.drift.tokens.null_p99", 0.3, 0.3),
    ],
)
def test_what_nobody_stated_may_belong_to_any_group(path: str, low: float, high: float) -> None:
    known = interval(AUDITED, path, look_up(AUDITED, path))
    assert isinstance(known, Interval)
    assert (known.low, known.high) == pytest.approx((low, high))
    assert bool(known.doubt) == (low != high)


@pytest.mark.parametrize("found", ["many", True, math.nan, {}, None])
def test_what_is_no_number_is_missing(found: Any) -> None:
    assert isinstance(interval(AUDITED, "rows", found), Missing)


@pytest.mark.parametrize("path", ["", "a..b", "measures.drift", "by_origin.real", "by_origin.reel.rows"])
def test_paths_that_can_name_no_value_are_refused(path: str) -> None:
    assert problem_of_path(path)


@pytest.mark.parametrize("path", ["rows", "by_license", "by_source.a.b.rows", "by_kind.unstated.rows", "measures.x.y"])
def test_other_paths_are_left_to_the_audit(path: str) -> None:
    assert problem_of_path(path) is None
