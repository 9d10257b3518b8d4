from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from support.lineages import WORDS, lineages, records_of
from support.measuring import take, values
from support.sidecars import Words, record, sample

from provenance.auditing.measures import Measured, NotMeasured
from provenance.auditing.measures.fan_out import MEASURE
from provenance.lineage.records import Activity, ActivityType, StageRun
from provenance.repository import Repository


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(lineages())
def test_agrees_with_the_product_form_of_the_hill_number(
    repository: Repository, tmp_path: Path, stated: list[dict[str, Any]]
) -> None:
    uses: Counter[int] = Counter()
    for each in stated:
        if each["origin"] in ("synthetic", "mixed") and each["rows"]:
            uses.update(dict.fromkeys(each["parents"], each["rows"]))
    found = take(repository, tmp_path, MEASURE, records_of(stated), WORDS)
    if not uses:
        assert isinstance(found, NotMeasured)
        return
    measured = values(found)
    parts = [count / uses.total() for count in uses.values()]
    assert measured["effective_parents"] == pytest.approx(math.prod(part**-part for part in parts))
    assert (measured["parents"], measured["uses"]) == (len(uses), uses.total())
    assert measured["top_1"] == pytest.approx(max(uses.values()) / uses.total())
    assert measured["top_10"] == pytest.approx(sum(n for _, n in uses.most_common(10)) / uses.total())


def test_parents_that_are_used_evenly_are_all_effective(repository: Repository, tmp_path: Path) -> None:
    """As many as the 175 seeds of self-instruct."""
    seeds = [record(sample(number), 0) for number in range(175)]
    made = [record(sample(1000 + n), parents=[sample(n % 175)], kind="from_scratch") for n in range(350)]
    found = values(take(repository, tmp_path, MEASURE, [*seeds, *made]))
    assert found["effective_parents"] == pytest.approx(175)
    assert (found["parents"], found["top_1"], found["top_100"]) == (175, 2 / 350, pytest.approx(100 / 175))
    assert found["pool"] is None


def test_a_pool_that_is_hardly_used_shows(repository: Repository, tmp_path: Path) -> None:
    stage = StageRun(name="write", dependencies={"pool.jsonl": None, "tests.jsonl": None})
    words = Words(activities=(Activity(type=ActivityType.GENERATION, stage=stage),))
    found = take(
        repository,
        tmp_path,
        MEASURE,
        [
            record(sample(0), 0),
            record(sample(1), 0),
            *(record(sample(100 + n), parents=[sample(n % 2)], activity=0) for n in range(8)),
        ],
        words,
        {
            "pool.jsonl": [record(sample(n)) for n in range(40)],
            "tests.jsonl": [record(sample(n)) for n in range(50, 60)],
            "other.jsonl": [record(sample(n)) for n in range(90)],
        },
    )
    assert (values(found)["pool"], values(found)["effective_of_pool"]) == (40, pytest.approx(2 / 40))
    assert isinstance(found, Measured)
    assert [each.why for each in found.outstanding] == ["4 of 8 uses of a parent"] * 2


def test_an_inferred_parent_is_not_counted(repository: Repository, tmp_path: Path) -> None:
    records = [record(sample(1)), record(sample(2), parents=[sample(1)], evidence="inferred")]
    assert isinstance(take(repository, tmp_path, MEASURE, records), NotMeasured)


def test_births_of_the_same_text_in_other_datasets_are_no_uses(repository: Repository, tmp_path: Path) -> None:
    records = [record(sample(1), 0), record(sample(2), 3, origin="synthetic", parents=[sample(1)])]
    elsewhere = [
        *(record(sample(number), 0) for number in (3, 4)),
        record(sample(2), 50, origin="synthetic", parents=[sample(3), sample(4)]),
    ]
    alone = take(repository, tmp_path, MEASURE, records)
    beside = take(repository, tmp_path, MEASURE, records, others={"other.jsonl": elsewhere})
    assert values(alone) == values(beside)
    assert values(beside)["uses"] == 3
