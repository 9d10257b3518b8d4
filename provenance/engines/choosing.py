"""Which engine answers: what was asked for, else the environment, else the repository's settings."""

from __future__ import annotations

import os
from enum import StrEnum

from provenance.errors import ProvenanceError

VARIABLE = "PROVENANCE_ENGINE"


class EngineName(StrEnum):
    """DuckDB and the index on this machine, or Spark wherever it is."""

    DUCKDB = "duckdb"
    SPARK = "spark"


def chosen_engine(asked: EngineName | None, stated: str) -> EngineName:
    """The engine that was ``asked`` for, else that of the environment, else the ``stated`` one.

    Raises:
        ProvenanceError: the environment names none that there is.
    """
    if asked is not None:
        return asked
    name = os.environ.get(VARIABLE) or stated
    try:
        return EngineName(name)
    except ValueError:
        raise ProvenanceError(f"{VARIABLE}={name}: no such engine; there are {', '.join(EngineName)}") from None
