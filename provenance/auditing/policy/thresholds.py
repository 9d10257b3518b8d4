"""What a rule asks of a value: a bound, equality, or names that are allowed or not.

A bound is a number or refers to another value of the same audit, such as the 99th percentile of a null distribution.
Names are globs, and asked of the groups of a breakdown (licences, models, sources) or of one text.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictFloat,
    StrictInt,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from provenance.auditing.units import Unit

Number = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]
Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reference(_Part):
    """Another value of the same audit, by its dotted path."""

    value: str = Field(min_length=1)


def _is_number(content: Any) -> bool:
    return isinstance(content, int | float) and not isinstance(content, bool) and math.isfinite(content)


def _bound_tag(content: Any) -> str | None:
    if isinstance(content, dict | Reference):
        return "reference"
    return "number" if _is_number(content) else None


def _scalar(content: Any) -> Any:
    if isinstance(content, bool | str) or _is_number(content):
        return content
    raise PydanticCustomError("scalar", "expected a number, text, true or false")


Bound = Annotated[
    Annotated[Number, Tag("number")] | Annotated[Reference, Tag("reference")],
    Discriminator(
        _bound_tag,
        custom_error_type="bound",
        custom_error_message="a bound is a number, or {value: PATH} for another value of the audit",
    ),
]


class AtLeast(_Part):
    at_least: Bound


class AtMost(_Part):
    at_most: Bound


class Between(_Part):
    """Both ends are allowed."""

    at_least: Bound
    at_most: Bound

    @model_validator(mode="after")
    def _some_number_fits(self) -> Between:
        low, high = self.at_least, self.at_most
        if not isinstance(low, Reference) and not isinstance(high, Reference) and low > high:
            raise ValueError(f"nothing is at least {low} and at most {high}")
        return self


class Equals(_Part):
    equals: Annotated[bool | Number | str, BeforeValidator(_scalar)]


class Only(_Part):
    """Every group's name, or the text, fits one of these globs."""

    only: Names


class NoneOf(_Part):
    """No group's name, nor the text, fits any of these globs."""

    none_of: Names


_BY_KEYS: dict[frozenset[str], type[_Part]] = {
    frozenset(kind.model_fields): kind for kind in (AtLeast, AtMost, Between, Equals, Only, NoneOf)
}


def _threshold_tag(content: Any) -> str | None:
    keys = content.keys() if isinstance(content, dict) else getattr(type(content), "model_fields", {}).keys()
    kind = _BY_KEYS.get(frozenset(keys))
    return None if kind is None else kind.__name__


Threshold = Annotated[
    Annotated[AtLeast, Tag("AtLeast")]
    | Annotated[AtMost, Tag("AtMost")]
    | Annotated[Between, Tag("Between")]
    | Annotated[Equals, Tag("Equals")]
    | Annotated[Only, Tag("Only")]
    | Annotated[NoneOf, Tag("NoneOf")],
    Discriminator(
        _threshold_tag,
        custom_error_type="threshold",
        custom_error_message="a threshold is one of at_least, at_most (or both), equals, only, none_of",
    ),
]


def references(threshold: Threshold) -> list[str]:
    """The paths of the values that the threshold's bounds refer to."""
    bounds = (getattr(threshold, end, None) for end in ("at_least", "at_most"))
    return [bound.value for bound in bounds if isinstance(bound, Reference)]


def in_words(threshold: Threshold, unit: Unit | None = None) -> str:
    """The threshold as people say it: "at least 0.1", or with numbers in their ``unit``: "at least 10%"."""
    return " and ".join(bound_in_words(key, value, unit) for key, value in threshold)


def bound_in_words(key: str, value: object, unit: Unit | None = None) -> str:
    """One part of a threshold, by its key. A difference of "at least -3%" is at most 3% less."""
    words = {"at_least": "at least", "at_most": "at most", "equals": "equal to", "only": "only", "none_of": "none of"}
    if unit is None or not _is_number(value):
        return f"{words[key]} {_value_in_words(value)}"
    number = float(str(value))
    word = "at most" if unit.signed and key == "at_least" and number < 0 else words[key]
    return f"{word} {unit.bare(number)}"


def _value_in_words(value: object) -> str:
    if isinstance(value, Reference):
        return value.value
    if isinstance(value, dict):
        return str(value["value"])
    if isinstance(value, tuple | list):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
