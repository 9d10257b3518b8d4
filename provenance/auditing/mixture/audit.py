"""The audit of a mixture: unique and exposure-weighted shares side by side, repetition, and what a recount finds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from provenance.auditing.measure import NotMeasured
from provenance.auditing.mixture.by_field import Portion, portions
from provenance.auditing.mixture.costs import Comparison, MixtureCost, compare, cost_of_mixture
from provenance.auditing.mixture.file import Mixture, Unit, read_mixture
from provenance.auditing.mixture.recount import Recount, recount
from provenance.auditing.mixture.weighing import Piece, Weighed, datasets_of, weigh
from provenance.ledger.composition.breakdowns import OF_MIXTURES, grouped
from provenance.ledger.sidecars import Sidecars


@dataclass(frozen=True)
class Weight:
    """A group's part of a mixture, each sample once and as often as it is trained on.

    ``epochs`` is how often a text is seen: exposure / unique; of a part, exposure / what is unique within the part.
    What the mixture does not say is None.
    """

    unique: int
    unique_fraction: float | None
    exposure: float | None
    exposure_fraction: float | None
    epochs: float | None


@dataclass(frozen=True)
class Bounds:
    """The synthetic part lies between the rows that are synthetic and these with the mixed and unknown ones."""

    at_least: float | None
    at_most: float | None


@dataclass(frozen=True)
class MixtureAudit:
    """What a mixture is made of. Breakdowns map groups to weights, the one of most exposure first.

    ``real_epochs``: how often the real part is repeated. ``findings``: where what the file states and the recount
    differ.
    """

    path: str
    name: str
    source: str | None
    unit: Unit
    whole: Weight
    parts: dict[str, Weight]
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
    cost: MixtureCost | None
    compared_with: tuple[Comparison, ...]
    findings: tuple[Recount, ...]

    def as_json(self) -> dict[str, Any]:
        """The audit in JSON's types; amounts of money are decimal text."""
        document = asdict(self)
        if self.cost is not None:
            document["cost"]["amount"] = format(self.cost.amount.normalize(), "f")
        for peer in document["compared_with"]:
            peer["amount"] = format(peer["amount"].normalize(), "f")
        for field, groups in self.by_field.items():
            if isinstance(groups, NotMeasured):
                document["by_field"][field] = {"not_measured": groups.reason}
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
    pieces, total = weighed.pieces, sum(piece.unique for piece in weighed.pieces)

    by = {name: _breakdown(pieces, breakdown.group, total) for name, breakdown in OF_MIXTURES.items()}
    by_origin = by["by_origin"]
    cost = cost_of_mixture(described, weighed)
    return MixtureAudit(
        path=str(file),
        name=described.name,
        source=described.source,
        unit=weighed.unit,
        whole=_weight(pieces, total),
        parts={part.title: _part([p for p in pieces if p.part == part.title], total) for part in described.parts},
        **by,
        by_field={field: _by_field(ledger, described, weighed, fields, field) for field in fields},
        synthetic_unique=_bounds({origin: weight.unique_fraction for origin, weight in by_origin.items()}),
        synthetic_exposure=_bounds({origin: weight.exposure_fraction for origin, weight in by_origin.items()}),
        real_epochs=by_origin["real"].epochs if "real" in by_origin else None,
        cost=cost,
        compared_with=compare(described, cost),
        findings=tuple(recount(described, weighed)),
    )


def _breakdown(pieces: Iterable[Piece], group: Callable[[Piece], str | None], total: int) -> dict[str, Weight]:
    return _ordered({name: _weight(same, total) for name, same in grouped(pieces, group).items()})


def _by_field(
    ledger: Sidecars, described: Mixture, weighed: Weighed, fields: tuple[str, ...], field: str
) -> dict[str, Weight] | NotMeasured:
    groups = portions(ledger, datasets_of(ledger, described), weighed, fields, field)
    if isinstance(groups, NotMeasured):
        return groups
    total = sum(piece.unique for piece in weighed.pieces)
    return _ordered({value: _weight(same, total) for value, same in groups.items()})


def _ordered(weights: dict[str, Weight]) -> dict[str, Weight]:
    return dict(sorted(weights.items(), key=lambda each: (-(each[1].exposure_fraction or 0), -each[1].unique, each[0])))


def _weight(pieces: Iterable[Piece | Portion], total: int) -> Weight:
    pieces = list(pieces)
    unique = sum(piece.unique for piece in pieces)
    exposures = [piece.exposure for piece in pieces if piece.exposure is not None]
    weights = [piece.weight for piece in pieces if piece.weight is not None]
    exposure = sum(exposures) if exposures else None
    return Weight(
        unique=unique,
        unique_fraction=unique / total if total else None,
        exposure=exposure,
        exposure_fraction=sum(weights) if weights else None,
        epochs=None if exposure is None or not unique else exposure / unique,
    )


def _part(pieces: list[Piece], total: int) -> Weight:
    weight, distinct = _weight(pieces, total), sum(piece.distinct for piece in pieces)
    return replace(weight, epochs=None if weight.exposure is None or not distinct else weight.exposure / distinct)


def _bounds(fractions: dict[str, float | None]) -> Bounds:
    if all(fraction is None for fraction in fractions.values()):
        return Bounds(None, None)
    certain = fractions.get("synthetic") or 0.0
    return Bounds(certain, certain + sum(fractions.get(origin) or 0.0 for origin in ("mixed", "unknown")))
