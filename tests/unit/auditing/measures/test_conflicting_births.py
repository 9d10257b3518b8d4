from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.measuring import take, values
from support.sidecars import record, sample

from provenance.auditing.measures import Measured, Outstanding
from provenance.auditing.measures.conflicting_births import MEASURE
from provenance.repository import Repository

ORIGINS = st.sampled_from(["real", "synthetic", "unknown"])
# Of each sample: its rows, and the origins of its births, the one that bears the rows first.
SAMPLES = st.lists(st.tuples(st.integers(0, 3), st.lists(ORIGINS, min_size=1, max_size=3)), max_size=6)


def test_a_real_text_that_a_model_repeats_stands_out(repository: Repository, tmp_path: Path) -> None:
    found = take(
        repository,
        tmp_path,
        MEASURE,
        [
            record(sample(1), 3, origin="real"),
            record(sample(1), 0, origin="synthetic"),
            record(sample(2), 1, origin="synthetic"),
            record(sample(2), 0, origin="synthetic"),
        ],
    )
    assert found == Measured({"samples": 1, "rows": 3}, (Outstanding(sample(1), "born real, and again synthetic"),))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(SAMPLES)
def test_agrees_with_going_through_the_births(
    repository: Repository, tmp_path: Path, stated: list[tuple[int, list[str]]]
) -> None:
    records: list[dict[str, Any]] = []
    origins: dict[int, set[str]] = defaultdict(set)
    for number, (rows, births) in enumerate(stated):
        for place, origin in enumerate(sorted(births, key="unknown".__eq__)):
            records.append(record(sample(number), rows if place == 0 else 0, origin=origin))
            origins[number].add(origin)
    conflicting = [number for number, (rows, _) in enumerate(stated) if rows and len(origins[number] - {"unknown"}) > 1]
    found = values(take(repository, tmp_path, MEASURE, records))
    assert found == {"samples": len(conflicting), "rows": sum(stated[number][0] for number in conflicting)}
