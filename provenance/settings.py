"""`provenance.yaml`: the repository's settings, git-tracked, at the DVC root.

It is git-tracked because untracked files are absent in DVC's temporary experiment workspaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.about import About

SETTINGS_FILE = "provenance.yaml"


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
    types: dict[str, Literal["string", "integer", "number", "boolean", "timestamp"]] = Field(
        default_factory=dict, description="column types of a CSV file; a column not named here is a string"
    )


class Settings(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    digest: str = "xxh3_128"
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
