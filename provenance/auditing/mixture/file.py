"""The mixture file: YAML, validated by pydantic; docs/specification/mixture.schema.json is its JSON schema.

Amounts may be written as tables print them: 939344, 1.3e12, 290B, 1.3T; shares as 0.15 or 15%.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from provenance.documents import parse_yaml, read_document, validated
from provenance.lineage.records import Kind, Origin

Unit = Literal["tokens", "rows", "bytes"]
UNITS: tuple[Unit, ...] = ("tokens", "rows", "bytes")

_SUFFIXES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_AMOUNT = re.compile(r"([0-9][0-9,_]*(?:\.[0-9]+)?)\s*([KMBT]?)")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")
_LARGEST = 10**18


def _amount(value: Any) -> Any:
    """A count as a whole number, from how tables print it."""
    if isinstance(value, bool):
        raise _wrong("a number is expected")
    if isinstance(value, str) and (match := _AMOUNT.fullmatch(value.strip())):
        counted = Decimal(re.sub("[,_]", "", match[1])) * _SUFFIXES[match[2]]
        return int(counted) if counted == int(counted) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _share(value: Any) -> Any:
    """A part of the whole, from a number or percent."""
    if isinstance(value, bool):
        raise _wrong("a number is expected")
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value.strip())):
        return float(Decimal(match[1]) / 100)
    return value


Amount = Annotated[
    int,
    BeforeValidator(_amount),
    Field(ge=0, le=_LARGEST),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": _LARGEST},
                {"type": "string", "pattern": _AMOUNT.pattern},
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


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Counts(_Closed):
    """How much there is, each copy of a text once."""

    rows: Amount | None = None
    tokens: Amount | None = None
    bytes: Amount | None = None

    def of(self, unit: Unit) -> int | None:
        """The count in ``unit``; None where it is not stated."""
        counted: int | None = getattr(self, unit)
        return counted


class StatedCost(_Closed):
    """An amount of money."""

    amount: Decimal = Field(ge=0, allow_inf_nan=False, max_digits=30)
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217 code")


class Peer(_Closed):
    """Something comparable, whose cost is known."""

    name: str = Field(min_length=1)
    cost: StatedCost
    source: str | None = None


class Part(Counts):
    """One part of the mixture: a ``dataset`` of this repository, or data that one does not hold, with a ``class``.

    The counts of data that is not held are taken as stated; those of a dataset are recounted, and a difference is a
    finding. ``share`` is the part of all that is trained on; ``epochs`` is how often each row is seen.
    """

    name: str | None = Field(default=None, min_length=1, description="default: the dataset's path")
    dataset: str | None = Field(default=None, min_length=1, description="path from the DVC root")
    origin: Origin | None = Field(default=None, alias="class", description="of data that is not held")
    kind: Kind | None = None
    license: str | None = None
    source: str | None = None
    model: str | None = None
    share: Share | None = None
    epochs: float | None = Field(default=None, ge=0, le=1e6, allow_inf_nan=False)

    @model_validator(mode="after")
    def _is_held_or_stated(self) -> Self:
        described = [
            name for name in ("origin", "kind", "license", "source", "model") if getattr(self, name) is not None
        ]
        if self.dataset is not None and described:
            what = "class" if described[0] == "origin" else described[0]
            raise _wrong(f"a dataset's {what} is read from its lineage; leave it out")
        if self.dataset is None and self.origin is None:
            raise _wrong("name a dataset of this repository, or state the class: real, synthetic, mixed or unknown")
        if self.dataset is None and self.name is None:
            raise _wrong("data that is not held needs a name")
        if self.dataset is None and all(self.of(unit) is None for unit in UNITS):
            raise _wrong("data that is not held needs its rows, tokens or bytes")
        return self

    @property
    def title(self) -> str:
        """What the part goes by."""
        return self.name or self.dataset or ""


class Mixture(_Closed):
    """The whole file.

    ``unit``: what shares and epochs weigh; default: tokens, else rows, else bytes, as all parts have it. ``trained``:
    how much is trained on in all, each copy counted. ``stated``: the totals as a card states them, recounted here.
    """

    version: Literal[1] = 1
    name: str = Field(min_length=1)
    source: str | None = Field(default=None, description="where the figures are from")
    unit: Unit | None = None
    trained: Amount | None = None
    stated: Counts = Counts()
    cost: StatedCost | None = None
    compared_with: tuple[Peer, ...] = ()
    parts: tuple[Part, ...] = Field(default=(), max_length=10_000)

    @model_validator(mode="after")
    def _is_weighed_in_one_way(self) -> Self:
        if not self.parts and self.cost is None:
            raise _wrong("parts: give at least one")
        titles = [part.title for part in self.parts]
        datasets = [part.dataset for part in self.parts if part.dataset is not None]
        for name in (*_repeated(titles), *_repeated(datasets)):
            raise _wrong(f"parts: {name} is there twice")
        weighed = [part.share is not None or part.epochs is not None for part in self.parts]
        if any(weighed) and not all(weighed):
            raise _wrong(f"parts: {titles[weighed.index(False)]} has neither share nor epochs, and others have")
        shared = [part.share is not None for part in self.parts]
        if any(shared) and not all(shared) and self.trained is None:
            raise _wrong("parts: some have shares and some only epochs; say how much is trained on in all: trained")
        return self


def read_mixture(file: str | os.PathLike[str]) -> Mixture:
    """Read the mixture file.

    Raises:
        ProvenanceError: it cannot be read, is not YAML, or is not a mixture; the message names the key.
    """
    path = Path(file)
    content = parse_yaml(read_document(path, "mixture file"), str(path))
    return validated(Mixture, content, str(path), "; see docs/mixtures.md")


def _repeated(names: list[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _wrong(problem: str) -> PydanticCustomError:
    # As a value of the template: what it says may hold braces.
    return PydanticCustomError("mixture", "{problem}", {"problem": problem})
