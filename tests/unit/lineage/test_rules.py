from __future__ import annotations

from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from provenance.lineage import rules
from provenance.lineage.records import Evidence, Origin

PACKAGE = Path(rules.__file__).parents[1]


def births() -> list[dict[str, Any]]:
    """Every combination of what the order of births looks at, and a value that no version knows."""
    evidences = [*Evidence, None, "hearsay"]
    return [
        {"origin": origin, "evidence": evidence, "activity": activity}
        for origin, evidence, activity in product(Origin, evidences, [0, 1, None])
    ]


def in_sql(expression: str, born: list[dict[str, Any]]) -> list[Any]:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE births(number INTEGER, origin VARCHAR, evidence VARCHAR, activity INTEGER)")
    for number, birth in enumerate(born):
        connection.execute(
            "INSERT INTO births VALUES (?, ?, ?, ?)", [number, birth["origin"], birth["evidence"], birth["activity"]]
        )
    return connection.execute(expression).fetchall()


def test_births_are_ordered_alike_in_sql_and_in_python() -> None:
    born = births()
    in_python = sorted(range(len(born)), key=lambda n: (rules.order_key(SimpleNamespace(**born[n])), n))
    ordered = in_sql(f"SELECT number FROM births ORDER BY {rules.order_sql()}, number", born)
    assert [number for (number,) in ordered] == in_python


def test_the_order_is_known_explained_best_evidence_earliest() -> None:
    def first(*several: tuple[str, str | None, int | None]) -> tuple[str, str | None, int | None]:
        return min(several, key=lambda b: rules.order_key(SimpleNamespace(origin=b[0], evidence=b[1], activity=b[2])))

    known, unknown, unexplained = ("real", "inferred", 9), ("unknown", "observed", 0), ("unknown", None, None)
    assert first(unexplained, unknown, known) == known
    assert first(unexplained, unknown) == unknown
    assert first(("real", "declared", 0), ("synthetic", "observed", 9)) == ("synthetic", "observed", 9)
    assert first(("real", "observed", None), ("real", "observed", 7), ("mixed", "observed", 3))[0] == "mixed"


def test_what_a_model_made_and_what_is_unexplained_is_the_same_in_sql_and_in_python() -> None:
    born = births()
    found = in_sql(f"SELECT {rules.made_by_model_sql()}, {rules.UNEXPLAINED.sql()} FROM births ORDER BY number", born)
    assert found == [
        (rules.made_by_model(birth["origin"]), rules.UNEXPLAINED.key(SimpleNamespace(**birth))) for birth in born
    ]


@pytest.mark.parametrize(("own", "of_source"), [*product(["MIT", None], ["CC0-1.0", None])])
def test_a_record_without_a_license_has_that_of_its_source(own: str | None, of_source: str | None) -> None:
    def literal(value: str | None) -> str:
        return "NULL" if value is None else f"'{value}'"

    ((found,),) = in_sql(f"SELECT {rules.effective_license_sql(literal(own), literal(of_source))}", [])
    assert found == rules.effective_license(own, of_source) == (own or of_source)


def test_a_sample_without_parents_is_as_deep_and_rooted_as_its_origin_says() -> None:
    born = [{"origin": origin, "evidence": None, "activity": None} for origin in Origin]
    columns = ", ".join(rules.root_sql(name) for name in rules.Root._fields)
    found = in_sql(f"SELECT {columns} FROM births ORDER BY number", born)
    assert found == [tuple(rules.ROOTS.get(origin, rules.NO_ROOT)) for origin in Origin]
    assert dict(rules.ROOTS) == {"real": (0, True), "synthetic": (1, False)}


def test_no_other_module_spells_out_what_a_model_made() -> None:
    spelled = (
        "'synthetic', 'mixed'",
        '("synthetic", "mixed")',
        '{"synthetic", "mixed"}',
        "Origin.SYNTHETIC, Origin.MIXED",
    )
    home = Path(rules.__file__)
    found = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path != home and any(text in " ".join(path.read_text("utf-8").split()) for text in spelled)
    ]
    assert found == []
