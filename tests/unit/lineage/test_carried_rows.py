from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa
import pytest
from support.births import Dataset, Held, carried, narrowed

from provenance.lineage.carried_rows import carried_sql, repeated_sql

SAMPLES, BIRTHS = "abcdef", "mnopq"


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def exactly(**births: int) -> Held:
    return Held(sum(births.values()), {birth: (rows, rows) for birth, rows in births.items()})


def records(holders: Sequence[Dataset]) -> list[dict[str, object]]:
    """As sidecars have them: what is ambiguous of a sample stands on its first record."""
    return [
        {
            "place": place,
            "sample_id": sample,
            "birth": birth,
            "rows": low,
            "possible_rows": high - low or None,
            "ambiguous_rows": (number == 0 and held.rows - sum(least for least, _ in held.shares.values())) or None,
            "calls": None,
        }
        for place, holder in enumerate(holders)
        for sample, held in holder.items()
        for number, (birth, (low, high)) in enumerate(held.shares.items())
    ]


def in_sql(connection: duckdb.DuckDBPyConnection, holders: Sequence[Dataset], wanted: Mapping[str, int]) -> Dataset:
    _fill(connection, "holders", records(holders), ("birth", "sample_id"), ("place", "rows", "possible_rows"))
    _fill(connection, "wanted", [{"sample_id": s, "rows": n} for s, n in wanted.items()], ("sample_id",), ("rows",))
    connection.execute(
        "CREATE OR REPLACE TABLE holding AS SELECT place, sample_id, sum(rows + coalesce(ambiguous_rows, 0)) "
        "AS available FROM holders SEMI JOIN wanted USING (sample_id) GROUP BY ALL HAVING available > 0"
    )
    connection.execute(f"CREATE OR REPLACE TABLE repeated AS {repeated_sql('holding', 'wanted')}")
    return _shares(connection, carried_sql("holders", "holding", "repeated", "wanted", ["birth"]))


def _fill(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    rows: list[dict[str, object]],
    texts: tuple[str, ...],
    numbers: tuple[str, ...],
) -> None:
    more = ("ambiguous_rows", "calls", "low", "high") if name != "wanted" else ()
    schema = pa.schema([*((text, pa.string()) for text in texts), *((n, pa.int64()) for n in (*numbers, *more))])
    connection.register("given", pa.Table.from_pylist(rows, schema=schema))
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM given")
    connection.unregister("given")


def _shares(connection: duckdb.DuckDBPyConnection, query: str) -> Dataset:
    found: dict[str, dict[str, tuple[int, int]]] = {}
    rows = {}
    for sample, birth, low, high, total in connection.execute(
        f"SELECT sample_id, birth, low, high, rows FROM ({query})"
    ).fetchall():
        found.setdefault(sample, {})[birth] = (low, high)
        rows[sample] = total
    return {sample: Held(rows[sample], shares) for sample, shares in found.items()}


@pytest.mark.parametrize(
    ("holders", "wanted", "expected"),
    [
        # Two models gave one answer once each: both datasets whole; one row of the two.
        ([{"s": exactly(m=1)}, {"s": exactly(n=1)}], {"s": 2}, {"m": (1, 1), "n": (1, 1)}),
        ([{"s": exactly(m=1)}, {"s": exactly(n=1)}], {"s": 1}, {"m": (0, 1), "n": (0, 1)}),
        # Eight of ten rows were taken: at most two of the nine are missing.
        ([{"s": exactly(m=9, n=1)}], {"s": 8}, {"m": (7, 8), "n": (0, 1)}),
        # The first dataset was written twice, as its other sample shows, and the second left out.
        (
            [{"s": exactly(m=1), "t": exactly(m=1)}, {"s": exactly(n=1)}],
            {"s": 2, "t": 2},
            {"m": (1, 2), "n": (0, 1)},
        ),
        # More rows than both have, and nothing but the sample shows it.
        ([{"s": exactly(m=1)}, {"s": exactly(n=1)}], {"s": 3}, {"m": (0, 3), "n": (0, 3)}),
        # Only ancestors are known.
        ([{"s": Held(0, {"m": (0, 0)})}], {"s": 2}, {"m": (2, 2)}),
        ([{"s": Held(0, {"m": (0, 0), "n": (0, 0)})}], {"s": 2}, {"m": (0, 2), "n": (0, 2)}),
        # An ancestor's other birth is none of a row that was there to be copied.
        ([{"s": exactly(m=1)}, {"s": Held(0, {"n": (0, 0)})}], {"s": 1}, {"m": (1, 1)}),
    ],
)
def test_rows_are_as_certain_as_counts_make_them(
    connection: duckdb.DuckDBPyConnection,
    holders: list[Dataset],
    wanted: dict[str, int],
    expected: dict[str, tuple[int, int]],
) -> None:
    assert in_sql(connection, holders, wanted)["s"] == Held(wanted["s"], expected)


def test_a_sample_that_no_holder_knows_is_left_to_others(connection: duckdb.DuckDBPyConnection) -> None:
    assert in_sql(connection, [{"s": exactly(m=1)}], {"t": 1}) == {}


def stated(rng: random.Random) -> dict[str, Held]:
    rows: dict[str, Counter[str]] = {}
    for _ in range(rng.randint(1, 12)):
        rows.setdefault(rng.choice(SAMPLES), Counter())[rng.choice(BIRTHS)] += 1
    return {sample: exactly(**births) for sample, births in rows.items()}


def dataset(rng: random.Random) -> dict[str, Held]:
    """One whose rows were stated, or some of it carried on, so that not all is certain; and some ancestors."""
    found = stated(rng)
    if rng.random() < 0.5:
        wanted = {sample: rng.randint(1, held.rows + (rng.random() < 0.1)) for sample, held in found.items()}
        found = carried([found], wanted)
    for sample in set(SAMPLES) - set(found):
        if rng.random() < 0.1:
            found[sample] = Held(0, dict.fromkeys(rng.sample(BIRTHS, rng.randint(1, 2)), (0, 0)))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_random_stages_agree_with_going_through_the_samples(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(50):
        holders = [dataset(rng) for _ in range(rng.randint(1, 3))]
        rows = Counter(dict.fromkeys(SAMPLES, 0))
        for holder in holders:
            rows.update({sample: held.rows for sample, held in holder.items()})
        wanted = {
            sample: number
            for sample, total in rows.items()
            if (number := total if rng.random() < 0.4 else rng.randint(0, total + (rng.random() < 0.15)))
        }
        expected = carried(holders, wanted)
        found = in_sql(connection, holders, wanted)
        assert found == expected, (holders, wanted)
        for held in found.values():
            rest = held.rows - sum(low for low, _ in held.shares.values())
            possible = [high - low for low, high in held.shares.values()]
            assert sum(possible) == 0 if rest == 0 else all(p <= rest <= sum(possible) - p for p in possible if p)


def test_the_truth_lies_within_the_bounds() -> None:
    """Of scripts that write no row twice, whatever they pick; each row knows its birth."""
    rng = random.Random(2)
    for _ in range(500):
        inputs = [[(rng.choice("ab"), rng.choice(BIRTHS)) for _ in range(rng.randint(1, 8))] for _ in range(2)]
        holders = []
        for rows in inputs:
            by_sample: dict[str, Counter[str]] = {}
            for sample, birth in rows:
                by_sample.setdefault(sample, Counter())[birth] += 1
            holders.append({sample: exactly(**births) for sample, births in by_sample.items()})
        every = [row for rows in inputs for row in rows]
        for _ in range(3):
            kept = rng.sample(every, rng.randint(1, len(every)))
            known = carried(holders, Counter(sample for sample, _ in kept))
            truth = Counter(kept)
            for sample, held in known.items():
                for birth, (low, high) in held.shares.items():
                    assert low <= truth[sample, birth] <= high
            # Once more, from what is known by now.
            holders, every = [known], kept


def test_the_form_is_the_same_however_it_was_come_by() -> None:
    wide = {"m": (0, 5), "n": (1, 2)}
    assert narrowed(3, wide) == narrowed(3, narrowed(3, wide).shares) == Held(3, {"m": (1, 2), "n": (1, 2)})
