"""Measures taken on sidecars that are written record by record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.sidecars import Words, ledger_of, write

from provenance.auditing.measures import Measure, Measured, NotMeasured, Part, Subject
from provenance.repository import Repository

NOTHING = Words()


def take(
    repository: Repository,
    folder: Path,
    measure: Measure,
    records: Sequence[Mapping[str, Any]],
    words: Words = NOTHING,
    others: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Measured | NotMeasured:
    """Take ``measure`` of a dataset with these records; ``others`` are further datasets of the ledger, by path."""
    paths = [write(folder, "mix.jsonl", records, words)]
    paths += [write(folder, name, theirs, words) for name, theirs in (others or {}).items()]
    with ledger_of(repository, *paths) as ledger:
        return measure.measure(Subject(Part(ledger, ledger.recorded[0]), folder))


def values(found: Measured | NotMeasured) -> dict[str, Any]:
    """What was measured; it must have been."""
    assert isinstance(found, Measured), found
    return dict(found.values)
