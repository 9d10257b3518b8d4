"""`provenance.revocations.yaml`: what must not be used any more, and why; git-tracked, at the DVC root.

What is revoked is revoked at every revision: the file of the workspace counts, whatever revision is looked at. To
lift a revocation, take its entry out of the file.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError


class Revocation(BaseModel):
    """One decision: everything that fits any of ``selectors``, and all that came from it, is not to be used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[0-9a-f]{12}$", description="digest of the selectors and the reason")
    selectors: tuple[str, ...] = Field(min_length=1, description="as `provenance impact` takes them")
    reason: str = Field(min_length=1)
    by: str | None = Field(default=None, description="who revoked it, as git names people: NAME <EMAIL>")
    revoked: datetime = Field(description="when")


class Revocations(BaseModel):
    """The whole file. A decision that is listed twice, as after a merge, counts once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    revocations: tuple[Revocation, ...] = ()

    @field_validator("revocations")
    @classmethod
    def _are_distinct(cls, given: tuple[Revocation, ...]) -> tuple[Revocation, ...]:
        """Each decision once: two branches may have taken the same one, and the earliest counts."""
        first: dict[str, Revocation] = {}
        for each in sorted(given, key=lambda each: each.revoked):
            same = first.setdefault(each.id, each)
            if (same.selectors, same.reason) != (each.selectors, each.reason):
                raise PydanticCustomError("inconsistent", "two revocations have the id {id}", {"id": each.id})
        return tuple(each for each in given if first[each.id] is each)
