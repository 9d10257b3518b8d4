from __future__ import annotations

from pathlib import Path

from support.measuring import take, values
from support.sidecars import record, sample

from provenance.auditing.measures import Measured
from provenance.auditing.measures.dangling_parents import MEASURE
from provenance.repository import Repository


def test_parents_that_were_never_seen_are_counted_with_the_rows_made_from_them(
    repository: Repository, tmp_path: Path
) -> None:
    never_seen = {"origin": "unknown", "evidence": None, "content_bytes": None}
    found = take(
        repository,
        tmp_path,
        MEASURE,
        [
            record(sample(1), 0, **never_seen),
            record(sample(2), 0, **never_seen),
            record(sample(3), 2, parents=[sample(1), sample(2)]),
            record(sample(4), 1, parents=[sample(3)]),
            record(sample(5), 1),
        ],
    )
    assert values(found) == {"samples": 2, "rows": 2, "fraction": 0.5}
    assert isinstance(found, Measured) and [each.sample_id for each in found.outstanding] == [sample(3)]


def test_lineage_without_loose_ends_has_none(repository: Repository, tmp_path: Path) -> None:
    records = [record(sample(1)), record(sample(2), parents=[sample(1)])]
    assert values(take(repository, tmp_path, MEASURE, records)) == {"samples": 0, "rows": 0, "fraction": 0.0}
