from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.lineages import WORDS, ancestors, lineages, records_of, rows_where
from support.measuring import take, values
from support.sidecars import record, sample

from provenance.auditing.measures import Measured
from provenance.auditing.measures.revoked import MEASURE
from provenance.repository import Repository


def revoke(repository: Repository, *named: set[int]) -> None:
    """One revocation for each set of samples."""
    entries = [
        {
            "id": f"{place:012x}",
            "selectors": [f"sample:{sample(number)}" for number in sorted(numbers)],
            "reason": f"reason {place}",
            "revoked": "2026-11-20T09:30:00Z",
        }
        for place, numbers in enumerate(named)
    ]
    # YAML is a superset of JSON.
    (repository.root / "provenance.revocations.yaml").write_text(json.dumps({"version": 1, "revocations": entries}))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(lineages(), st.lists(st.sets(st.integers(0, 12), min_size=1, max_size=2), max_size=2))
def test_counts_what_recursion_finds(
    repository: Repository, tmp_path: Path, stated: list[dict[str, Any]], named: list[set[int]]
) -> None:
    revoke(repository, *named)
    gone = set().union(*named)
    affected = rows_where(stated, lambda number, _: ({number} | ancestors(stated, number)) & gone)

    measured = values(take(repository, tmp_path, MEASURE, records_of(stated), WORDS))

    total = sum(each["rows"] for each in stated)
    assert (measured["revocations"], measured["rows"], measured["rows_through_models"]) == (len(named), affected, 0)
    assert measured["fraction"] == pytest.approx(affected / total if total else 0)


def test_a_row_is_shown_once_with_the_first_reason(repository: Repository, tmp_path: Path) -> None:
    revoke(repository, {0}, {1})
    both = record(sample(2), rows=3, parents=[sample(0), sample(1)])

    found = take(repository, tmp_path, MEASURE, [record(sample(0), 0), record(sample(1), 0), both])

    assert isinstance(found, Measured)
    assert [(each.sample_id, each.why) for each in found.outstanding] == [
        (sample(2), "revoked (000000000000): reason 0")
    ]
    assert found.values["rows"] == 3
