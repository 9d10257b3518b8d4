"""What an importer must offer: what a generator left behind, as statements about single rows.

A module of an importer names its class ``IMPORTER`` and is registered in `importers`; a package of a third party names
its class in the entry point group ``provenance.importers``. An importer never guesses: what the generator did not
leave is not in the statement.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

# What is stated of one row, by the names in `FIELDS` and by OpenTelemetry's ``gen_ai.*`` names. What is missing, None,
# NaN or empty text is not stated.
Statement: TypeAlias = dict[str, Any]
Row: TypeAlias = Mapping[str, Any]

# ``parents``: a sample id or PATH:ROW, a list of these, or a JSON list as text. ``parent_key``: the same for the values
# of the key column of the parents' dataset. ``prompt`` is the rendered text, ``template`` what it was rendered from.
FIELDS = (
    *("origin", "kind", "model", "model_revision", "provider", "prompt", "prompt_name", "template"),
    *("source", "source_url", "publisher", "license", "parents", "parent_key", "response_id", "seed"),
    *("input_tokens", "output_tokens", "cost", "verdict", "verifier"),
)


@dataclass(frozen=True)
class Request:
    """What an importer is asked for.

    ``data``: the dataset's file. ``part``: what follows the importer's name, ``--from NAME:PART``; its meaning is the
    importer's. ``using``: the files and folders that the generator left. ``key_column``: the column by which the
    parents' dataset is joined; None where it is not. ``workspace``: a folder for temporary files.
    """

    data: Path
    part: str | None
    using: tuple[Path, ...]
    key_column: str | None
    workspace: Path


class Importer(ABC):
    """Says of each row of a dataset what a generator left about it; made for each dataset.

    The constructor takes a `Request` and raises ProvenanceError where it lacks something, or a file cannot be read.
    """

    def __init__(self, request: Request) -> None:
        self.request = request

    @abstractmethod
    def state(self, row: Row) -> Statement:
        """What is known of ``row``; called for each row in order. Nothing known is an empty statement.

        Raises:
            ValueError: what is there contradicts itself, or fits more than one thing; the message names path and row.
        """

    def close(self) -> None:
        """Release what the importer holds; called once, whatever happened."""
        return
