"""`provenance.yaml`: the repository's settings, git-tracked, at the DVC root.

It is git-tracked because untracked files are absent in DVC's temporary experiment workspaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from provenance.about import About

SETTINGS_FILE = "provenance.yaml"
MOST_PARTS = 1 << 14


def require_parts(parts: int) -> int:
    """``parts``, if a sidecar can be divided into so many, by leading bits of sample ids.

    Raises:
        ValueError: it is not a power of two, or too large.
    """
    if not 1 <= parts <= MOST_PARTS or parts & (parts - 1):
        raise ValueError(f"{parts} is not a power of two up to {MOST_PARTS:,}")
    return parts


class TokenColumn(BaseModel):
    """A column that holds each row's number of tokens, and the tokenizer that counted them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    tokenizer: str


class KeyedParents(BaseModel):
    """A row's parent is the row of the dataset ``of`` whose ``key`` is what the row has in ``column``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    of: str = Field(description="a dataset that the stage depends on, by its path from the DVC root")
    key: str | None = Field(default=None, description="the column there; default: the same name")


class DatasetSettings(BaseModel):
    """Settings of the datasets whose path (from the DVC root) fits the glob ``path``; the last that fits wins."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    path: str
    fields: tuple[str, ...] | None = Field(default=None, description="content fields; default: see the specification")
    tokens: TokenColumn | None = None
    key: str | None = Field(
        default=None, description="a column that stages leave alone: a changed row came from the one with its key"
    )
    parents: KeyedParents | None = Field(default=None, description="the same where the parents have another key")
    parts: Annotated[int, AfterValidator(require_parts)] | None = Field(
        default=None, description="files that the sidecar is divided into, a power of two; default: as it is, first one"
    )
    types: dict[str, Literal["string", "integer", "number", "boolean", "timestamp"]] = Field(
        default_factory=dict, description="column types of a CSV file; a column not named here is a string"
    )


class Settings(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    digest: str = "xxh3_128"
    engine: Literal["duckdb", "spark"] = Field(
        default="duckdb", description="what answers where neither --engine nor PROVENANCE_ENGINE says so"
    )
    datasets: tuple[DatasetSettings, ...] = ()
    about: tuple[About, ...] = Field(default=(), description="facts for exports; the last that fits all of them counts")

    def for_dataset(self, path: str) -> DatasetSettings:
        """The settings of the dataset at ``path`` (from the DVC root, with forward slashes)."""
        for dataset in reversed(self.datasets):
            if fnmatchcase(path, dataset.path):
                return dataset
        return DatasetSettings(path=path)

    def about_all(self, paths: Sequence[str]) -> About:
        """What is stated about the datasets at ``paths`` together; an entry that states nothing where none fits."""
        for about in reversed(self.about):
            if all(about.fits(path) for path in paths):
                return about
        return About(path=paths[0] if paths else "*")
