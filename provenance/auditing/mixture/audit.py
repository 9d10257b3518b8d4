"""The audit of a mixture: unique and exposure-weighted shares side by side, repetition, and what a recount finds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from provenance.auditing.measure import Doubt, NotMeasured
from provenance.auditing.mixture.by_field import Portion, portions
from provenance.auditing.mixture.costs import Comparison, MixtureCost, compare, cost_of_mixture
from provenance.auditing.mixture.file import Mixture, Unit, read_mixture
from provenance.auditing.mixture.licenses import Licences, licences
from provenance.auditing.mixture.recount import Recount, Total, recount, totals
from provenance.auditing.mixture.repetition import MostRepeated, repetition
from provenance.auditing.mixture.weighing import Piece, Weighed, amounts_of, datasets_of, portion, weigh
from provenance.ledger.composition.breakdowns import OF_MIXTURES, grouped, most_first
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.words import AMBIGUOUS
from provenance.money import amount_text


@dataclass(frozen=True)
class Weight:
    """A group's part of a mixture, each sample once and as often as it is trained on.

    ``epochs`` is how often a text is seen: exposure / unique; of a part, exposure / what is unique within the part.
    What the mixture does not say is None; ``unique`` is, where the size of a part is not stated.
    """

    unique: int | None
    unique_fraction: float | None
    exposure: float | None
    exposure_fraction: float | None
    epochs: float | None


@dataclass(frozen=True)
class Bounds:
    """The synthetic part lies between the rows that are synthetic and these with the mixed, unknown and ambiguous."""

    at_least: float | None
    at_most: float | None


@dataclass(frozen=True)
class StageWeight:
    """A stage's part of a mixture, and what it is made of: fractions of the stage, by part and by origin."""

    exposure: float | None
    exposure_fraction: float | None
    parts: dict[str, float]
    by_origin: dict[str, float]
    synthetic: Bounds


@dataclass(frozen=True)
class MixtureAudit:
    """What a mixture is made of. Breakdowns map groups to weights, the one of most exposure first.

    ``stages``: in the file's order; empty where it has none. ``real_epochs``: how often what is seen of the real part
    is seen; ``real_most_repeated``: the part where that is most. ``totals``: those that the file states, recounted.
    ``findings``: where what the file states and the recount differ. ``doubts``: about values, by their paths.
    """

    path: str
    name: str
    source: str | None
    unit: Unit
    whole: Weight
    parts: dict[str, Weight]
    stages: dict[str, StageWeight]
    by_origin: dict[str, Weight]
    by_kind: dict[str, Weight]
    by_model: dict[str, Weight]
    by_model_family: dict[str, Weight]
    by_source: dict[str, Weight]
    by_license: dict[str, Weight]
    by_depth: dict[str, Weight]
    by_evidence: dict[str, Weight]
    by_field: dict[str, dict[str, Weight] | NotMeasured]
    synthetic_unique: Bounds
    synthetic_exposure: Bounds
    real_epochs: float | None
    real_most_repeated: MostRepeated
    licenses: Licences
    cost: MixtureCost | None
    compared_with: tuple[Comparison, ...]
    totals: dict[str, Total]
    findings: tuple[Recount, ...]
    doubts: dict[str, Doubt]

    def as_json(self) -> dict[str, Any]:
        """The audit in JSON's types; amounts of money are decimal text."""
        document = asdict(self)
        if self.cost is not None:
            document["cost"]["amount"] = amount_text(self.cost.amount)
        for peer in document["compared_with"]:
            peer["amount"] = amount_text(peer["amount"])
        for field, groups in self.by_field.items():
            if isinstance(groups, NotMeasured):
                document["by_field"][field] = {"not_measured": groups.reason}
        del document["licenses"]["doubts"]  # They are among all doubts.
        lists = {key: list(document[key]) for key in ("compared_with", "findings")}
        return document | lists | {"mismatches": len(self.findings)}


def mixture(ledger: Sidecars, file: str | os.PathLike[str], fields: tuple[str, ...] = ()) -> MixtureAudit:
    """Audit the mixture that ``file`` describes; the datasets that it names are the ledger's.

    ``fields``: fields of their data by which the mixture is broken down, too.

    Raises:
        ProvenanceError: the file is not a mixture, its parts cannot be compared, or a dataset cannot be used.
    """
    described = read_mixture(file)
    weighed = weigh(ledger, described, str(file))
    pieces, total = weighed.pieces, _amount(weighed.pieces)

    by = {name: _breakdown(pieces, breakdown.group, total) for name, breakdown in OF_MIXTURES.items()}
    by_origin = by["by_origin"]
    cost = cost_of_mixture(ledger, datasets_of(ledger, described), described, weighed)
    repeated, licensed = repetition(pieces), licences(pieces, weighed.held)
    return MixtureAudit(
        path=str(file),
        name=described.name,
        source=described.source,
        unit=weighed.unit,
        whole=_weight(pieces, total),
        parts={part.title: _part([p for p in pieces if p.part == part.title], total) for part in described.parts},
        stages=dict(_stages(weighed)) if described.stages else {},
        **by,
        by_field={field: _by_field(ledger, described, weighed, fields, field) for field in fields},
        synthetic_unique=_bounds({origin: weight.unique_fraction for origin, weight in by_origin.items()}),
        synthetic_exposure=_bounds({origin: weight.exposure_fraction for origin, weight in by_origin.items()}),
        real_epochs=repeated.epochs,
        real_most_repeated=repeated.most_repeated,
        licenses=licensed,
        cost=cost,
        compared_with=compare(described, cost),
        totals=totals(described, weighed),
        findings=tuple(recount(described, weighed)),
        doubts=repeated.doubts | licensed.doubts,
    )


def _breakdown(pieces: Iterable[Piece], group: Callable[[Piece], str | None], total: int | None) -> dict[str, Weight]:
    return _ordered({name: _weight(same, total) for name, same in grouped(pieces, group).items()})


def _by_field(
    ledger: Sidecars, described: Mixture, weighed: Weighed, fields: tuple[str, ...], field: str
) -> dict[str, Weight] | NotMeasured:
    groups = portions(ledger, datasets_of(ledger, described), weighed, fields, field)
    if isinstance(groups, NotMeasured):
        return groups
    total = _amount(weighed.pieces)
    return _ordered({value: _weight(same, total) for value, same in groups.items()})


def _ordered(weights: dict[str, Weight]) -> dict[str, Weight]:
    return dict(
        sorted(weights.items(), key=lambda each: (-(each[1].exposure_fraction or 0), -(each[1].unique or 0), each[0]))
    )


def _amount(pieces: Iterable[Piece | Portion]) -> int | None:
    """What is unique of them; None where that is not stated of one."""
    amounts = [piece.unique for piece in pieces]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def _weight(pieces: Iterable[Piece | Portion], total: int | None) -> Weight:
    pieces = list(pieces)
    unique = _amount(pieces)
    exposures = [piece.exposure for piece in pieces if piece.exposure is not None]
    weights = [piece.weight for piece in pieces if piece.weight is not None]
    exposure = sum(exposures) if exposures else None
    return Weight(
        unique=unique,
        unique_fraction=unique / total if total and unique is not None else None,
        exposure=exposure,
        exposure_fraction=sum(weights) if weights else None,
        epochs=None if exposure is None or not unique else exposure / unique,
    )


def _part(pieces: list[Piece], total: int | None) -> Weight:
    weight, distinct = _weight(pieces, total), sum(piece.distinct or 0 for piece in pieces)
    return replace(weight, epochs=None if weight.exposure is None or not distinct else weight.exposure / distinct)


def _stages(weighed: Weighed) -> Iterator[tuple[str, StageWeight]]:
    everything = sum(sum(stage.parts.values()) for stage in weighed.stages)
    amounts = amounts_of(weighed.pieces)
    for stage in weighed.stages:
        whole = sum(stage.parts.values())
        by_origin: dict[str, float] = {}
        for piece in weighed.pieces if whole else ():
            if of_stage := portion(piece, amounts, stage.parts.get(piece.part, 0.0)):
                origin = OF_MIXTURES["by_origin"].group(piece) or piece.origin
                by_origin[origin] = by_origin.get(origin, 0.0) + of_stage / whole
        yield (
            stage.name,
            StageWeight(
                exposure=whole,
                exposure_fraction=whole / everything if everything else None,
                parts=most_first({title: part / whole for title, part in stage.parts.items()} if whole else {}),
                by_origin=most_first(by_origin),
                synthetic=_bounds(dict(by_origin)),
            ),
        )


def _bounds(by_origin: Mapping[str, float | None]) -> Bounds:
    if all(fraction is None for fraction in by_origin.values()):
        return Bounds(None, None)
    certain = by_origin.get("synthetic") or 0.0
    others = (by_origin.get(origin) or 0.0 for origin in ("mixed", "unknown", AMBIGUOUS))
    return Bounds(certain, certain + sum(others))
