"""What each part of a mixture amounts to: held once, and as often as it is trained on.

Datasets of the repository are counted from their sidecars, in pieces that are of one origin, kind, model, source,
licence, depth and evidence; data that is not held is one piece, as stated. A sample that stands in several datasets is
unique in the first; what several stages train on is counted once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from provenance.auditing.mixture.file import UNITS, Counts, Mixture, Part, Stage, Unit
from provenance.errors import ProvenanceError
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.rows import DatasetRows
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.license_terms import spelt
from provenance.lineage.records import Evidence, Origin

# Published shares are rounded: how far their sum may be from 1. A judgement, not a source.
SHARES_TOLERANCE = 0.01


@dataclass(frozen=True)
class Piece:
    """Some of a part. ``amount`` is what one epoch is, repeated rows included; ``unique`` counts each sample once.

    ``distinct`` counts each sample of the part once, also where it is in a part before. All three are None where a
    part's size is not stated.
    ``weight``: of all that is trained on, the part that this is; ``exposure``: the same as an amount. None where the
    mixture does not say.
    """

    part: str
    origin: str
    kind: str | None
    model: str | None
    source: str | None
    license: str | None
    depth: int | None
    evidence: str | None
    amount: int | None
    unique: int | None
    distinct: int | None
    weight: float | None = None
    exposure: float | None = None
    doubts: tuple[str, ...] = ()

    @property
    def seen(self) -> float | None:
        """How much of what is unique can have been seen: less than one epoch of it is only that much of it."""
        if self.unique is None or self.exposure is None:
            return None
        return self.unique * min(1.0, self.exposure / self.distinct) if self.distinct else 0.0


@dataclass(frozen=True)
class StageExposure:
    """A stage by its ``name`` ("" for a mixture without stages), and what of each part it trains on.

    ``trained``: all of it, as stated or as its parts' epochs and amounts come to; None where it is not known, so that
    ``parts`` are parts of 1.
    """

    name: str
    trained: float | None
    parts: Mapping[str, float]


@dataclass(frozen=True)
class Weighed:
    """A mixture's pieces in its ``unit``, and its ``stages``.

    ``counted``: what was counted of each part. ``held``: the datasets of this repository, by the part's name, with
    their rows.
    """

    unit: Unit
    stages: tuple[StageExposure, ...]
    pieces: tuple[Piece, ...]
    counted: dict[str, Counts]
    held: dict[str, DatasetRows]


def weigh(ledger: Sidecars, mixture: Mixture, name: str) -> Weighed:
    """Count and weigh the parts of ``mixture``, whose file is called ``name`` in messages.

    Raises:
        ProvenanceError: a part has nothing in the unit; or a dataset is not tracked, or its sidecar cannot be used.
    """
    datasets = datasets_of(ledger, mixture)
    held = {title: ledger.rows(dataset) for title, dataset in datasets.items()}
    counted = {part.title: _counted(held[part.title]) if part.title in held else part for part in mixture.parts}
    unit = _unit(mixture, counted, name)
    pieces = [piece for part in mixture.parts if part.dataset is None for piece in _stated(part, unit)]
    pieces += _pieces(ledger, datasets, unit)
    stages = tuple(_exposure(stage, counted, unit) for stage in mixture.curriculum)
    return Weighed(unit, stages, tuple(_weighted(pieces, stages)), counted, held)


def datasets_of(ledger: Sidecars, mixture: Mixture) -> dict[str, RecordedDataset]:
    """The datasets of this repository that ``mixture`` names, by the parts' names.

    Raises:
        ProvenanceError: one is not tracked, or its sidecar cannot be used.
    """
    return {part.title: ledger.dataset(ledger.repository.root / part.dataset) for part in mixture.parts if part.dataset}


def _counted(rows: DatasetRows) -> Counts:
    total = rows.total
    all_have_tokens = total.rows == total.rows_with_tokens
    return Counts(
        rows=total.rows,
        bytes=total.bytes,
        tokens=total.tokens if all_have_tokens and total.rows else None,
    )


def _unit(mixture: Mixture, counted: dict[str, Counts], name: str) -> Unit:
    candidates: Sequence[Unit] = UNITS if mixture.unit is None else (mixture.unit,)
    needed = {part.title for part in mixture.parts if part.has_size}
    if mixture.unit is not None:
        needed -= mixture.with_exposure.difference(part.title for part in mixture.parts if part.dataset is not None)
    elif mixture.parts and not needed:
        raise ProvenanceError(f"{name}: no part's size is stated; say what the shares are of: unit")
    lacking: dict[str, str] = {}
    for unit in candidates:
        without = [title for title, counts in counted.items() if title in needed and counts.of(unit) is None]
        if not without:
            return unit
        lacking[unit] = without[0]
    problems = ", ".join(f"the {unit} of {title}" for unit, title in lacking.items())
    raise ProvenanceError(f"{name}: parts cannot be compared: {problems} are not known; state them or choose a unit")


def _stated(part: Part, unit: Unit) -> list[Piece]:
    assert part.origin is not None, "the file says of what class data is that is not held"
    amount = part.of(unit)
    kind = None if part.kind is None else part.kind.value
    source = part.source or (part.title if part.origin == "real" else None)
    # Real is depth 0 by definition; the file is where a person stated the rest.
    depth = 0 if part.origin is Origin.REAL else None
    license_ = None if part.license is None else spelt(part.license)
    born = (part.origin.value, kind, part.model, source, license_, depth, Evidence.DECLARED.value)
    return [Piece(part.title, *born, amount, amount, amount)]


def _pieces(ledger: Sidecars, datasets: dict[str, RecordedDataset], unit: Unit) -> list[Piece]:
    titles = {dataset.place: title for title, dataset in datasets.items()}
    return [
        Piece(
            part=titles[cell.place],
            origin=cell.origin,
            kind=cell.kind,
            model=cell.model,
            source=cell.source,
            license=cell.license,
            depth=cell.depth,
            evidence=cell.evidence,
            amount=cell.amount,
            unique=cell.unique,
            distinct=cell.distinct,
            doubts=cell.doubts,
        )
        for cell in ledger.engine.pooled(list(titles), unit)
    ]


def _exposure(stage: Stage, counted: dict[str, Counts], unit: Unit) -> StageExposure:
    """What a stage trains on: amounts as they are stated, else shares of the whole, else epochs of what there is."""
    by_epochs = {title: (counted[title].of(unit) or 0) * epochs for title, epochs in stage.epochs.items()}
    known = by_epochs | stage.amounts
    trained: float | None = stage.trained
    if trained is None and stage.shares.keys() <= known.keys():
        trained = float(sum(known.values()))
    if trained is None:
        return StageExposure(stage.name, None, stage.shares)
    whole = sum(stage.shares.values())
    # Shares that are only rounded are scaled to the amount that they are of, which is stated more exactly.
    scale = trained / whole if stage.shares.keys() == stage.titles and abs(whole - 1) <= SHARES_TOLERANCE else trained
    by_share = {title: share * scale for title, share in stage.shares.items()}
    return StageExposure(stage.name, trained, by_epochs | by_share | stage.amounts)


def _weighted(pieces: Sequence[Piece], stages: Sequence[StageExposure]) -> list[Piece]:
    exposures: dict[str, float] = {}
    for stage in stages:
        for title, exposure in stage.parts.items():
            exposures[title] = exposures.get(title, 0.0) + exposure
    total = sum(exposures.values())
    are_amounts = all(stage.trained is not None for stage in stages)
    amounts = amounts_of(pieces)
    weighted = []
    for piece in pieces:
        own = portion(piece, amounts, exposures[piece.part]) if piece.part in exposures and total else None
        if own is None:
            weighted.append(piece)
            continue
        weighted.append(replace(piece, weight=own / total, exposure=own if are_amounts else None))
    return weighted


def amounts_of(pieces: Sequence[Piece]) -> dict[str, int]:
    """What one epoch of each part is; 0 where its size is not stated."""
    amounts: dict[str, int] = {}
    for piece in pieces:
        amounts[piece.part] = amounts.get(piece.part, 0) + (piece.amount or 0)
    return amounts


def portion(piece: Piece, amounts: Mapping[str, int], of_part: float) -> float | None:
    """What of ``of_part``, something of the whole part, is the piece's; None where the part is empty."""
    if piece.amount is None:  # A part without a size is one piece.
        return of_part
    whole = amounts[piece.part]
    return of_part * piece.amount / whole if whole else None
