"""Errors about rows that are given together."""

from __future__ import annotations

from provenance.errors import DataError, ProvenanceError


def in_batch(error: ProvenanceError, number: int) -> ProvenanceError:
    """``error`` about the row with this ``number`` of a batch, from 1, which it then names."""
    where = f"row {number} of the batch: "
    if isinstance(error, DataError):
        return DataError(error.path, error.row, where + error.problem)
    return ProvenanceError(f"{where}{error}")
