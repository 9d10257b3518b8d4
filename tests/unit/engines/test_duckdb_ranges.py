"""DuckDB range by range answers as DuckDB all at once: of every question, whichever of them goes by ranges."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.several_births import Sample, records_of, samples
from support.sidecars import record, sample, write

from provenance.engines import duckdb_ranges
from provenance.engines.duckdb import duckdb_engine
from provenance.engines.duckdb_ranges import duckdb_in_ranges
from provenance.engines.samples_view import merged_vocabulary
from provenance.lineage.sidecar import open_sidecar


@settings(deadline=None, max_examples=10, phases=[Phase.generate])
@given(st.lists(samples(most=6), min_size=2, max_size=3), st.integers(2, 5))
def test_answers_do_not_depend_on_ranges(datasets: list[list[Sample]], at_once: int) -> None:
    with TemporaryDirectory() as folder:
        sidecars = [
            open_sidecar(write(Path(folder), f"{place}.jsonl", records_of(each))) for place, each in enumerate(datasets)
        ]
        vocabulary = merged_vocabulary(sidecars)
        places = [*range(len(sidecars))]
        with (
            duckdb_engine(sidecars, vocabulary, Path(folder)) as whole,
            duckdb_in_ranges(sidecars, vocabulary, Path(folder), at_once) as by_range,
        ):
            for engine in (whole, by_range):
                assert engine.pooled(places, "rows") == whole.pooled(places, "rows")
                assert engine.rows_by_origin() == whole.rows_by_origin()
            for place in places:
                here, there = by_range.of(place), whole.of(place)
                others = [other for other in places if other != place]
                assert here.conflicts(3) == there.conflicts(3)
                assert here.disputed(3) == there.disputed(3)
                assert here.repeats(3) == there.repeats(3)
                assert here.disagreements(others, []) == there.disagreements(others, [])
                assert sorted(here.cells(), key=repr) == sorted(there.cells(), key=repr)


def test_what_most_rows_have_is_found_in_whichever_range(tmp_path: Path) -> None:
    records = [record(sample(number), number + 1) for number in range(40)]
    sidecars = [open_sidecar(write(tmp_path, "a.jsonl", records))]

    with duckdb_in_ranges(sidecars, merged_vocabulary(sidecars), tmp_path, 3) as engine:
        found = engine.of(0).repeats(5)

    assert (found.rows, found.samples) == (sum(range(1, 41)), 40)
    assert [(each.sample_id, each.rows) for each in found.most] == [(sample(n - 1), n) for n in (40, 39, 38, 37, 36)]


def test_there_are_as_many_ranges_as_the_datasets_need_that_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each range costs a look at every sidecar, so small datasets beside a large one are asked all at once."""
    sizes = {"large": 40, "small": 4, "tiny": 2}
    sidecars = [
        open_sidecar(write(tmp_path, f"{name}.jsonl", [record(sample(number)) for number in range(size)]))
        for name, size in sizes.items()
    ]
    made: list[object] = []

    def counting(*arguments: Any, **named: Any) -> Any:
        made.append(named.get("within"))
        return duckdb_engine(*arguments, **named)

    monkeypatch.setattr(duckdb_ranges, "duckdb_engine", counting)

    def ranges_of(ask: Any) -> int:
        made.clear()
        ask()
        return len(made)

    with duckdb_in_ranges(sidecars, merged_vocabulary(sidecars), tmp_path, 10) as engine:
        large, small = engine.of(0), engine.of(1)
        assert [ranges_of(small.conflicts), ranges_of(small.repeats)] == [0, 0]
        assert [ranges_of(large.conflicts), ranges_of(large.repeats)] == [4, 4]
        assert ranges_of(lambda: small.disagreements([2], [])) == ranges_of(lambda: engine.pooled([1, 2], "rows")) == 0
        assert ranges_of(lambda: small.disagreements([0], [])) == ranges_of(lambda: engine.pooled([0, 1], "rows")) == 8
