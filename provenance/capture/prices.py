"""Price tables: what a model's tokens cost, by a file that the user points at.

A price goes into the activity, with the table's name, date and digest; costs are computed from it when asked for, and
never where the provider reported one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from provenance.capture.redaction import refuse_secret
from provenance.documents import parse_yaml, read_document, validated
from provenance.lineage.records import Price

if TYPE_CHECKING:
    import os

    from provenance.lineage.records import Agent
    from provenance.repository import Repository

Amount = Annotated[Decimal, Field(ge=0, lt=Decimal("1e6"), max_digits=20, decimal_places=10)]


class ModelPrice(BaseModel):
    """What a million tokens of one model cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Amount = Field(description="price of a million input tokens")
    output: Amount = Field(description="price of a million output tokens")


class PriceTable(BaseModel):
    """The whole file. A model is named as its rows name it, ``NAME`` or, for one revision, ``NAME@REVISION``."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    version: str = Field(description="the table's own version")
    dated: date = Field(description="the day on which these prices were in force")
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217 code")
    models: dict[str, ModelPrice] = Field(min_length=1)


@dataclass(frozen=True)
class Prices:
    """A price table that was read. ``name``: its path from the DVC root; outside of that, its file name."""

    table: PriceTable
    name: str
    digest: str

    def of(self, agent: Agent) -> Price | None:
        """The price of what ``agent`` generates; None where the table does not have it."""
        exact = f"{agent.name}@{agent.revision}" if agent.revision else agent.name
        price = self.table.models.get(exact) or self.table.models.get(agent.name)
        if price is None:
            return None
        return Price(
            currency=self.table.currency,
            input=price.input,
            output=price.output,
            table=self.name,
            version=self.table.version,
            dated=self.table.dated,
            digest=self.digest,
        )


def read_prices(path: str | os.PathLike[str], repository: Repository) -> Prices:
    """Read the price table at ``path`` (absolute or from the working directory).

    Raises:
        ProvenanceError: it cannot be read, is not YAML, or is not a price table, or its version holds what looks like
            a secret; the message names the key.
    """
    file = Path(path)
    content = read_document(file, "price table")
    table = validated(PriceTable, parse_yaml(content, str(file)), str(file), "; see docs/prices.md")
    refuse_secret(f"{file}: version", table.version)
    absolute = file.absolute().resolve()
    name = absolute.relative_to(repository.root).as_posix() if absolute.is_relative_to(repository.root) else file.name
    return Prices(table, name, f"sha256:{hashlib.sha256(content).hexdigest()}")
