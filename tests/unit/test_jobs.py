"""Work by several threads at once."""

from __future__ import annotations

import os
from itertools import islice
from threading import Barrier, Event

import pytest

from provenance.jobs import at_once, cores, without_blas_threads


@pytest.mark.parametrize("jobs", [1, 3])
def test_results_come_in_the_order_of_the_items(jobs: int) -> None:
    assert list(at_once(lambda number: number * number, range(50), jobs)) == [number * number for number in range(50)]
    assert list(at_once(str, [], jobs)) == []


def test_as_many_work_at_once_as_there_are_jobs() -> None:
    barrier = Barrier(3, timeout=60)

    assert sorted(at_once(lambda _: barrier.wait(), range(3), 3)) == [0, 1, 2]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_comes_in_its_place_and_ends_the_work(jobs: int) -> None:
    found = at_once(lambda number: 6 // (3 - number), range(10**9), jobs)

    assert list(islice(found, 3)) == [2, 3, 6]
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_nothing_new_is_begun_when_nobody_wants_more() -> None:
    begun, may_go_on = [], Event()

    def work(number: int) -> int:
        begun.append(number)
        assert number == 0 or may_go_on.wait(60)
        return number

    found = at_once(work, range(100), 2)
    may_go_on.set()
    assert next(found) == 0
    found.close()

    assert len(begun) <= 7


def test_there_is_a_core() -> None:
    assert cores() >= 1


def test_numpy_is_loaded_without_threads_of_openblas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with without_blas_threads():
        assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert "OPENBLAS_NUM_THREADS" not in os.environ, "what is started later is not told so"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    with without_blas_threads():
        assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
