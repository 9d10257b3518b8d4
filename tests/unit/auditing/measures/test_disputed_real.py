from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.measuring import take, values
from support.sidecars import record, sample

from provenance.auditing.measures import Measured, Outstanding
from provenance.auditing.measures.disputed_real import MEASURE
from provenance.repository import Repository

# Of each sample in a dataset: its rows and its origin.
DATASETS = st.dictionaries(
    st.integers(0, 5), st.tuples(st.integers(0, 3), st.sampled_from(["real", "synthetic", "mixed", "unknown"]))
)


def test_model_output_that_was_added_as_real_stands_out(repository: Repository, tmp_path: Path) -> None:
    train = [record(sample(number), rows=1 + number, origin="real") for number in range(3)]
    generated = [record(sample(number), origin="synthetic") for number in (1, 2, 7)]

    found = take(repository, tmp_path, MEASURE, train, others={"generated.jsonl": generated})

    why = "real by one record, model output by another"
    assert found == Measured(
        {"samples": 2, "rows": 5, "fraction": 5 / 6}, (Outstanding(sample(2), why), Outstanding(sample(1), why))
    )


def test_rows_that_count_as_model_output_here_are_not_disputed(repository: Repository, tmp_path: Path) -> None:
    made = [record(sample(1), rows=9, origin="synthetic"), record(sample(2), origin="mixed")]
    called_real = [record(sample(number), origin="real") for number in (1, 2)]
    found = values(take(repository, tmp_path, MEASURE, made, others={"elsewhere.jsonl": called_real}))
    assert found == {"samples": 0, "rows": 0, "fraction": 0.0}


def test_rows_that_may_be_real_are_a_doubt(repository: Repository, tmp_path: Path) -> None:
    records = [record(sample(1), rows=3, origin="real", possible_rows=2), record(sample(2), origin="real")]
    found = take(repository, tmp_path, MEASURE, records, others={"made.jsonl": [record(sample(1), origin="synthetic")]})
    assert isinstance(found, Measured)
    assert (found.values["rows"], found.doubts["rows"].more, found.doubts["fraction"].more) == (3, 2, 2 / 4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(DATASETS, DATASETS)
def test_agrees_with_going_through_all_records(
    repository: Repository, tmp_path: Path, own: dict[int, Any], other: dict[int, Any]
) -> None:
    made = {number for number, (_, origin) in other.items() if origin in ("synthetic", "mixed")}
    rows = [rows for number, (rows, origin) in own.items() if rows and origin == "real" and number in made]
    records, others = (
        [record(sample(number), rows, origin=origin) for number, (rows, origin) in dataset.items()]
        for dataset in (own, other)
    )

    found = values(take(repository, tmp_path, MEASURE, records, others={"other.jsonl": others}))

    assert (found["samples"], found["rows"]) == (len(rows), sum(rows))
    total = sum(rows for rows, _ in own.values())
    assert found["fraction"] == pytest.approx(sum(rows) / total if total else 0)
