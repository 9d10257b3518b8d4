from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from provenance.errors import ProvenanceError
from provenance.explorer.jobs import Job, Jobs


def adds(tell: Any, one: int, other: int) -> int:
    tell("adding", 1, 2)
    return one + other


def refuses(tell: Any) -> None:
    raise ProvenanceError("data.jsonl: not today")


def stumbles(tell: Any) -> None:
    raise KeyError("a key\nand more")


def vanishes(tell: Any) -> None:
    import os

    os._exit(1)


def lasts(tell: Any) -> None:
    tell("waiting", 0, None)
    time.sleep(600)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


def ended(jobs: Jobs, key: str) -> Job:
    while True:
        job = jobs.find(key)
        assert job is not None
        if not job.is_running:
            return job
        time.sleep(0.05)


def test_what_was_found_is_kept_and_not_worked_out_again(jobs: Jobs) -> None:
    assert jobs.find("a") is None
    assert jobs.begin("a", "a sum", adds, 2, 3).is_running
    found = ended(jobs, "a")
    assert (found.result, found.failed, found.doing, found.share) == (5, "", "adding", 0.5)
    assert jobs.begin("a", "a sum", adds, 20, 30) is found


@pytest.mark.parametrize(
    ("work", "words"), [(refuses, "data.jsonl: not today"), (stumbles, "KeyError: 'a key"), (vanishes, "it ended")]
)
def test_what_fails_says_why_in_one_line_and_may_be_begun_again(jobs: Jobs, work: Any, words: str) -> None:
    jobs.begin("a", "work", work)
    failed = ended(jobs, "a")
    assert failed.failed.startswith(words) and "\n" not in failed.failed
    assert jobs.begin("a", "work", work) is not failed


def test_only_so_many_run_at_a_time_and_all_end_with_the_server(jobs: Jobs) -> None:
    running = [jobs.begin(name, "work", lasts) for name in "ab"]
    with pytest.raises(ProvenanceError, match="2 tasks are running"):
        jobs.begin("c", "work", lasts)
    jobs.close()
    assert [(job.is_running, job.failed) for job in running] == [(False, "cancelled")] * 2
    assert jobs.begin("c", "work", adds, 1, 1).is_running
