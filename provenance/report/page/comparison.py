"""Model text against human text: every measure's difference on one axis, in units of what chance explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provenance.auditing.measures import Measured, NotMeasured
from provenance.faces.charts import Against
from provenance.faces.numbers import figure, spelled

if TYPE_CHECKING:
    from provenance.auditing.audited import AuditedDataset

# What a measure is, for people; in the order in which they are shown.
_MEASURES = {
    "compression_ratio": (
        "repetitiveness",
        "How much shorter the text gets when it is compressed; text that repeats itself shrinks more.",
    ),
    "self_repetition": (
        "phrases that come back",
        "The share of four-word runs that other rows have, too.",
    ),
    "openings": ("rows that begin alike", "The chance that two rows begin with the same three words."),
    "distinct_n": ("variety of word pairs", "The share of pairs of neighbouring words that are different ones."),
    "drift": (
        "difference in vocabulary",
        "How well both are told apart by their commonest words: at least this part of the rows is of another kind.",
    ),
}
_MORE = "more than chance"


@dataclass(frozen=True)
class Compared:
    """A measure of synthetic rows against their reference. Numbers are text; ``outcome``: whether it counts.

    ``against``: how it is drawn; None where it has no range of chance to be drawn in.
    """

    name: str
    against: Against | None
    value: str
    reference: str
    difference: str
    chance: str
    outcome: str
    says: str


@dataclass(frozen=True)
class Comparison:
    """``sentence``: what all come to. ``sampled``: which rows were compared. ``unmeasured``: why nothing is."""

    measures: list[Compared]
    sentence: str
    sampled: str
    unmeasured: list[str]

    @property
    def drawn(self) -> list[Against]:
        """What is in the picture."""
        return [one.against for one in self.measures if one.against is not None]


def comparison(dataset: AuditedDataset) -> Comparison:
    """What the measures that compare found."""
    shown: list[Compared] = []
    sampled, reasons = "", []
    for name, (title, says) in _MEASURES.items():
        found = dataset.measured.get(name)
        if isinstance(found, Measured):
            one = compared(title, says, found)
            if one is not None:
                shown.append(one)
                sampled = sampled or found.sampled or ""
        elif isinstance(found, NotMeasured):
            reasons.append(_reason(found, dataset.composition.path))
    if dataset.composition.rows and not shown and not reasons:
        reasons = ["The text was not compared."]
    return Comparison(shown, sentence(shown), sampled, list(dict.fromkeys(reasons)) if not shown else [])


def _reason(found: NotMeasured, path: str) -> str:
    """Why nothing was measured, on the page of the dataset at ``path``; a path begins as it is written."""
    of_this = found.reason.removeprefix(f"{path}: ")
    return found.reason if of_this == found.reason else of_this[:1].upper() + of_this[1:]


def compared(title: str, says: str, found: Measured) -> Compared | None:
    values: Mapping[str, Any] = found.values
    low, high = values.get("low"), values.get("high")
    is_effect = "effect" in values
    difference = values.get("effect" if is_effect else "difference")
    if low is None or high is None or difference is None:
        return None
    chance = (high - low) / 2
    significant = values.get("significant_effect" if is_effect else "significant_difference")
    doubt = next(iter(found.doubts.values()), None)
    outcome = _MORE if significant else "chance explains it"
    if significant is None or doubt is not None:
        outcome = doubt.why if doubt is not None else "not judged"
    part = values.get("relative_difference")
    return Compared(
        title,
        Against(title, float(difference) / chance, stands_out=bool(significant)) if chance > 0 else None,
        figure(float(difference)) if is_effect else figure(values["value"]),
        "–" if is_effect else figure(values["reference"]),
        "–" if is_effect else f"{difference:+.3g}" + (f" ({part:+.0%})" if part is not None else ""),
        f"± {chance:.3g}",
        outcome,
        says,
    )


def sentence(compared: list[Compared]) -> str:
    if not compared:
        return ""
    far = [one for one in compared if one.outcome == _MORE]
    count = len(compared)
    if not far:
        return f"Chance alone explains {'the difference' if count == 1 else f'all {spelled(count)} differences'}."
    furthest = max((one.against for one in far if one.against), key=lambda each: abs(each.times), default=None)
    few = f"{spelled(len(far)).capitalize()} of {spelled(count)} measures" if len(far) < count else _every(count)
    verb = "differs" if len(far) == 1 else "differ"
    said = f"{few} {verb} by more than chance explains."
    if furthest is None:
        return said
    return f"{said} Furthest: {furthest.name} ({abs(furthest.times):.1f} times what chance explains)."


def _every(count: int) -> str:
    return "The one measure" if count == 1 else f"All {spelled(count)} measures"
