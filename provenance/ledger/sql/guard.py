"""Which SQL is a question: one statement that reads, and reads nothing but the views.

DuckDB's own syntax tree is searched for what is known to be harmless, as a list of what is not would miss what the next
version adds: since DuckDB 2.0 a common table expression may write a file.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from provenance.errors import QueryError

_HARMLESS_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_HARMLESS_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree", "repeat"})


def require_question(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The text of the one statement in ``sql``, without what may end it.

    Raises:
        QueryError: it does not parse, is not one statement, or could do anything but read the views.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise QueryError(f"one SELECT statement is a query, and this has {len(statements) or 'no'} statements")
    statement = statements[0]
    if statement.type != duckdb.StatementType.SELECT:
        raise QueryError(f"only SELECT is allowed, and this is {statement.type.name}; lineage is not changed by SQL")
    text = statement.query.strip().rstrip(";")
    _require_harmless(_tree(connection, text))
    return text


def _tree(connection: duckdb.DuckDBPyConnection, text: str) -> Any:
    serialized = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()[0][0]
    try:
        tree = json.loads(serialized)
    except RecursionError as error:
        raise QueryError("the query is nested too deeply") from error
    if tree["error"]:
        raise QueryError(f"not a query: {tree['error_message']}")
    return tree


def _require_harmless(tree: Any) -> None:
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
            kind = part.get("type")
            if isinstance(kind, str) and kind.endswith("_NODE") and kind not in _HARMLESS_NODES:
                raise QueryError(f"only SELECT is allowed, and this has a {kind.removesuffix('_NODE')} in it")
            if kind == "TABLE_FUNCTION":
                _require_harmless_function(part["function"])


def _require_harmless_function(function: dict[str, Any]) -> None:
    name = str(function.get("function_name")).lower()
    if name not in _HARMLESS_TABLE_FUNCTIONS:
        raise QueryError(f"{name}: this table function is not allowed, as a query reads nothing but the views")
