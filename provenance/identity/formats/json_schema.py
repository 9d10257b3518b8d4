"""The schema by which Arrow reads JSON, learned from rows that Python has read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from threading import Lock
from typing import cast

import pyarrow as pa

# Objects used as maps have a key for every row: as columns they would fill the memory with nulls.
_MOST_LEAVES = 1000
_DEEPEST = 32

# None: only nulls so far; a name of _SCALARS; [of the elements]; {name: of the member}.
_Shape = str | list["_Shape"] | dict[str, "_Shape"] | None
# What is only null so far reads as any type does; Arrow's own null type yields damaged arrays within lists.
_UNKNOWN = pa.bool_()
_SCALARS = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "string": pa.string()}


class LearnedSchema:
    """What is known of a file's members and their types. Only grows; shared by the threads that read the file."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._shape: dict[str, _Shape] = {}
        self._schema: pa.Schema | None = None

    def arrow(self) -> pa.Schema | None:
        """The schema so far; None before anything was learned."""
        return self._schema

    def learn(self, rows: Iterable[Mapping[str, object]]) -> bool:
        """Widen the schema to fit ``rows``; False, and nothing learned, where no schema fits them or it would not grow.

        Raises what iterating over ``rows`` raises.
        """
        with self._lock:
            shape: dict[str, _Shape] = deepcopy(self._shape)
            try:
                for row in rows:
                    _widen_members(shape, row, 0)
            except _NoColumnError:
                return False
            if (shape == self._shape and self._schema is not None) or _leaves(shape) > _MOST_LEAVES:
                return False
            self._shape = shape
            self._schema = pa.schema(list(cast(pa.StructType, _arrow_type(shape))))
            return True


class _NoColumnError(Exception):
    """Values of one member are of types that no column holds together."""


def _widen_members(members: dict[str, _Shape], row: Mapping[str, object], depth: int) -> None:
    for name, value in row.items():
        members[name] = _widened(members.get(name), value, depth + 1)


def _widened(shape: _Shape, value: object, depth: int) -> _Shape:
    """``shape``, widened to fit ``value`` (changed in place where it is nested)."""
    if value is None:
        return shape
    if depth > _DEEPEST:
        raise _NoColumnError
    if isinstance(value, dict):
        members = {} if shape is None else shape
        if not isinstance(members, dict):
            raise _NoColumnError
        _widen_members(members, value, depth)
        return members
    if isinstance(value, list):
        elements: _Shape = [None] if shape is None else shape
        if not isinstance(elements, list):
            raise _NoColumnError
        for element in value:
            elements[0] = _widened(elements[0], element, depth + 1)
        return elements
    return _widened_scalar(shape, _scalar(value))


def _widened_scalar(shape: _Shape, scalar: str) -> str:
    if shape is None or shape == scalar:
        return scalar
    if shape in ("integer", "number") and scalar in ("integer", "number"):
        return "number"
    raise _NoColumnError


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -(2**63) <= value < 2**63 else "number"
    return "number" if isinstance(value, float) else "string"


def _arrow_type(shape: _Shape) -> pa.DataType:
    if shape is None:
        return _UNKNOWN
    if isinstance(shape, str):
        return _SCALARS[shape]
    if isinstance(shape, list):
        return pa.list_(_arrow_type(shape[0]))
    return pa.struct([(name, _arrow_type(member)) for name, member in shape.items()])


def _leaves(shape: _Shape) -> int:
    if isinstance(shape, dict):
        return 1 + sum(map(_leaves, shape.values()))
    return _leaves(shape[0]) if isinstance(shape, list) else 1
