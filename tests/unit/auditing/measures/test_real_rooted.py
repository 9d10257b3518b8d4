from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from support.lineages import ancestors, lineages, records_of, rows_where
from support.measuring import take, values

from provenance.auditing.measures import Measured, NotMeasured
from provenance.auditing.measures.real_rooted import MEASURE
from provenance.repository import Repository


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(lineages())
def test_agrees_with_looking_for_a_real_ancestor_of_each_sample(
    repository: Repository, tmp_path: Path, stated: list[dict[str, Any]]
) -> None:
    def is_rooted(number: int) -> bool:
        return any(stated[one]["origin"] == "real" for one in {number, *ancestors(stated, number)})

    records = records_of([{**each, "real_rooted": is_rooted(number)} for number, each in enumerate(stated)])
    found = take(repository, tmp_path, MEASURE, records)
    made = rows_where(stated, lambda _, each: each["origin"] != "real")
    if not made:
        assert isinstance(found, NotMeasured)
        return
    rooted = rows_where(stated, lambda number, each: each["origin"] != "real" and is_rooted(number))
    rewrites = rows_where(stated, lambda _, each: each["kind"] == "rewrite")
    of_rewrites = rows_where(stated, lambda number, each: each["kind"] == "rewrite" and is_rooted(number))
    assert values(found) == {
        "rows": made,
        "fraction": pytest.approx(rooted / made),
        "unknown_fraction": 0.0,
        "rewrites_fraction": pytest.approx(of_rewrites / rewrites) if rewrites else None,
    }
    assert isinstance(found, Measured)
    assert len(found.outstanding) == sum(
        each["rows"] > 0 and each["origin"] != "real" and not is_rooted(number) for number, each in enumerate(stated)
    )
