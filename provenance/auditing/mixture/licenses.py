"""What the licences of a mixture's parts exclude, and which parts state none. Nothing is judged compatible.

Of datasets that are held, the rows' own licences count here; `provenance.auditing.measures.licenses` follows their
ancestors and generators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from provenance.auditing.measure import Doubt
from provenance.auditing.mixture.weighing import Piece
from provenance.ledger.composition.breakdowns import UNKNOWN
from provenance.lineage.license_terms import excludes_commercial_use, excludes_derivatives, obligations
from provenance.lineage.rules import MADE_BY_MODEL
from provenance.plurals import listed


@dataclass(frozen=True)
class Licences:
    """Licences with the parts that they are of; ``unspecified``: the parts without one, and their part of exposure.

    ``doubts``: why more licences than were found may exclude a use.
    """

    noncommercial: dict[str, list[str]]
    no_derivatives: dict[str, list[str]]
    unspecified: dict[str, float | None]
    doubts: dict[str, Doubt]


def licences(pieces: Iterable[Piece], held: Iterable[str]) -> Licences:
    """The licences of ``pieces``; ``held``: the parts that are datasets of this repository."""
    held = frozenset(held)
    parts_of: dict[str, list[str]] = {}
    unspecified: dict[str, float | None] = {}
    for piece in pieces:
        licence = piece.license
        if licence is None or licence.lower() == UNKNOWN:
            # What a stage made of other samples has their licences; the audit of the dataset follows them.
            if piece.part not in held or piece.origin not in MADE_BY_MODEL:
                before = unspecified.get(piece.part)
                unspecified[piece.part] = before if piece.weight is None else (before or 0.0) + piece.weight
            continue
        for term in obligations(licence):
            parts = parts_of.setdefault(term, [])
            if piece.part not in parts:
                parts.append(piece.part)
    excluding: dict[str, Callable[[str], bool | None]] = {
        "noncommercial": excludes_commercial_use,
        "no_derivatives": excludes_derivatives,
    }
    found = {
        name: {term: parts for term, parts in sorted(parts_of.items()) if excludes(term)}
        for name, excludes in excluding.items()
    }
    doubts = {
        f"licenses.{name}": doubt
        for name, excludes in excluding.items()
        if (doubt := _doubt([term for term in sorted(parts_of) if excludes(term) is None], list(unspecified)))
    }
    return Licences(found["noncommercial"], found["no_derivatives"], unspecified, doubts)


def _doubt(terms: list[str], unspecified: list[str]) -> Doubt | None:
    whys = []
    if terms:
        whys.append(f"what {listed(terms)} allows is not known (no licence of SPDX's list)")
    if unspecified:
        whys.append(f"no licence is stated of {listed(unspecified)}")
    return Doubt(None, "; ".join(whys)) if whys else None
