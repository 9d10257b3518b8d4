"""What each part of a mixture amounts to: held once, and as often as it is trained on.

Datasets of the repository are counted from their sidecars, in pieces that are of one origin, kind, model, source,
licence, depth and evidence; data that is not held is one piece, as stated. A sample that stands in several datasets is
unique in the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from provenance.auditing.mixture.file import UNITS, Counts, Mixture, Part, Unit
from provenance.engines.interface import Cell
from provenance.errors import ProvenanceError
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.records import Evidence, Origin


@dataclass(frozen=True)
class Piece:
    """Some of a part. ``amount`` is what one epoch is, repeated rows included; ``unique`` counts each sample once.

    ``distinct`` counts each sample of the part once, also where it is in a part before.
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
    amount: int
    unique: int
    distinct: int
    weight: float | None = None
    exposure: float | None = None


@dataclass(frozen=True)
class Weighed:
    """A mixture's pieces in its ``unit``. ``trained``: all that is trained on; None where that is not known.

    ``counted``: what was counted of each part. ``held``: the datasets of this repository, by the part's name, with
    their cells.
    """

    unit: Unit
    trained: float | None
    pieces: tuple[Piece, ...]
    counted: dict[str, Counts]
    held: dict[str, list[Cell]]


def weigh(ledger: Sidecars, mixture: Mixture, name: str) -> Weighed:
    """Count and weigh the parts of ``mixture``, whose file is called ``name`` in messages.

    Raises:
        ProvenanceError: a part has nothing in the unit; or a dataset is not tracked, or its sidecar cannot be used.
    """
    datasets = datasets_of(ledger, mixture)
    held = {title: ledger.cells(dataset) for title, dataset in datasets.items()}
    counted = {part.title: _counted(held[part.title]) if part.title in held else part for part in mixture.parts}
    unit = _unit(mixture, counted, name)
    pieces = [piece for part in mixture.parts if part.dataset is None for piece in _stated(part, unit)]
    pieces += _pieces(ledger, datasets, unit)
    trained, exposures = _exposures(mixture, counted, unit)
    return Weighed(unit, trained, tuple(_weighted(pieces, exposures, trained)), counted, held)


def datasets_of(ledger: Sidecars, mixture: Mixture) -> dict[str, RecordedDataset]:
    """The datasets of this repository that ``mixture`` names, by the parts' names.

    Raises:
        ProvenanceError: one is not tracked, or its sidecar cannot be used.
    """
    return {part.title: ledger.dataset(ledger.repository.root / part.dataset) for part in mixture.parts if part.dataset}


def _counted(cells: list[Cell]) -> Counts:
    rows = sum(cell.rows for cell in cells)
    all_have_tokens = rows == sum(cell.rows_with_tokens for cell in cells)
    return Counts(
        rows=rows,
        bytes=sum(cell.bytes for cell in cells),
        tokens=sum(cell.tokens or 0 for cell in cells) if all_have_tokens and rows else None,
    )


def _unit(mixture: Mixture, counted: dict[str, Counts], name: str) -> Unit:
    candidates: Sequence[Unit] = UNITS if mixture.unit is None else (mixture.unit,)
    lacking: dict[str, str] = {}
    for unit in candidates:
        without = [title for title, counts in counted.items() if counts.of(unit) is None]
        if not without:
            return unit
        lacking[unit] = without[0]
    problems = ", ".join(f"the {unit} of {title}" for unit, title in lacking.items())
    raise ProvenanceError(f"{name}: parts cannot be compared: {problems} are not known; state them or choose a unit")


def _stated(part: Part, unit: Unit) -> list[Piece]:
    amount = part.of(unit)
    assert amount is not None and part.origin is not None, "the unit is one that every part has"
    kind = None if part.kind is None else part.kind.value
    source = part.source or (part.title if part.origin == "real" else None)
    # Real is depth 0 by definition; the file is where a person stated the rest.
    depth = 0 if part.origin is Origin.REAL else None
    evidence = Evidence.DECLARED.value
    born = (part.origin.value, kind, part.model, source, part.license, depth, evidence)
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
        )
        for cell in ledger.engine.pooled(list(titles), unit)
    ]


def _exposures(mixture: Mixture, counted: dict[str, Counts], unit: Unit) -> tuple[float | None, dict[str, float]]:
    """All that is trained on, and what of it each part is; in parts of 1 where only shares are known."""
    parts = mixture.parts
    by_epochs = {
        part.title: (counted[part.title].of(unit) or 0) * part.epochs for part in parts if part.epochs is not None
    }
    trained: float | None = mixture.trained
    if trained is None and len(by_epochs) == len(parts):
        trained = float(sum(by_epochs.values()))
    exposures = {}
    for part in parts:
        if part.share is not None:
            exposures[part.title] = part.share * (1 if trained is None else trained)
        elif part.title in by_epochs:
            exposures[part.title] = by_epochs[part.title]
    return trained, exposures


def _weighted(pieces: Sequence[Piece], exposures: dict[str, float], trained: float | None) -> list[Piece]:
    total = sum(exposures.values())
    amounts: dict[str, int] = {}
    for piece in pieces:
        amounts[piece.part] = amounts.get(piece.part, 0) + piece.amount
    weighted = []
    for piece in pieces:
        if piece.part not in exposures or not total or not amounts[piece.part]:
            weighted.append(piece)
            continue
        exposure = exposures[piece.part] * piece.amount / amounts[piece.part]
        weighted.append(replace(piece, weight=exposure / total, exposure=None if trained is None else exposure))
    return weighted
