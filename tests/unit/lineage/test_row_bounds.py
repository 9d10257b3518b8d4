from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.born import Born, agrees, born, narrowest
from support.sidecars import record, sample, write

from provenance.errors import SidecarError
from provenance.lineage.database import scratch_database
from provenance.lineage.id_ranges import EVERY_ID
from provenance.lineage.record_rows import placed_records
from provenance.lineage.row_bounds import BirthRows, misstated, misstated_in_words, starts_of
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.soundness import require_sound


def birth_rows(samples: Sequence[Born]) -> BirthRows:
    lengths = [len(each.truth) for each in samples]
    is_first = np.array([place == 0 for length in lengths for place in range(length)], bool)
    return BirthRows(
        starts_of(is_first),
        np.array([each for known in samples for each in known.certain], np.int64),
        np.array([each for known in samples for each in known.possible], np.int64),
        np.array([known.shared for known in samples], np.int64),
    )


@st.composite
def chosen_births(draw: st.DrawFn) -> tuple[list[Born], list[list[bool]]]:
    samples = draw(st.lists(born(), max_size=4))
    return samples, [[draw(st.booleans()) for _ in each.truth] for each in samples]


def flat(chosen: Sequence[Sequence[bool]]) -> Any:
    return np.array([each for of_sample in chosen for each in of_sample], bool)


@given(chosen_births())
def test_bounds_are_the_least_and_the_most_that_any_division_gives(drawn: tuple[list[Born], list[list[bool]]]) -> None:
    samples, chosen = drawn
    rows = birth_rows(samples)
    assert rows.total.tolist() == [each.rows for each in samples]
    least, most = rows.bounds(flat(chosen))
    for known, of_sample, low, high in zip(samples, chosen, least.tolist(), most.tolist(), strict=True):
        found = [sum(n for n, inside in zip(each, of_sample, strict=True) if inside) for each in known.divisions()]
        # Of up to three births every sum is exact; with more, it may be wider, never narrower.
        assert low <= min(found) and max(found) <= high
        assert len(known.truth) > 3 or (low, high) == (min(found), max(found))


@given(chosen_births(), st.randoms())
def test_what_stays_after_rows_went_holds_the_truth(drawn: tuple[list[Born], list[list[bool]]], random: Any) -> None:
    samples, chosen = drawn
    before, gone = birth_rows(samples), flat(chosen)
    left = before.without(gone)
    most = before.bounds(gone)[1]
    for number, (known, goes) in enumerate(zip(samples, chosen, strict=True)):
        part = slice(int(left.starts[number]), int(left.starts[number + 1]))
        certain, possible = left.rows[part].tolist(), left.possible[part].tolist()
        stays = Born(tuple(certain), tuple(possible), int(left.shared[number]), tuple(known.truth))
        agrees(stays.records())
        assert left.total[number] == known.rows - most[number]
        # All rows that went were of births that go, but for as many as there was doubt; which of the others, is open.
        truth = [0 if away else n for n, away in zip(known.truth, goes, strict=True)]
        along = int(most[number]) - (known.rows - sum(truth))
        assert along >= 0
        for _ in range(along):
            truth[random.choice([place for place, n in enumerate(truth) if n])] -= 1
        for n, low, more in zip(truth, certain, possible, strict=True):
            assert low <= n <= low + more
        assert all(low + more == 0 for low, more, away in zip(certain, possible, goes, strict=True) if away)


@given(st.lists(born(), max_size=4), st.randoms())
def test_what_is_known_of_some_rows_holds_the_truth(samples: list[Born], random: Any) -> None:
    kept = [random.randint(0, each.rows) for each in samples]
    some = birth_rows(samples).some(np.array(kept, np.int64))
    assert some.total.tolist() == kept
    for number, (known, left) in enumerate(zip(samples, kept, strict=True)):
        part = slice(int(some.starts[number]), int(some.starts[number + 1]))
        certain, possible = some.rows[part].tolist(), some.possible[part].tolist()
        agrees(Born(tuple(certain), tuple(possible), int(some.shared[number]), known.truth).records())
        every = [birth for birth, rows in enumerate(known.truth) for _ in range(rows)]
        picked = random.sample(every, left)
        for birth, (low, more) in enumerate(zip(certain, possible, strict=True)):
            assert low <= picked.count(birth) <= low + more


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=6), st.randoms())
def test_samples_of_one_record_each_are_known_as_beside_others(counts: list[tuple[int, int]], random: Any) -> None:
    rows, left = (
        np.array(each, np.int64) for each in zip(*((rows + less, rows) for rows, less in counts), strict=True)
    )
    number, none = len(rows), np.zeros(len(rows), np.int64)
    alone = BirthRows(np.arange(number + 1), rows, none, none)
    # Of the last sample there are two records.
    beside = BirthRows(
        np.append(alone.starts, number + 2), np.append(rows, [1, 1]), np.append(none, [0, 0]), np.append(none, 0)
    )
    assert alone.are_single
    assert not beside.are_single

    picked = np.array(sorted(random.sample(range(number), random.randint(0, number))), np.int64)
    assert alone.records_of(picked).tolist() == beside.records_of(picked).tolist()

    found, other = alone.some(left), beside.some(np.append(left, 2))
    for name in ("rows", "possible"):
        assert getattr(found, name).tolist() == getattr(other, name)[:number].tolist(), name
    assert found.shared.tolist() == other.shared[:number].tolist()


def test_the_example_of_the_specification() -> None:
    """Nine rows of one birth and one of another, of which eight were picked."""
    some = birth_rows([narrowest((9, 1), [(9, 9), (1, 1)])]).some(np.array([8]))
    assert (some.rows.tolist(), some.possible.tolist(), some.shared.tolist()) == ([7, 0], [1, 1], [1])


def test_what_goes_may_have_taken_the_place_of_others() -> None:
    """One row for certain, one in doubt between two others: what is taken out may be in the place of either."""
    known = narrowest((1, 1, 0), [(1, 1), (0, 1), (0, 1)])
    left = birth_rows([known]).without(np.array([False, False, True]))
    assert (left.rows.tolist(), left.possible.tolist(), left.shared.tolist()) == ([0, 0, 0], [1, 1, 0], [1])


def said(folder: Path, records: Sequence[dict[str, Any]]) -> list[str]:
    path = write(folder, "a.jsonl", [record(sample(1), **each) for each in records], rows=1)
    with scratch_database(folder) as connection:
        opened = open_sidecar(path)
        connection.execute(f"CREATE VIEW records AS FROM {placed_records(opened)}")
        found = misstated_in_words(misstated(connection, opened, (EVERY_ID,)))
    if found:
        with pytest.raises(SidecarError, match="records|sample|record"):
            require_sound(open_sidecar(path), folder)
    return found


def of_mark(mark: str, rows: int, possible: int | None = None, ambiguous: int | None = None) -> list[dict[str, Any]]:
    return [{"mark": mark.encode() * 8, "rows": rows, "possible_rows": possible, "ambiguous_rows": ambiguous}]


def in_doubt(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two births that may have had one row, and the marks of each."""
    return [{"possible_rows": 1, "ambiguous_rows": 1, "marks": one}, {"possible_rows": 1, "marks": other}]


def test_rows_by_marks_are_well_stated(tmp_path: Path) -> None:
    assert said(tmp_path, in_doubt(of_mark("1", 1, 1, 1), of_mark("1", 1, 1, 1))) == []
    alone: list[dict[str, Any]] = [{"marks": of_mark("1", 1)}, {"rows": 0, "marks": []}]
    with TemporaryDirectory() as folder:
        assert said(Path(folder), alone) == []


@settings(deadline=None, max_examples=30)
@given(born())
def test_what_is_known_in_its_narrowest_form_is_well_stated(known: Born) -> None:
    agrees(known.records())
    with TemporaryDirectory() as folder:
        assert said(Path(folder), known.records()) == []


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ([{"possible_rows": 0}], "0 stands for possible or ambiguous rows"),
        ([{"ambiguous_rows": 0}], "0 stands for possible or ambiguous rows"),
        ([{"calls": 1}], "or 1 for calls"),
        ([{"doubts": 0}], "where null belongs (1 record)"),
        ([{"possible_rows": 1}, {}], "do not fit each other (1 sample)"),
        ([{"ambiguous_rows": 1}, {}], "do not fit each other"),
        ([{"possible_rows": 1, "ambiguous_rows": 1}, {}], "do not fit each other"),
        ([{"possible_rows": 2, "ambiguous_rows": 1}, {"possible_rows": 2}], "do not fit each other"),
        ([{"possible_rows": 1, "ambiguous_rows": 2}, {"possible_rows": 2}], "do not fit each other"),
        ([{"possible_rows": 1}, {"possible_rows": 1, "ambiguous_rows": 1}], "another record than the first"),
        ([{"marks": of_mark("1", 2)}], "do not add up to those of the record (1 record)"),
        ([{"marks": of_mark("1", 0)}], "do not add up to those of the record"),
        (in_doubt(of_mark("1", 1, 1, 1), of_mark("2", 1, 1, 1)), "ambiguous rows by marks do not fit"),
        (in_doubt(of_mark("1", 1, 1, 1), of_mark("1", 1, 1)), "ambiguous rows by marks do not fit"),
        (in_doubt(of_mark("1", 1, 1), of_mark("1", 1, 1)), "ambiguous rows by marks do not fit"),
    ],
)
def test_what_is_stated_otherwise_is_told(tmp_path: Path, records: list[dict[str, Any]], problem: str) -> None:
    found = said(tmp_path, records)
    assert len(found) == 1 and problem in found[0]
