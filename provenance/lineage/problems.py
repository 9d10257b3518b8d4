"""What is wrong with a dataset and its sidecar, in words: the same wherever it was found out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import DataError
from provenance.lineage.sidecar import Sidecar

# With this the problem begins that an ancestor has no record.
NOT_CLOSED = "it is not closed"


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold. ``row`` counts from 1; None: the dataset or the sidecar as a whole.

    In a directory, ``path`` is that of the file, and ``row`` counts in it; None where each file is a sample.
    """

    path: str
    row: int | None
    problem: str


def not_closed(dangling: int) -> str:
    """That so many parents have no record, in words."""
    return f"{NOT_CLOSED}: {dangling} parents have no record in it"


def of_sidecar(texts: Sequence[str], name: str) -> list[Problem]:
    """What is wrong with the sidecar itself, as problems of the dataset that is called ``name``."""
    return [Problem(f"{name} (sidecar)", None, text) for text in texts]


def of_altered(parts: Sequence[str]) -> list[str]:
    """That these parts are others than the manifest states, in words."""
    return [f"its part {part} is not as its manifest states it" for part in parts]


def of_data(error: DataError, data: Path, name: str) -> Problem:
    """What the data at ``data`` cannot be read for."""
    renamed = error.renamed(data, name)
    return Problem(str(renamed.path), renamed.row, renamed.problem)


def of_bytes(sidecar: Sidecar, name: str, md5: str | None) -> list[Problem]:
    """Whether the data, whose hash is ``md5``, is that for which the sidecar was made."""
    expected = sidecar.header.dataset.md5
    if md5 is None or expected is None or md5 == expected:
        return []
    return [Problem(name, None, f"its md5 is {md5}, but the sidecar was made for a file of md5 {expected}")]
