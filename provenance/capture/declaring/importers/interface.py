"""What an importer must offer: what a generator left behind, as statements about single rows.

A module of an importer names its class ``IMPORTER`` and is registered in `importers`; a package of a third party names
its class in the entry point group ``provenance.importers``. An importer never guesses: what the generator did not
leave is not in the statement.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

# What is stated of one row, by the names in `FIELDS` and by OpenTelemetry's ``gen_ai.*`` names. What is missing, None,
# NaN or empty text is not stated.
Statement: TypeAlias = dict[str, Any]
Row: TypeAlias = Mapping[str, Any]

# ``parents``: a sample id or PATH:ROW, a list of these, or a JSON list as text. ``parent_key``: the same for the values
# of the key column of the parents' dataset. ``parent_roles``: what each of ``parents`` was for; None: it was made from
# it. ``prompt`` is the rendered text, ``template`` what it was rendered from.
FIELDS = (
    *("origin", "kind", "model", "model_revision", "provider", "prompt", "prompt_name", "template"),
    *("source", "source_url", "publisher", "license", "parents", "parent_roles"),
    *("parent_key", "response_id", "seed"),
    *("input_tokens", "output_tokens", "cost", "verdict", "verifier"),
)


class StatedSample(NamedTuple):
    """A birth of a sample that is known by its id (hex), be it a row of the dataset or not.

    ``content_bytes``: the length of its content in canonical form, where that is known.
    """

    sample: str
    content_bytes: int | None
    statement: Statement


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

    ``states_samples``: what was left names samples by their ids, and `samples` has all that it says; `state` is not
    asked. ``digest`` and ``content_fields``: how these ids were made, where that is said.
    """

    states_samples: bool = False
    digest: str | None = None
    content_fields: tuple[str, ...] | None = None

    def __init__(self, request: Request) -> None:
        self.request = request

    @abstractmethod
    def state(self, row: Row) -> Statement:
        """What is known of ``row``; called for each row in order. Nothing known is an empty statement.

        Raises:
            ValueError: what is there contradicts itself, or fits more than one thing; the message names path and row.
        """

    def samples(self) -> Iterator[StatedSample]:
        """The births that are stated of samples, a sample's own one after the other, with those of ancestors.

        Raises:
            ValueError: as `state` does.
        """
        return iter(())

    def close(self) -> None:
        """Release what the importer holds; called once, whatever happened."""
        return
