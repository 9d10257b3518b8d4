"""Where SQL may stand: an engine, what writes sidecars, and the user's own questions; every other module asks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import provenance

PACKAGE = Path(provenance.__file__).parent
_STATEMENT = re.compile(r"\b(SELECT|INSERT INTO|CREATE (?:\w+ )*(?:TABLE|VIEW|MACRO))\s")
# Tables that are not lineage, sidecars that no ledger has opened yet, and the help of a command.
OTHERS = {
    "auditing/measures/near_duplicates.py",
    "capture/declaring/earlier.py",
    "capture/declaring/importers/prov_facts.py",
    "capture/lookup.py",
    "capture/recording/reusing.py",
    "cli/commands/querying.py",
    "identity/file_ids.py",
    "ledger/history/sidecars.py",
    "ledger/word_index.py",
}
ROOMS = ("engines/", "ledger/sql/", "lineage/")


def texts_of(tree: ast.Module) -> Iterator[str]:
    """The texts of a module that are not documentation."""
    documentation = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
            yield node.value


def modules_with_sql() -> set[str]:
    """The modules that have an SQL statement in a text of theirs."""
    return {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if any(_STATEMENT.search(text) for text in texts_of(ast.parse(file.read_text("utf-8"))))
    }


def test_sql_stands_in_engines_in_what_writes_sidecars_and_in_the_users_questions() -> None:
    elsewhere = {module for module in modules_with_sql() if not module.startswith(ROOMS)}
    assert elsewhere == OTHERS


def test_no_measure_reaches_a_database_of_the_ledgers() -> None:
    for file in (PACKAGE / "auditing").rglob("*.py"):
        assert ".connection" not in file.read_text("utf-8"), f"{file}: ask part.questions"
