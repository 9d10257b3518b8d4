from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from support.inherited_in_sql import FROM_BIRTHS, FROM_PARENTS
from support.inherited_in_sql import resolved as resolved_sql

from provenance.lineage.inherited import Born, Inherited, from_births, from_parents, resolved
from provenance.lineage.words import Evidence, Origin

_GROUPS = 2000
_EVIDENCE = [None, *(each.value for each in Evidence)]
_ORIGINS = [None, *(each.value for each in Origin)]
_VALUES: Mapping[str, Sequence[Any]] = {
    "origin": _ORIGINS,
    "kind": [None, "rewrite", "answer"],
    "agent": [None, 0, 1],
    "source": [None, 0, 1],
    "license": [None, "MIT", "Apache-2.0 OR MIT"],
    "depth": [None, 0, 1, 7],
    "real_rooted": [None, True, False],
    "chain_evidence": _EVIDENCE,
    "doubts": [None, *range(1, 128)],
}
_TYPES = {"agent": pa.uint32(), "source": pa.uint32(), "depth": pa.uint16(), "doubts": pa.uint8(), "number": pa.int64()}


def _random(rng: random.Random) -> Inherited:
    is_usual = rng.random() < 0.7
    values = {
        name: rng.choice(listed[1:3] if is_usual and rng.random() < 0.8 else listed) for name, listed in _VALUES.items()
    }
    return Inherited(**values | ({"doubts": None} if rng.random() < 0.6 else {}))


def _groups(rng: random.Random) -> list[list[Inherited]]:
    found = []
    for _ in range(_GROUPS):
        first = _random(rng)
        found.append([first if rng.random() < 0.5 else _random(rng) for _ in range(rng.randint(1, 3))])
    return found


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], _TYPES.get(name, _type_of(name))) for name in rows[0]})


def _type_of(name: str) -> pa.DataType:
    return pa.bool_() if name in ("real_rooted", "generation") else pa.string()


def _by_sql(select: str, tables: Mapping[str, pa.Table]) -> list[Inherited]:
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return [Inherited(**row) for row in connection.sql(select).to_arrow_table().to_pylist()]


@pytest.mark.parametrize(("rule", "sql"), [(from_parents, FROM_PARENTS), (from_births, FROM_BIRTHS)])
def test_values_of_a_group_give_what_the_aggregates_give(rule: Any, sql: Mapping[str, str]) -> None:
    groups = _groups(random.Random(1))
    rows = [{**each._asdict(), "number": number} for number, group in enumerate(groups) for each in group]
    what = ", ".join(f"{each} AS {name}" for name, each in sql.items())
    expected = _by_sql(f"SELECT {what} FROM p GROUP BY number ORDER BY number", {"p": _table(rows)})
    assert [rule(group) for group in groups] == expected


def test_what_follows_for_a_record_is_what_the_expressions_give() -> None:
    rng = random.Random(2)
    taken = [from_parents(group) for group in _groups(rng)]
    born = [
        Born(
            **{name: rng.choice(_VALUES[name]) for name in ("origin", "kind", "agent", "source", "license")},
            evidence=rng.choice(_EVIDENCE),
            is_generation=rng.random() < 0.5,
        )
        for _ in taken
    ]
    own = [{**each._asdict(), "number": number} for number, each in enumerate(born)]
    parents = [{**each._asdict(), "number": number} for number, each in enumerate(taken)]
    what = ", ".join(f"{sql} AS {name}" for name, sql in resolved_sql("b", "f", "b.generation").items())
    renamed = [
        {("generation" if name == "is_generation" else name): value for name, value in row.items()} for row in own
    ]
    expected = _by_sql(
        f"SELECT {what} FROM b JOIN f USING (number) ORDER BY number", {"b": _table(renamed), "f": _table(parents)}
    )
    assert [resolved(*pair) for pair in zip(born, taken, strict=True)] == expected
