"""How far real data is stretched: how often what is seen of it is seen, in all and in the part where it is most.

Of a part at less than one epoch, only that much is seen at all. So a crawl that is hardly touched does not hide that a
small part beside it is worn out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provenance.auditing.measure import Doubt
from provenance.auditing.mixture.weighing import Piece
from provenance.plurals import listed

REAL = "real"


@dataclass(frozen=True)
class MostRepeated:
    """The ``part`` whose real data is seen most often, and how often; None where no part's is known."""

    part: str | None
    epochs: float | None


@dataclass(frozen=True)
class Repetition:
    """``epochs``: what is trained on of real data / what is seen of it. ``doubts``: about both, by their names."""

    epochs: float | None
    most_repeated: MostRepeated
    doubts: dict[str, Doubt]


def repetition(pieces: Iterable[Piece]) -> Repetition:
    """How often real data is repeated."""
    parts: dict[str, list[Piece]] = {}
    for piece in pieces:
        if piece.origin == REAL:
            parts.setdefault(piece.part, []).append(piece)
    every = [piece for real in parts.values() for piece in real]
    by_part = {title: _epochs(real) for title, real in parts.items()}
    known = {title: epochs for title, epochs in by_part.items() if epochs is not None}
    most = max(known, key=lambda title: known[title], default=None)
    return Repetition(
        _epochs(every),
        MostRepeated(most, None if most is None else known[most]),
        _doubts([title for title, epochs in by_part.items() if epochs is None], every),
    )


def _epochs(pieces: list[Piece]) -> float | None:
    exposures, seen = [piece.exposure for piece in pieces], [piece.seen for piece in pieces]
    amount = sum(each for each in seen if each is not None)
    if None in seen or not amount:
        return None
    return sum(each for each in exposures if each is not None) / amount


def _doubts(unknown: list[str], real: list[Piece]) -> dict[str, Doubt]:
    if not unknown:
        return {}
    if all(piece.weight is None for piece in real):
        why = "the mixture states neither shares nor epochs of its real parts"
    elif any(piece.unique is None for piece in real):
        sizeless = dict.fromkeys(piece.part for piece in real if piece.unique is None)
        why = f"the size of {listed(list(sizeless))} is not stated"
    else:
        why = "the mixture does not state how much is trained on"
    return {"real_epochs": Doubt(None, why), "real_most_repeated.epochs": Doubt(None, why)}
