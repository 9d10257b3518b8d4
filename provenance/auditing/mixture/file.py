"""The mixture file: YAML, validated by pydantic; docs/specification/mixture.schema.json is its JSON schema."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from provenance.auditing.mixture.numbers import Amount, Epochs, Share, wrong
from provenance.documents import parse_yaml, read_document, validated
from provenance.lineage.records import Kind, Origin

Unit = Literal["tokens", "rows", "bytes"]
UNITS: tuple[Unit, ...] = ("tokens", "rows", "bytes")
_Name = Annotated[str, Field(min_length=1)]


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
    finding. How often it is trained on: ``share`` is the part of all that is trained on, ``trained`` is that as an
    amount, ``epochs`` is how often each row is seen. Where the mixture has stages, these say it instead.
    """

    name: _Name | None = Field(default=None, description="default: the dataset's path")
    dataset: _Name | None = Field(default=None, description="path from the DVC root")
    origin: Origin | None = Field(default=None, alias="class", description="of data that is not held")
    kind: Kind | None = None
    license: str | None = None
    source: str | None = None
    model: str | None = None
    share: Share | None = None
    epochs: Epochs | None = None
    trained: Amount | None = None

    @model_validator(mode="after")
    def _is_held_or_stated(self) -> Self:
        described = [
            name for name in ("origin", "kind", "license", "source", "model") if getattr(self, name) is not None
        ]
        if self.dataset is not None and described:
            what = "class" if described[0] == "origin" else described[0]
            raise wrong(f"a dataset's {what} is read from its lineage; leave it out")
        if self.dataset is None and self.origin is None:
            raise wrong("name a dataset of this repository, or state the class: real, synthetic, mixed or unknown")
        if self.dataset is None and self.name is None:
            raise wrong("data that is not held needs a name")
        return self

    @property
    def title(self) -> str:
        """What the part goes by."""
        return self.name or self.dataset or ""

    @property
    def has_size(self) -> bool:
        """Whether it is counted or its size is stated; without, only its share can be told."""
        return self.dataset is not None or any(self.of(unit) is not None for unit in UNITS)


class Stage(_Closed):
    """What is trained on at one time, of the mixture's parts by their names.

    ``shares`` are of this stage's ``trained``, ``amounts`` are how much of a part is trained on, ``epochs`` how often.
    """

    name: _Name
    trained: Amount | None = None
    shares: dict[_Name, Share] = Field(default={}, max_length=10_000)
    epochs: dict[_Name, Epochs] = Field(default={}, max_length=10_000)
    amounts: dict[_Name, Amount] = Field(default={}, max_length=10_000)

    @model_validator(mode="after")
    def _trains_on_something(self) -> Self:
        if not self.titles:
            raise wrong("say what is trained on: shares, epochs or amounts, by the names of parts")
        if self.shares and self.trained is None:
            raise wrong("shares need the amount that they are of: trained")
        return self

    @property
    def titles(self) -> frozenset[str]:
        """The parts that it trains on."""
        return frozenset((*self.shares, *self.epochs, *self.amounts))


class Mixture(_Closed):
    """The whole file.

    ``unit``: what shares and epochs weigh; default: tokens, else rows, else bytes, as all parts have it. ``trained``:
    how much is trained on in all, each copy counted. ``stated``: the totals as a card states them, recounted here.
    ``stages``: one after the other, where the mix changes; the parts then say only what there is.
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
    stages: tuple[Stage, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _is_weighed_in_one_way(self) -> Self:
        if not self.parts and self.cost is None:
            raise wrong("parts: give at least one")
        titles = [part.title for part in self.parts]
        datasets = [part.dataset for part in self.parts if part.dataset is not None]
        for name in (*_repeated(titles), *_repeated(datasets)):
            raise wrong(f"parts: {name} is there twice")
        for problem in self._problems_of_stages(titles) if self.stages else self._problems_of_parts(titles):
            raise wrong(problem)
        for part in self.parts:
            if not part.has_size and part.title not in self.with_exposure:
                raise wrong(f"parts: {part.title} needs its rows, tokens or bytes, or a share of what is trained on")
        return self

    def _problems_of_parts(self, titles: list[str]) -> Iterator[str]:
        weighed = [(part.share, part.epochs, part.trained) != (None, None, None) for part in self.parts]
        if any(weighed) and not all(weighed):
            yield f"parts: {titles[weighed.index(False)]} has neither share nor epochs, and others have"
        shared = [part.share is not None for part in self.parts]
        if any(shared) and not all(shared) and self.trained is None:
            yield "parts: some have shares and some only epochs; say how much is trained on in all: trained"

    def _problems_of_stages(self, titles: list[str]) -> Iterator[str]:
        for name in _repeated([stage.name for stage in self.stages]):
            yield f"stages: {name} is there twice"
        for part in self.parts:
            if (part.share, part.epochs, part.trained) != (None, None, None):
                yield f"parts: how much of {part.title} is trained on is said in the stages; leave it out here"
        for stage in self.stages:
            for name in sorted(stage.titles.difference(titles)):
                yield f"stages: {stage.name} trains on {name}, which is none of the parts"
        for title in titles:
            if not any(title in stage.titles for stage in self.stages):
                yield f"stages: none trains on {title}"

    @property
    def with_exposure(self) -> frozenset[str]:
        """The parts of which each stage that trains on them says how much, whatever their sizes."""
        by_size_only = (stage.titles.difference(stage.shares, stage.amounts) for stage in self.curriculum)
        return frozenset(part.title for part in self.parts).difference(*by_size_only) & frozenset().union(
            *(stage.titles for stage in self.curriculum)
        )

    @property
    def curriculum(self) -> tuple[Stage, ...]:
        """The stages; what the parts themselves say is one without a name."""
        if self.stages:
            return self.stages
        return (
            Stage.model_construct(
                name="",
                trained=self.trained,
                shares={part.title: part.share for part in self.parts if part.share is not None},
                epochs={part.title: part.epochs for part in self.parts if part.epochs is not None},
                amounts={part.title: part.trained for part in self.parts if part.trained is not None},
            ),
        )


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
