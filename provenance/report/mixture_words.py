"""A mixture in words: unique and exposure-weighted shares side by side, and what is stated wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provenance.auditing.measures import NotMeasured
from provenance.ledger.composition.breakdowns import OF_MIXTURES
from provenance.money import amount_text
from provenance.plurals import listed

if TYPE_CHECKING:
    from provenance.auditing.mixture import MixtureAudit
    from provenance.auditing.mixture.audit import Bounds, StageWeight, Weight

COLUMNS = ("unique", "of unique", "exposure", "of exposure", "epochs")
_ALWAYS_SHOWN = ("by_origin",)


def breakdowns(mixture: MixtureAudit, *, every: bool) -> list[tuple[str, Mapping[str, Weight]]]:
    """What there is to show, as tables with a title each, which may hold names from the data."""
    shown = OF_MIXTURES if every else _ALWAYS_SHOWN
    named = [("parts", mixture.parts), *((OF_MIXTURES[name].words, getattr(mixture, name)) for name in shown)]
    named += [(f"by {field}", each) for field, each in mixture.by_field.items() if not isinstance(each, NotMeasured)]
    return [(title, weights) for title, weights in named if weights]


def cells(weight: Weight) -> tuple[str, str, str, str, str]:
    """A group's numbers, in the order of `COLUMNS`."""
    return (
        "-" if weight.unique is None else f"{weight.unique:,}",
        _percent(weight.unique_fraction),
        "-" if weight.exposure is None else f"{weight.exposure:,.0f}",
        _percent(weight.exposure_fraction),
        "-" if weight.epochs is None else f"{weight.epochs:.2f}",
    )


def remarks(mixture: MixtureAudit) -> list[str]:
    """What stands out, in words; names from the file are in it as they are."""
    found = []
    if mixture.synthetic_unique.at_least is not None:
        found.append(f"{_bounds(mixture.synthetic_unique)} of the unique {mixture.unit} are synthetic")
    if mixture.synthetic_exposure.at_least is not None:
        found.append(f"{_bounds(mixture.synthetic_exposure)} of the {mixture.unit} trained on are synthetic")
    found += [_stage(name, stage) for name, stage in mixture.stages.items()]
    if mixture.real_epochs is not None:
        most = mixture.real_most_repeated
        which = "" if most.epochs is None else f"; most of all {most.part}, {most.epochs:.2f} times"
        found.append(f"what is seen of the real part is trained on {mixture.real_epochs:.2f} times{which}")
    found += [
        f"the {unit} that are stated in all count each repeat"
        for unit, total in mixture.totals.items()
        if total.agrees_with == "with_repeats"
    ]
    if mixture.cost is not None:
        known = "" if mixture.cost.costed_fraction is None else f", known for {_percent(mixture.cost.costed_fraction)}"
        amount = amount_text(mixture.cost.amount, grouped=True)
        found.append(f"cost: {amount} {mixture.cost.currency or ''}".rstrip() + known)
    for peer in mixture.compared_with:
        ratio = "" if peer.ratio is None else f", {peer.ratio:.2f} times that"
        found.append(f"cost of {peer.name}: {amount_text(peer.amount, grouped=True)} {peer.currency}{ratio}")
    for field, groups in mixture.by_field.items():
        if isinstance(groups, NotMeasured):
            found.append(f"by {field}: not measured: {groups.reason}")
    return found + [f"stated and recounted differ: {each.message}" for each in mixture.findings]


def _stage(name: str, stage: StageWeight) -> str:
    origins = ", ".join(f"{_percent(fraction)} {origin}" for origin, fraction in stage.by_origin.items())
    parts = listed([f"{_percent(fraction)} {part}" for part, fraction in stage.parts.items()])
    return f"stage {name}: {_percent(stage.exposure_fraction)} of what is trained on; {origins}; {parts}"


def _bounds(bounds: Bounds) -> str:
    if bounds.at_least is None or bounds.at_most is None or bounds.at_least == bounds.at_most:
        return _percent(bounds.at_least)
    return f"at least {_percent(bounds.at_least)}, at most {_percent(bounds.at_most)}"


def _percent(fraction: float | None) -> str:
    return "-" if fraction is None else f"{100 * fraction:.1f}%"
