"""What a row has under a column's name, or under a dotted path into nested members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def column_value(row: Mapping[str, Any], column: str) -> Any:
    """What ``row`` has under ``column``, a member or a dotted path into members; None where it has nothing."""
    if column in row:
        return row[column]
    value: Any = row
    for part in column.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value
