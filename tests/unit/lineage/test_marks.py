from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from support.births import Dataset, Held
from support.marked import Known, by_sample, carried_by_marks, kept_of, told_apart

from provenance.lineage import marks
from provenance.lineage.carried_rows import carried_sql, repeated_sql
from provenance.lineage.marks import CHANCE, take_units

SAMPLES, BIRTHS = "abcdefgh", "mnop"
# A row and how it was born, which the script does not see.
Born = tuple[str, str, str]
# So likely that nearly all stages are divided by marks whose rows have marks that are known.
LIKELY = 0.5


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


def born_rows(rng: random.Random, marks_each: int = 5) -> list[Born]:
    """Rows whose marks mostly say who wrote them."""
    found = []
    for _ in range(rng.randint(4, 20)):
        birth = rng.choice(BIRTHS)
        mark = f"{birth}{rng.randrange(marks_each)}" if rng.random() < 0.9 else "x"
        found.append((rng.choice(SAMPLES), mark, birth))
    return found


def stated(rows: Sequence[Born]) -> Known:
    counted: dict[tuple[str, str], Counter[str]] = {}
    for sample, mark, birth in rows:
        counted.setdefault((sample, mark), Counter())[birth] += 1
    units = {unit: Held(births.total(), {b: (n, n) for b, n in births.items()}) for unit, births in counted.items()}
    return Known(by_sample(units), [(sample, mark) for sample, mark, _ in rows], kept_of(units))


def script(rng: random.Random, rows: Sequence[Born], does: str) -> tuple[list[Born], bool]:
    """Rows that a script makes of what it reads; and whether a row is there more than once."""
    kind = rng.choice(["all", "part", "part", "distinct", "again"])
    chosen = rng.sample(range(len(rows)), len(rows) if kind == "all" else rng.randint(1, len(rows)))
    if kind == "distinct":
        chosen = [*{rows[number][0]: number for number in chosen}.values()]
    if kind == "again":
        chosen += rng.choices(range(len(rows)), k=rng.randint(1, 3))
    found = [rows[number] for number in chosen]
    if does == "dealt out anew":
        new = [mark for _, mark, _ in found]
        rng.shuffle(new)
        found = [(sample, mark, birth) for (sample, _, birth), mark in zip(found, new, strict=True)]
    if does == "added to":
        found = [(sample, mark + "+", birth) for sample, mark, birth in found]
    return found, len(set(chosen)) < len(chosen)


def dataset(rng: random.Random) -> tuple[Known, list[Born]]:
    """One that was stated, or carried once, some of it without marks."""
    rows = born_rows(rng)
    known = stated(rows)
    if rng.random() < 0.5:
        rows = rng.sample(rows, rng.randint(1, len(rows)))
        known, _ = carried_by_marks([known], [row[:2] for row in rows], LIKELY)
    if rng.random() < 0.2:
        known = replace(known, kept={sample: units for sample, units in known.kept.items() if rng.random() < 0.7})
    return known, rows


def in_sql(connection: duckdb.DuckDBPyConnection, holders: Sequence[Known], out: Sequence[tuple[str, str]]) -> Dataset:
    for name, rows in _tables(holders, out).items():
        texts = ("sample_id", "mark", "number")
        schema = pa.schema([(key, pa.binary() if key in texts[:2] else pa.int64()) for key in _COLUMNS[name]])
        schema = (
            schema
            if "number" not in _COLUMNS[name]
            else schema.set(schema.get_field_index("number"), pa.field("number", pa.string()))
        )
        connection.register("given", pa.Table.from_pylist(rows, schema=schema))
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM given")
    for name in ("unit_holding", "unit_keys", "held_units", "holding_units", "wanted_units"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    ending = "_units" if take_units(connection) else ""
    tables = [f"{name}{ending}" for name in ("held", "holding", "wanted")]
    connection.execute(f"CREATE OR REPLACE TABLE repeated AS {repeated_sql(tables[1], tables[2])}")
    query = carried_sql(tables[0], tables[1], "repeated", tables[2], ["number"])
    shares: dict[str, dict[str, tuple[int, int]]] = {}
    counted: dict[str, dict[bytes, int]] = {}
    for key, birth, low, high, rows in connection.execute(
        f"SELECT sample_id, number, low, high, rows FROM ({query})"
    ).fetchall():
        sample = key[:1].decode()
        before = shares.setdefault(sample, {}).get(birth, (0, 0))
        shares[sample][birth] = (before[0] + low, before[1] + high)
        counted.setdefault(sample, {})[key] = rows
    return {sample: Held(sum(counted[sample].values()), births) for sample, births in shares.items()}


_COLUMNS = {
    "held": ("place", "sample_id", "rows", "possible_rows", "number"),
    "holding": ("place", "sample_id", "available"),
    "wanted": ("sample_id", "rows"),
    "told": ("sample_id",),
    "unit_held": ("place", "sample_id", "mark", "rows", "possible_rows", "ambiguous_rows", "number"),
    "unit_wanted": ("sample_id", "mark", "rows"),
}


def _tables(holders: Sequence[Known], out: Sequence[tuple[str, str]]) -> dict[str, list[dict[str, Any]]]:
    """What `tell_apart` finds."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in _COLUMNS}
    wanted = Counter(sample for sample, _ in out)
    told = told_apart(holders, out)
    for place, holder in enumerate(holders):
        for sample, held in holder.samples.items():
            if sample not in wanted or not held.rows:
                continue
            key = {"place": place, "sample_id": sample.encode()}
            found["holding"].append({**key, "available": held.rows})
            for birth, (low, high) in held.shares.items():
                found["held"].append({**key, "rows": low, "possible_rows": high - low, "number": birth})
            for mark, unit in told[sample][place].items() if sample in told else ():
                rest = unit.rows - sum(low for low, _ in unit.shares.values())
                of_mark = {**key, "mark": mark.encode(), "ambiguous_rows": rest}
                for birth, (low, high) in unit.shares.items():
                    share = {"rows": low, "possible_rows": high - low, "number": birth}
                    found["unit_held"].append({**of_mark, **share})
    found["wanted"] = [{"sample_id": sample.encode(), "rows": rows} for sample, rows in wanted.items()]
    found["told"] = [{"sample_id": sample.encode()} for sample in told]
    found["unit_wanted"] = [
        {"sample_id": sample.encode(), "mark": mark.encode(), "rows": rows}
        for (sample, mark), rows in Counter(out).items()
        if sample in told
    ]
    return found


@pytest.mark.parametrize("seed", range(20))
def test_random_stages_agree_with_going_through_the_rows(
    connection: duckdb.DuckDBPyConnection, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    states = Counter[bool]()
    for _ in range(60):
        chance = rng.choice([LIKELY, CHANCE])
        monkeypatch.setattr(marks, "CHANCE", chance)
        read = [dataset(rng) for _ in range(rng.randint(1, 3))]
        does = rng.choice(["nothing", "nothing", "dealt out anew", "added to"])
        out, _ = script(rng, [row for _, rows in read for row in rows], does)
        holders = [known for known, _ in read]
        expected, by_marks = carried_by_marks(holders, [row[:2] for row in out], chance)
        assert in_sql(connection, holders, expected.rows) == expected.samples, (holders, out)
        states[by_marks] += 1
    assert states[True] > 5
    assert states[False] > 5


def wrong(known: Known, truth: Sequence[Born]) -> bool:
    counted = Counter((sample, birth) for sample, _, birth in truth)
    return any(
        not low <= counted[sample, birth] <= high
        for sample, held in known.samples.items()
        for birth, (low, high) in held.shares.items()
    )


def test_the_truth_lies_within_the_bounds_where_columns_are_left_alone() -> None:
    rng = random.Random(1)
    for _ in range(3000):
        made = [born_rows(rng) for _ in range(2)]
        read = [(stated(rows), rows) for rows in made]
        for _ in range(3):
            rows, is_repeated = script(rng, [row for _, of in read for row in of], "nothing")
            if is_repeated:
                break  # which counts need not show
            known, _ = carried_by_marks([known for known, _ in read], [row[:2] for row in rows], LIKELY)
            assert not wrong(known, rows)
            read = [(known, rows)]


def believed_and_wrong(chance: float, trials: int) -> tuple[int, int]:
    """Of stages that deal marks out anew, how many seem to have left them alone, and of how many a bound is wrong."""
    rng = random.Random(3)
    found = [0, 0]
    for _ in range(trials):
        rows = born_rows(rng, marks_each=1)
        out, is_repeated = script(rng, rows, "dealt out anew")
        if is_repeated:
            continue
        known, by_marks = carried_by_marks([stated(rows)], [row[:2] for row in out], chance)
        found[0] += by_marks
        found[1] += by_marks and wrong(known, out)
    return found[0], found[1]


def test_coincidence_is_not_believed() -> None:
    without, wrongly = believed_and_wrong(1.0, 3000)
    assert without > 200
    assert wrongly > 20
    assert believed_and_wrong(CHANCE, 3000) == (0, 0)
