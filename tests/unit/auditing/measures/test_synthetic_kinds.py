from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from support.lineages import lineages, records_of, rows_where
from support.measuring import take, values
from support.sidecars import record, sample

from provenance.auditing.measures import Measured, NotMeasured
from provenance.auditing.measures.synthetic_kinds import MEASURE
from provenance.repository import Repository


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(lineages())
def test_agrees_with_looking_at_each_sample(
    repository: Repository, tmp_path: Path, stated: list[dict[str, Any]]
) -> None:
    found = take(repository, tmp_path, MEASURE, records_of(stated))
    made = rows_where(stated, lambda _, each: each["origin"] in ("synthetic", "mixed"))
    if not made:
        assert found == NotMeasured("mix.jsonl: has no synthetic or mixed rows")
        return
    missing = rows_where(stated, lambda _, each: each["origin"] in ("synthetic", "mixed") and each["kind"] is None)
    answers = rows_where(stated, lambda _, each: each["kind"] == "answer")
    measured = values(found)
    assert (measured["rows"], measured["missing_rows"]) == (made, missing)
    assert measured["missing_fraction"] == pytest.approx(missing / made)
    assert measured["kinds"].get("answer", 0) == pytest.approx(answers / made)
    assert sum(measured["kinds"].values()) + measured["missing_fraction"] == pytest.approx(1)


def test_a_sample_without_a_kind_stands_out(repository: Repository, tmp_path: Path) -> None:
    found = take(
        repository,
        tmp_path,
        MEASURE,
        [record(sample(1)), record(sample(2), origin="synthetic"), record(sample(3), origin="mixed", kind="rewrite")],
    )
    assert isinstance(found, Measured)
    assert [(each.sample_id, each.why) for each in found.outstanding] == [(sample(2), "nobody said how it was made")]
