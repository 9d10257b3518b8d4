from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from support.lineages import WORDS, ancestors, lineages, records_of, rows_where
from support.measuring import take, values
from support.sidecars import Words, record, sample

from provenance.auditing.measures import NotMeasured
from provenance.auditing.measures.ancestry import MEASURE
from provenance.lineage.records import Source
from provenance.repository import Repository

SOURCES, MODELS = ["library", "forum"], ["writer@1", "undisclosed"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(lineages())
def test_agrees_with_following_each_parent_of_each_sample(
    repository: Repository, tmp_path: Path, stated: list[dict[str, Any]]
) -> None:
    found = take(repository, tmp_path, MEASURE, records_of(stated), WORDS)
    total = rows_where(stated, lambda _number, _each: True)
    if not total:
        assert found == NotMeasured("mix.jsonl: has no rows")
        return
    measured = values(found)
    above = [ancestors(stated, number) for number in range(len(stated))]
    for name, counted in (
        ("synthetic_ancestor", [any(stated[a]["origin"] in ("synthetic", "mixed") for a in each) for each in above]),
        ("real_rooted", [any(stated[a]["origin"] == "real" for a in {n, *each}) for n, each in enumerate(above)]),
    ):
        rows = rows_where(stated, lambda number, _, counted=counted: counted[number])
        assert measured[name] == {"rows": rows, "fraction": pytest.approx(rows / total)}
    for group, field, names in (("by_source", "source", SOURCES), ("by_model", "agent", MODELS)):
        expected: Counter[str] = Counter()
        for number, each in enumerate(stated):
            borne = {stated[one][field] for one in {number, *above[number]}} - {None}
            expected.update({names[place]: each["rows"] for place in borne})
        assert {name: each["rows"] for name, each in measured[group].items()} == +expected
    assert measured["left_out"] == 0


def test_a_row_counts_once_however_many_ways_lead_back(repository: Repository, tmp_path: Path) -> None:
    records = [
        record(sample(1), 0, source=0),
        *(record(sample(n), 0, parents=[sample(1)]) for n in range(2, 6)),
        record(sample(9), 3, parents=[sample(n) for n in range(1, 6)]),
    ]
    found = values(take(repository, tmp_path, MEASURE, records, WORDS))
    assert found["by_source"] == {"library": {"rows": 3, "fraction": 1.0}}
    assert found["by_license"] == {"PSF-2.0": {"rows": 3, "fraction": 1.0}}


def test_of_very_many_names_the_rarest_are_left_out_and_counted(repository: Repository, tmp_path: Path) -> None:
    words = Words(sources=tuple(Source(name=f"source-{number:04}") for number in range(1100)))
    records = [record(sample(number), source=number % 1100) for number in range(1200)]
    found = values(take(repository, tmp_path, MEASURE, records, words))
    # Of 1,100 sources and "real", 1,024 names are looked for; 100 sources have two samples.
    assert (len(found["by_source"]), found["left_out"]) == (1023, 77)
    assert list(found["by_source"])[:2] == ["source-0000", "source-0001"]
    assert found["by_source"]["source-0099"]["rows"] == 2
