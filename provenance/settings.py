"""`provenance.yaml`: the repository's settings, git-tracked, at the DVC root.

It is git-tracked because untracked files are absent in DVC's temporary experiment workspaces.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.documents import parse_yaml, validated
from provenance.errors import RepositoryError

SETTINGS_FILE = "provenance.yaml"


class TokenColumn(BaseModel):
    """A column that holds each row's number of tokens, and the tokenizer that counted them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    tokenizer: str


class DatasetSettings(BaseModel):
    """Settings of the datasets whose path (from the DVC root) fits the glob ``path``; the last that fits wins."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    path: str
    fields: tuple[str, ...] | None = Field(default=None, description="content fields; default: see the specification")
    tokens: TokenColumn | None = None
    types: dict[str, Literal["string", "integer", "number", "boolean", "timestamp"]] = Field(
        default_factory=dict, description="column types of a CSV file; a column not named here is a string"
    )


class Settings(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    digest: str = "xxh3_128"
    datasets: tuple[DatasetSettings, ...] = ()

    def for_dataset(self, path: str) -> DatasetSettings:
        """The settings of the dataset at ``path`` (from the DVC root, with forward slashes)."""
        for dataset in reversed(self.datasets):
            if fnmatchcase(path, dataset.path):
                return dataset
        return DatasetSettings(path=path)


def load_settings(root: Path) -> Settings:
    """Read ``root``/provenance.yaml; the defaults where there is none.

    Raises:
        RepositoryError: the file is not YAML or not valid; the message names the file and the key.
    """
    path = root / SETTINGS_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise RepositoryError(f"{path}: cannot be read: {error}") from error
    return parse_settings(text, str(path))


def parse_settings(text: str, name: str) -> Settings:
    """Parse the text of a settings file called ``name`` in messages."""
    content = parse_yaml(text, name, RepositoryError)
    return validated(Settings, {} if content is None else content, name, error=RepositoryError)
