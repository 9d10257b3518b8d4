from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.measuring import take, values
from support.sidecars import Words, record, sample

from provenance.auditing.measures import NotMeasured
from provenance.auditing.measures.teacher_student import MEASURE
from provenance.files import MODELS_FILE
from provenance.lineage.records import Activity, ActivityType, Agent
from provenance.repository import Repository

WORDS = Words(
    activities=(Activity(type=ActivityType.GENERATION), Activity(type=ActivityType.DERIVATION)),
    agents=(
        Agent(name="tuned"),
        Agent(name="student", revision="1"),
        Agent(name="org/gpt-4o"),
        Agent(name="meta/Llama-3-70B"),
    ),
)
TRAINED_ON = f"{{path: mix.jsonl, md5: {'a' * 32}, sidecar_md5: {'b' * 32}}}"
STUDENT = f"{{name: student, revision: '2', base: Llama-3-8B, trained_on: [{TRAINED_ON}]}}"
RECORDS: list[dict[str, Any]] = [
    record(sample(1), 1, origin="synthetic", agent=0, activity=0),
    record(sample(2), 2, origin="synthetic", parents=[sample(1)], agent=2, activity=0),
    record(sample(3), 4, origin="synthetic", agent=1, activity=0),
    record(sample(4), 8, origin="synthetic", agent=2, activity=0),
    record(sample(5), 16, origin="synthetic", agent=3, activity=0),
    record(sample(6), 32),
]


@pytest.fixture
def registered(repository: Repository) -> Iterator[Repository]:
    """A student and a model of another name that were made from the same base; gpt-4o and Llama-3-70B are not known."""
    register = repository.root / MODELS_FILE
    register.write_text(f"models: [{{name: Llama-3-8B}}, {{name: tuned, base: Llama-3-8B}}, {STUDENT}]")
    yield repository
    register.unlink()


def test_rows_by_what_shares_the_base_of_the_student(registered: Repository, tmp_path: Path) -> None:
    found = values(take(registered, tmp_path, MEASURE, RECORDS, WORDS))
    # By tuned: samples 1 and, through it, 2; by an earlier student: 3; only of the family: 5.
    assert found == {
        "rows": 7,
        "fraction": 7 / 63,
        "family_rows": 23,
        "students": {
            "student@2": {
                "meta/Llama-3-70B": {"rows": 16, "fraction": 16 / 63, "shared_model": None},
                "student@1": {"rows": 4, "fraction": 4 / 63, "shared_model": "student"},
                "tuned": {"rows": 3, "fraction": 3 / 63, "shared_model": "Llama-3-8B"},
            }
        },
        "left_out": 0,
    }


def test_real_rows_teach_nobody_a_model(registered: Repository, tmp_path: Path) -> None:
    found = values(take(registered, tmp_path, MEASURE, [record(sample(1))]))
    assert (found["rows"], found["family_rows"], found["students"]) == (0, 0, {"student@2": {}})


def test_without_a_student_nothing_is_known(repository: Repository, tmp_path: Path) -> None:
    found = take(repository, tmp_path, MEASURE, RECORDS, WORDS)
    assert isinstance(found, NotMeasured) and found.reason.startswith("mix.jsonl: no registered model is trained on it")
