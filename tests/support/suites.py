"""Suites of evaluation sets that are indexed in a temporary folder, and what is found of them in texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa

from provenance.auditing.contamination.building import build
from provenance.auditing.contamination.index import Suite
from provenance.auditing.contamination.rules import Copy
from provenance.auditing.contamination.sides import Side
from provenance.auditing.contamination.stream import look_through
from provenance.ledger.graph.store import Store

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Hit:
    """A side of an evaluation row (from 0, all sets after each other) in a text (from 0)."""

    text: int
    row: int
    side: Side
    copy: Copy
    degree: float
    bits: float


def suite(folder: Path, **sets: Sequence[Row]) -> Suite:
    """The suite of ``sets`` by name, indexed in a new folder inside ``folder``."""
    store = Store(Path(mkdtemp(dir=folder)))
    with store.draft("suite") as draft:
        build([(name, partial(iter, rows)) for name, rows in sets.items()], draft)
    found = store.find("suite")
    assert found is not None
    return Suite.of(found)


def hits(sought: Suite, *texts: str | None) -> list[Hit]:
    """What of the suite stands in which of the texts, in order."""
    found: list[Hit] = []
    for batch in look_through(sought, pa.array(texts, pa.large_string())):
        here = batch.found
        rows, of = sought.rows_of(here.side)
        found += [
            Hit(
                text=int(here.row[place]),
                row=int(row),
                side=Side(int(sought.sides[here.side[place]])),
                copy=Copy(int(here.copy[place])),
                degree=float(here.degree[place]),
                bits=float(here.bits[place]),
            )
            for row, place in zip(rows, of.tolist(), strict=True)
        ]
    return sorted(found, key=lambda hit: (hit.text, hit.row, hit.side, hit.copy))


def rows_found(sought: Suite, *texts: str | None) -> set[tuple[int, int]]:
    """Pairs of a text and an evaluation row that stands in it."""
    return {(hit.text, hit.row) for hit in hits(sought, *texts)}
