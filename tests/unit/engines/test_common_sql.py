"""The SQL that Spark is asked: DuckDB, by which its answers are tested without Java, understands it alike."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp
from support.descents import QUESTIONS, graphs, write_all
from support.relations import duckdb_relations

from provenance.ledger.descent.by_relations import RelationalDescent
from provenance.lineage.sidecar import open_sidecar

# What dialects do differently: lists, parameters, division, and numbers that are not exact.
FORBIDDEN = (exp.Array, exp.Bracket, exp.Parameter, exp.Placeholder, exp.Div, exp.Lambda, exp.Semicolon)
AGGREGATES = (exp.Sum, exp.Count, exp.Min, exp.Max)


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every statement that any question asks."""
    folder = tmp_path_factory.mktemp("asked")
    written = write_all(folder, graphs(1, 20))
    files = [open_sidecar(each.file) for each in written.sidecars if each.file]
    with duckdb_relations(folder) as relations:
        digests = [each.digest for each in written.sidecars]
        found = RelationalDescent(relations, files, len(files) - 1, digests, written.register)
        for asked in QUESTIONS.values():
            came = found.came_of(asked)
            assert len(list(came.direct)) == len(came.direct)
            assert len(list(came.through_models)) == len(came.through_models)
            for place in range(len(files) - 1):
                came.affected.may_be(place)
                came.affected.certainly(place)
        found.beginning_with("00", 3)
        found.rows_of("00" * 16)
        # What is exploded is written by each engine; see `Relations.exploded`.
        return sorted({each for each in relations.asked if "unnest" not in each})


def test_both_dialects_read_every_statement_alike(statements: list[str]) -> None:
    assert len(statements) > 50
    for statement in statements:
        assert _as_read(statement, "duckdb") == _as_read(statement, "spark"), statement


def _as_read(statement: str, dialect: str) -> str:
    """What a dialect makes of it, as text; casts are of integers that fit, so it does not matter how they fail."""
    tree = sqlglot.parse_one(statement, read=dialect)
    for cast in list(tree.find_all(exp.TryCast)):
        cast.replace(exp.Cast(this=cast.this, to=cast.to))
    return str(tree.sql("duckdb"))


def test_no_statement_has_what_the_rules_forbid(statements: list[str]) -> None:
    for statement in statements:
        tree = sqlglot.parse_one(statement, read="duckdb")
        for kind in FORBIDDEN:
            assert tree.find(kind) is None, f"{kind.__name__}: {statement}"
        for cast in tree.find_all(exp.Cast):
            assert cast.to.sql() == "BIGINT", statement
        for join in tree.find_all(exp.Join):
            assert join.kind not in ("SEMI", "ANTI"), statement
        for limited in tree.find_all(exp.Limit):
            assert limited.parent is not None and limited.parent.args.get("order"), statement


def test_the_order_of_nulls_is_always_written_out(statements: list[str]) -> None:
    for statement in statements:
        for text in statement.upper().split("ORDER BY ")[1:]:
            terms = text.split(")")[0].split(" LIMIT")[0].split(",")
            assert all("NULLS LAST" in term or "NULLS FIRST" in term for term in terms), statement
