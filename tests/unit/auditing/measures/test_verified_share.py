from __future__ import annotations

from pathlib import Path

import pytest
from support.measuring import take, values
from support.sidecars import Words, record, sample

from provenance.auditing.measures import Measured, NotMeasured
from provenance.auditing.measures.verified_share import MEASURE, passed
from provenance.lineage.records import Agent
from provenance.repository import Repository

WORDS = Words(agents=(Agent(name="writer"), Agent(name="solver", revision="2")))


def test_verdicts_are_counted_by_verifier_and_by_model(repository: Repository, tmp_path: Path) -> None:
    found = take(
        repository,
        tmp_path,
        MEASURE,
        [
            record(sample(1), 3, origin="synthetic", agent=0, verdict="pass", verifier="pytest@9"),
            record(sample(2), 1, origin="synthetic", agent=0, verdict="fail", verifier="pytest@9"),
            record(sample(3), 2, origin="synthetic", agent=1, verdict="0.7", verifier="judge"),
            record(sample(4), 1, origin="mixed", agent=1, verdict="accepted"),
            record(sample(5), 3, origin="synthetic"),
            record(sample(6), 9, origin="real"),
            record(sample(7), 5, origin="real", verdict="ok", verifier="people@2026"),
        ],
        WORDS,
    )
    assert values(found) == {
        "rows": 10,
        "verified_rows": 7,
        "fraction": 0.7,
        "with_verifier_fraction": pytest.approx(11 / 12),
        "with_version_fraction": pytest.approx(9 / 12),
        "judged": 10,
        "passed": 9,
        "pass_fraction": 0.9,
        "by_verifier": {
            "people@2026": {"rows": 5, "judged": 5, "passed": 5, "pass_fraction": 1.0},
            "pytest@9": {"rows": 4, "judged": 4, "passed": 3, "pass_fraction": 0.75},
            "judge": {"rows": 2, "judged": 0, "passed": 0, "pass_fraction": None},
            "unstated": {"rows": 1, "judged": 1, "passed": 1, "pass_fraction": 1.0},
        },
        "by_model": {
            "unstated": {"rows": 5, "judged": 5, "passed": 5, "pass_fraction": 1.0},
            "writer": {"rows": 4, "judged": 4, "passed": 3, "pass_fraction": 0.75},
            "solver@2": {"rows": 3, "judged": 1, "passed": 1, "pass_fraction": 1.0},
        },
    }
    assert isinstance(found, Measured) and [each.sample_id for each in found.outstanding] == [sample(5)]


def test_real_rows_need_no_verdict(repository: Repository, tmp_path: Path) -> None:
    found = take(repository, tmp_path, MEASURE, [record(sample(1))])
    assert found == NotMeasured("mix.jsonl: has no synthetic, mixed or verified rows")


@pytest.mark.parametrize(
    ("verdict", "means"),
    [
        ("pass", True),
        ("Correct", True),
        (" true ", True),
        ("REJECTED", False),
        ("0", False),
        ("incorrect", False),
        ("0.7", None),
        ("passable", None),
        ("", None),
    ],
)
def test_only_whole_words_for_pass_and_fail_count(verdict: str, means: bool | None) -> None:
    assert passed(verdict) is means
