"""The reserved columns that rows carry through tools that know nothing of lineage.

They name parents and their roles, and beside them the model that made the row, how (a kind), and from what prompt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from provenance.identity.canonical import has_surrogate
from provenance.identity.formats.interface import RowError
from provenance.plurals import counted

PARENTS, PARENT_ROLES = "_parents", "_parent_roles"
MODEL, KIND, PROMPT = "_model", "_kind", "_prompt"
BIRTH_COLUMNS = (MODEL, KIND, PROMPT)
_LIST_TYPE = pa.list_(pa.string())


def references(values: pa.Array | Sequence[object], column: str) -> pa.ListArray:
    """The values of a reserved column as list<string>; null where a row has none.

    A row has a list of strings, one string, a JSON list in a string (as in CSV), or binary ids, which become hex.

    Raises:
        RowError: a row's value is not one of these.
    """
    if isinstance(values, pa.Array):
        if pa.types.is_null(values.type):
            return pa.nulls(len(values), _LIST_TYPE)
        if values.type == _LIST_TYPE and not pc.any(pc.equal(pc.binary_length(values.flatten()), 0)).as_py():
            filled = pc.if_else(pc.equal(pc.list_value_length(values), 0), pa.scalar(None, _LIST_TYPE), values)
            if not filled.flatten().null_count:
                return filled
        values = values.to_pylist()
    return pa.array([_row_references(value, column, offset) for offset, value in enumerate(values)], _LIST_TYPE)


def statements(values: pa.Array | Sequence[object], column: str) -> pa.StringArray:
    """The values of a reserved column that holds text; null where a row has none.

    Raises:
        RowError: a row's value is not text, or text that cannot be stored.
    """
    if isinstance(values, pa.Array):
        values = values.to_pylist()
    for offset, value in enumerate(values):
        if value is not None and not isinstance(value, str):
            raise RowError(offset, f"{column} must be text")
        if value is not None:
            _check_text(value, column, offset)
    return pa.array([value or None for value in values], pa.string())


def check_roles(parents: pa.ListArray | None, roles: pa.ListArray | None) -> None:
    """Raise RowError where a row has another number of roles than of parents. No roles at all is fine."""
    if roles is None:
        return
    counts = [0] * len(roles) if parents is None else pc.list_value_length(parents).to_pylist()
    for offset, (count, role_count) in enumerate(zip(counts, pc.list_value_length(roles).to_pylist(), strict=True)):
        if role_count is not None and role_count != (count or 0):
            raise RowError(
                offset,
                f"{PARENT_ROLES} has {counted(role_count, 'role')} for {counted(count or 0, 'parent')} in {PARENTS}",
            )


def _row_references(value: object, column: str, offset: int) -> list[str] | None:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise RowError(offset, f"{column} is not a valid JSON list of strings") from None
    if value is None or value == "":
        return None
    elements: Iterable[object] = value if isinstance(value, list | tuple) else [value]
    texts = [element.hex() if isinstance(element, bytes) else element for element in elements]
    for text in texts:
        if not isinstance(text, str) or not text:
            raise RowError(offset, f"{column} must be a list of strings: ids in hex, or PATH:ROW")
        _check_text(text, column, offset)
    return [str(text) for text in texts] or None


def _check_text(text: str, column: str, offset: int) -> None:
    if has_surrogate(text):
        raise RowError(offset, f"{column} holds an unpaired surrogate, which no text may; mend it")
