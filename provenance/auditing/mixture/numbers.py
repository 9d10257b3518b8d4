"""Numbers as tables print them: 939344, 1.3e12, 290B, 1.3T; shares as 0.15 or 15%."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidatorFunctionWrapHandler, WithJsonSchema, WrapValidator
from pydantic_core import PydanticCustomError

_SUFFIXES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_AMOUNT = re.compile(r"([0-9][0-9,_]*(?:\.([0-9]+))?)\s*([KMBT]?)")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")
_LARGEST = 10**18


class Rounded(int):
    """A count that was written with a suffix: it stands for anything within ``half_a_digit`` of it."""

    half_a_digit: float = 0.0


def half_a_digit(count: int) -> float:
    """How far from ``count`` what it was rounded from may be: 0 where it was written in full."""
    return count.half_a_digit if isinstance(count, Rounded) else 0.0


def wrong(problem: str) -> PydanticCustomError:
    """What pydantic is to say of a value."""
    # As a value of the template: what it says may hold braces.
    return PydanticCustomError("mixture", "{problem}", {"problem": problem})


def _amount(value: Any, handler: ValidatorFunctionWrapHandler) -> int:
    """A count as a whole number, from how tables print it."""
    if isinstance(value, bool):
        raise wrong("a number is expected")
    match = _AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return int(handler(int(value) if isinstance(value, float) and value.is_integer() else value))
    unit = _SUFFIXES[match[3]]
    counted = Decimal(re.sub("[,_]", "", match[1])) * unit
    count = Rounded(handler(int(counted) if counted == int(counted) else value))
    if match[3]:
        count.half_a_digit = unit / 10 ** len(match[2] or "") / 2
    return count


def _share(value: Any) -> Any:
    """A part of the whole, from a number or percent."""
    if isinstance(value, bool):
        raise wrong("a number is expected")
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value.strip())):
        return float(Decimal(match[1]) / 100)
    return value


Amount = Annotated[
    int,
    Field(ge=0, le=_LARGEST),
    WrapValidator(_amount),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": _LARGEST},
                {"type": "string", "pattern": r"([0-9][0-9,_]*(?:\.[0-9]+)?)\s*([KMBT]?)"},
            ]
        }
    ),
]
Share = Annotated[
    float,
    BeforeValidator(_share),
    Field(ge=0, le=1, allow_inf_nan=False),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": _PERCENT.pattern}]}
    ),
]
Epochs = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
