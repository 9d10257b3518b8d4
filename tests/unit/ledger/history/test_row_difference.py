"""Two sidecars, compared range by range, give what a difference of multisets gives."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import several_births
from support.born import Born, born
from support.sidecars import Words, record, sample, write

from provenance.errors import SidecarError
from provenance.ledger.history import described_rows
from provenance.ledger.history.row_difference import RowDifference, compare_rows
from provenance.lineage import parts as writing
from provenance.lineage.id_ranges import RECORDS_AT_ONCE
from provenance.lineage.records import Activity, ActivityType, Agent, Source
from provenance.lineage.sidecar import open_sidecar

WORDS = Words(
    activities=(Activity(type=ActivityType.GENERATION), Activity(type=ActivityType.DERIVATION)),
    agents=(Agent(name="writer", revision="1"), Agent(name="other")),
    sources=(Source(name="s", license="MIT"), Source(name="t")),
)
REAL = {"origin": "real", "source": 0}
WRITTEN: dict[str, Any] = {"origin": "synthetic", "kind": "rewrite", "agent": 0, "license": "CC0-1.0"}
OTHERS: dict[str, Any] = {"origin": "mixed", "agent": 1}
BIRTHS = (REAL, WRITTEN, OTHERS)


def pickled(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """``work`` on each of ``items`` as tasks of another machine have it done."""
    return [pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(work))(item))) for item in items]  # noqa: S301


def compare(old: list[dict[str, Any]], new: list[dict[str, Any]], block: int | None = None) -> RowDifference:
    """With ``block``: row groups of so many records, and ranges of hardly more; if it is odd, the new one in parts."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if block:
            patch.setattr(writing, "ROW_GROUP_ROWS", block)
        parts = 4 if block and block % 2 else 1
        was = open_sidecar(write(Path(folder), "a", old, WORDS))
        is_ = open_sidecar(write(Path(folder), "b", new, WORDS, parts=parts))
        found = compare_rows(was, is_, records_at_once=block or RECORDS_AT_ONCE)
        assert compare_rows(was, is_, jobs=3, records_at_once=3 * (block or 1)) == found
        assert compare_rows(was, is_, records_at_once=block or 1, elsewhere=pickled) == found
        return found


# Numbers of rows by sample; ids that differ in their last byte only, or agree in their first eight, are among them.
IDS = (
    [sample(number) for number in range(30)]
    + [f"{'00' * 15}{number:02x}" for number in range(8)]
    + ["00" * 8 + "ff" * 8]
)
DATASETS = st.dictionaries(st.sampled_from(IDS), st.tuples(st.integers(0, 3), st.sampled_from(range(3))))


@settings(deadline=None, max_examples=150)
@given(DATASETS, DATASETS, st.integers(1, 9))
def test_equals_the_difference_of_multisets(
    old: dict[str, tuple[int, int]], new: dict[str, tuple[int, int]], block: int
) -> None:
    was, is_ = ([record(each, rows, **BIRTHS[birth]) for each, (rows, birth) in side.items()] for side in (old, new))
    found = compare(was, is_, block)

    before, after = (Counter({each: rows for each, (rows, _) in side.items()}) for side in (old, new))
    assert found.kept == (before & after).total()
    for counted, only, births in ((found.added, after - before, new), (found.removed, before - after, old)):
        by_origin: Counter[str] = Counter()
        for each, rows in only.items():
            by_origin[str(BIRTHS[births[each][1]]["origin"])] += rows
        assert counted.rows == only.total()
        assert counted.groups["by_origin"] == dict(by_origin)


def test_groups_are_those_of_an_audit() -> None:
    found = compare([record(sample(1), 2, **REAL)], [record(sample(2), 3, **WRITTEN), record(sample(3), **OTHERS)])

    assert found.removed.groups["by_source"] == {"s": 2}
    assert found.removed.groups["by_license"] == {"MIT": 2}
    assert found.removed.groups["by_model"] == {}
    assert found.added.groups["by_model"] == {"writer@1": 3, "other": 1}
    assert found.added.groups["by_kind"] == {"rewrite": 3, "unstated": 1}
    assert found.added.groups["by_license"] == {"CC0-1.0": 3, "unknown": 1}


def test_rows_of_one_sample_are_counted() -> None:
    found = compare([record(sample(1), 5)], [record(sample(1), 2)])

    assert (found.added.rows, found.removed.rows, found.kept) == (0, 3, 2)


def test_rows_are_counted_by_the_births_that_they_may_have() -> None:
    old = [record(sample(1), 3, **REAL), record(sample(1), 1, **WRITTEN)]
    new = [record(sample(1), 1, **REAL)]

    found = compare(old, new)

    # Three of four rows are gone; the one that stayed was not written.
    assert (found.kept, found.removed.rows) == (1, 3)
    assert found.removed.groups["by_origin"] == {"real": 2, "synthetic": 1}
    # Of what stayed nobody knows how it was born: at most one of those that are gone was written.
    found = compare(old, [record(sample(1), 1, origin="unknown", evidence=None)])
    assert found.removed.groups["by_origin"] == {"real": 2, "ambiguous": 1}
    assert compare(old, []).removed.groups["by_origin"] == {"real": 3, "synthetic": 1}


def test_ambiguous_rows_stay_so() -> None:
    rows = [
        record(sample(1), 0, possible_rows=1, ambiguous_rows=1, **REAL),
        record(sample(1), 0, possible_rows=1, **WRITTEN),
        record(sample(2), 0, possible_rows=2, ambiguous_rows=2, **WRITTEN),
        record(sample(2), 0, possible_rows=2, **{**WRITTEN, "agent": 1}),
    ]

    found = compare([], rows).added

    assert found.rows == 3
    assert found.groups["by_origin"] == {"synthetic": 2, "ambiguous": 1}
    assert found.groups["by_model"] == {"ambiguous": 3}
    assert compare(rows, rows) == RowDifference(compare([], []).added, compare([], []).added, 3)


@settings(deadline=None, max_examples=40)
@given(several_births.samples(most=6), several_births.samples(most=6), st.integers(1, 5))
def test_samples_that_are_spread_over_blocks_are_one(old: Any, new: Any, block: int) -> None:
    found = compare(several_births.records_of(old), several_births.records_of(new), block)
    was, is_ = (
        Counter({number: several_births.rows_of(births) for number, births in enumerate(side)}) for side in (old, new)
    )
    assert found.kept == (was & is_).total()
    assert (found.added.rows, found.removed.rows) == ((is_ - was).total(), (was - is_).total())
    for groups in (found.added.groups, found.removed.groups):
        assert all(sum(groups[name].values()) <= max(found.added.rows, found.removed.rows) for name in groups)
    assert sum(found.added.groups["by_origin"].values()) == found.added.rows
    assert sum(found.removed.groups["by_license"].values()) == found.removed.rows


def test_against_nothing(tmp_path: Path) -> None:
    sidecar = open_sidecar(write(tmp_path, "a", [record(sample(1), 5), record(sample(2), 0)], WORDS))

    assert compare_rows(None, sidecar).added.rows == 5
    assert compare_rows(sidecar, None).removed.rows == 5
    assert compare_rows(None, None) == compare_rows(None, None)


def test_many_groups_are_numbered_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(described_rows, "_MOST_GROUPS", 1)
    rows = [record(sample(number), license=f"L{number}", **OTHERS) for number in range(50)]

    found = compare(rows[:10], rows)

    assert found.kept == 10
    assert found.added.groups["by_license"] == {f"L{number}": 1 for number in sorted(range(10, 50), key=str)}


@pytest.mark.parametrize(
    ("rows", "words", "says"),
    [
        ([record(sample(1), agent=0)], Words(), "refer to what its footer does not describe"),
        ([record(sample(1), source=2)], WORDS, "refer to what its footer does not describe"),
    ],
)
def test_damage_is_told(tmp_path: Path, rows: list[dict[str, Any]], words: Words, says: str) -> None:
    sidecar = open_sidecar(write(tmp_path, "a", rows, words))

    with pytest.raises(SidecarError, match=says):
        compare_rows(None, sidecar)


def test_rows_must_add_up(tmp_path: Path) -> None:
    sidecar = open_sidecar(write(tmp_path, "a", [record(sample(1), 2)], WORDS, rows=3))

    with pytest.raises(SidecarError, match="account for 2 rows, its footer states 3"):
        compare_rows(None, sidecar)


@pytest.mark.parametrize("block", [1, 9])
@pytest.mark.parametrize("statistics", [True, False])
def test_records_must_be_in_order(tmp_path: Path, block: int, statistics: bool) -> None:
    path = write(tmp_path, "a", [record(sample(1), 2), record(sample(2), 1)], WORDS)
    table = pq.read_table(path)
    swapped = pa.concat_tables([table.slice(1), table.slice(0, 1)])
    pq.write_table(swapped, path, row_group_size=block, write_statistics=statistics)

    with pytest.raises(SidecarError, match="not in the order of their ids"):
        compare_rows(None, open_sidecar(path))


def births_of(number: int, known: Born, births: Sequence[int]) -> list[dict[str, Any]]:
    return [
        record(IDS[number], **(BIRTHS[birth] | stated)) for birth, stated in zip(births, known.records(), strict=True)
    ]


SEVERAL = st.lists(
    born(3).flatmap(lambda known: st.tuples(st.just(known), st.permutations(range(3)))), min_size=1, max_size=5
)


@settings(deadline=None, max_examples=100)
@given(SEVERAL, st.randoms(), st.integers(1, 9))
def test_rows_of_several_births_that_went_are_bounded(
    drawn: list[tuple[Born, Sequence[int]]], random: Any, block: int
) -> None:
    """What is certain of an origin is true whichever rows of a sample went."""
    old = [
        each
        for number, (known, births) in enumerate(drawn)
        for each in births_of(number, known, births[: len(known.truth)])
    ]
    stays, new = [random.randint(0, known.rows) for known, _ in drawn], []
    went: Counter[str] = Counter()
    for number, ((known, births), left) in enumerate(zip(drawn, stays, strict=True)):
        every = [births[place] for place, rows in enumerate(known.truth) for _ in range(rows)]
        random.shuffle(every)
        new += exactly([(IDS[number], birth) for birth in every[:left]])
        went.update(str(BIRTHS[birth]["origin"]) for birth in every[left:])
    found = compare(old, new, block)
    assert (found.removed.rows, found.kept) == (went.total(), sum(stays))
    certain = dict(found.removed.groups["by_origin"])
    ambiguous = certain.pop("ambiguous", 0)
    assert sum(certain.values()) + ambiguous == went.total()
    assert all(rows <= went[origin] for origin, rows in certain.items())


def test_what_births_agree_in_is_not_ambiguous() -> None:
    """One of two rows went; by whom it was written is not known, but that it was written is."""
    old = [record(sample(1), 1, **WRITTEN), record(sample(1), 1, **(WRITTEN | {"agent": 1, "license": None}))]

    found = compare(old, [record(sample(1), 1, origin="unknown", evidence=None)])

    assert found.removed.groups["by_origin"] == {"synthetic": 1}
    assert found.removed.groups["by_kind"] == {"rewrite": 1}
    assert found.removed.groups["by_model"] == found.removed.groups["by_license"] == {"ambiguous": 1}


ROWS = st.lists(st.tuples(st.sampled_from(IDS[:4]), st.sampled_from(range(3))), max_size=12)


def exactly(rows: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """The records of a dataset, of each row of which the birth is known; equal births with a seed of their own."""
    counted = Counter(rows)
    return [record(each, number, seed=birth, **BIRTHS[birth]) for (each, birth), number in counted.items()]


@settings(deadline=None, max_examples=150)
@given(ROWS, ROWS, st.data())
def test_of_rows_of_equal_content_those_went_whose_births_are_gone(
    stayed: list[tuple[str, int]], went: list[tuple[str, int]], data: st.DataObject
) -> None:
    came = data.draw(ROWS.map(lambda rows: [row for row in rows if row[0] not in {each for each, _ in went}]))
    found = compare(exactly([*stayed, *went]), exactly([*stayed, *came]), data.draw(st.integers(1, 9)))
    assert found.kept == len(stayed)
    for counted, rows in ((found.removed, went), (found.added, came)):
        assert counted.groups["by_origin"] == dict(Counter(BIRTHS[birth]["origin"] for _, birth in rows))


def test_what_is_certain_of_both_sides_is_taken_off_what_is_ambiguous() -> None:
    births = [
        {"rows": 0, "possible_rows": 2, "ambiguous_rows": 3},
        {"rows": 1, "possible_rows": 2},
        {"rows": 0, "possible_rows": 1},
    ]
    old = [record(sample(1), **(birth | counts)) for birth, counts in zip(BIRTHS, births, strict=True)]
    found = compare(old, [record(sample(1), 1, **REAL)])
    assert found.removed.groups["by_origin"] == {"synthetic": 1, "ambiguous": 2}
    # Three rows: 0 to 1 real, as one of the 2 at most stayed; 1 to 3 written; 0 to 1 by others.


def test_a_row_that_was_described_anew_tells_nothing_of_those_that_went() -> None:
    found = compare([record(sample(1), 1, **REAL), record(sample(1), 1, **WRITTEN)], [record(sample(1), 1, **OTHERS)])
    assert found.removed.groups["by_origin"] == {"ambiguous": 1}
