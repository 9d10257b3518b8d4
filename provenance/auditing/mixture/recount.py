"""Declared against actual: what a mixture file states, recounted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from provenance.auditing.mixture.file import UNITS, Mixture, Stage, Unit
from provenance.auditing.mixture.numbers import half_a_digit
from provenance.auditing.mixture.weighing import SHARES_TOLERANCE, StageExposure, Weighed

# Published epochs are rounded: how far exposures may be from what they must come to. A judgement, not a source.
EXPOSURE_TOLERANCE = 0.10


@dataclass(frozen=True)
class Recount:
    """A number that the file states and that its recount does not confirm.

    ``what`` names it: ``total.rows``, ``part.NAME.rows``, ``part.NAME.exposure``, ``shares``; of a stage,
    ``stage.NAME.shares`` and so on. ``difference`` is stated minus actual.
    """

    what: str
    stated: float
    actual: float
    message: str

    @property
    def difference(self) -> float:
        return self.stated - self.actual


@dataclass(frozen=True)
class Total:
    """A total that is ``stated``, beside what the parts sum to: each ``once``, and as often as its epochs say.

    Cards count either way. ``agrees_with``: which of both it is; None where it is neither. ``with_repeats`` is None
    where the epochs of a part are not stated.
    """

    stated: int
    once: int
    with_repeats: float | None
    agrees_with: Literal["once", "with_repeats"] | None


def totals(mixture: Mixture, weighed: Weighed) -> dict[str, Total]:
    """The stated totals, recounted in the units in which every part is counted."""
    found: dict[str, Total] = {}
    for unit in UNITS:
        stated = mixture.stated.of(unit)
        counts = {title: counts.of(unit) for title, counts in weighed.counted.items()}
        known = {title: count for title, count in counts.items() if count is not None}
        if stated is not None and len(known) == len(counts):
            found[unit] = _total(stated, known, _epochs(mixture))
    return found


def recount(mixture: Mixture, weighed: Weighed) -> Iterator[Recount]:
    """Every number of the file that can be recounted and comes out different; totals and counts must be exact."""
    for unit, total in totals(mixture, weighed).items():
        if total.agrees_with is None:
            yield _wrong_total(mixture.name, unit, total)
    for part in mixture.parts:
        for counted_in in UNITS if part.dataset is not None else ():
            stated, actual = part.of(counted_in), weighed.counted[part.title].of(counted_in)
            if stated is not None and actual is not None and abs(stated - actual) > half_a_digit(stated):
                message = f"{part.title}: {stated:,} {counted_in} are stated, its sidecar counts {actual:,}"
                yield Recount(f"part.{part.title}.{counted_in}", stated, actual, message)
    for stage, exposure in zip(mixture.curriculum, weighed.stages, strict=True):
        yield from _of_stage(mixture, weighed, stage, exposure)
    yield from _of_stages(mixture, weighed)


def _epochs(mixture: Mixture) -> dict[str, float] | None:
    """How often each part is seen, over all stages; None where that is stated otherwise of one of them."""
    if any(stage.shares.keys() | stage.amounts.keys() for stage in mixture.curriculum):
        return None
    epochs = dict.fromkeys((part.title for part in mixture.parts), 0.0)
    for stage in mixture.curriculum:
        for title, times in stage.epochs.items():
            epochs[title] += times
    return epochs if any(epochs.values()) else None


def _total(stated: int, counts: dict[str, int], epochs: dict[str, float] | None) -> Total:
    once = sum(counts.values())
    rounded = half_a_digit(stated) + sum(half_a_digit(count) for count in counts.values())
    if epochs is None:
        return Total(stated, once, None, "once" if abs(stated - once) <= rounded else None)
    repeated = sum(count * epochs[title] for title, count in counts.items())
    rounded_repeated = half_a_digit(stated) + sum(half_a_digit(count) * epochs[t] for t, count in counts.items())
    if abs(stated - once) <= rounded:
        return Total(stated, once, repeated, "once")
    # Epochs that are no whole numbers make parts of a row.
    agrees = abs(stated - repeated) <= max(rounded_repeated, 0.5)
    return Total(stated, once, repeated, "with_repeats" if agrees else None)


def _wrong_total(name: str, unit: str, total: Total) -> Recount:
    repeats = total.with_repeats is not None and total.with_repeats != total.once
    also = f", and to {total.with_repeats:,.0f} with its repeats" if repeats else ""
    message = (
        f"{name}: {total.stated:,} {unit} are stated in all, but its parts sum to {total.once:,}{also}: "
        f"a difference of {abs(total.stated - total.once):,}"
    )
    return Recount(f"total.{unit}", total.stated, total.once, message)


def _of_stage(mixture: Mixture, weighed: Weighed, stage: Stage, exposure: StageExposure) -> Iterator[Recount]:
    name, of = (f"{mixture.name}, {stage.name}", f"stage.{stage.name}.") if stage.name else (mixture.name, "")
    shares = sum(stage.shares.values())
    if stage.shares and stage.shares.keys() == stage.titles and abs(shares - 1) > SHARES_TOLERANCE:
        yield Recount(f"{of}shares", shares, 1.0, f"{name}: its shares sum to {100 * shares:.1f}%")
    by_epochs = {
        title: (weighed.counted[title].of(weighed.unit) or 0) * epochs for title, epochs in stage.epochs.items()
    }
    known = by_epochs | stage.amounts
    if stage.trained is not None and known:
        yield from _trained(name, of, weighed.unit, stage, known)
    for title in sorted(known):
        ways: list[tuple[float, str]] = []
        if title in stage.amounts:
            ways.append((stage.amounts[title], f"{stage.amounts[title]:,} {weighed.unit}"))
        if title in stage.shares and exposure.trained is not None:
            amount = stage.shares[title] * exposure.trained
            ways.append((amount, f"a share of {100 * stage.shares[title]:.1f}%, which is {amount:,.0f} {weighed.unit}"))
        if title in by_epochs:
            ways.append((by_epochs[title], f"{stage.epochs[title]:g} epochs, which are {by_epochs[title]:,.0f}"))
        (stated, said), *others = ways
        for other, said_too in others:
            if _differ(stated, other):
                message = f"{title}: {said} are stated to be trained on, but also {said_too}"
                yield Recount(f"{of}part.{title}.exposure", stated, other, message)


def _trained(name: str, of: str, unit: Unit, stage: Stage, known: dict[str, float]) -> Iterator[Recount]:
    """Whether the epochs and amounts of the parts, and the shares of those that have none, sum to ``trained``."""
    assert stage.trained is not None, "the caller has looked"
    by_share = {title: share * stage.trained for title, share in stage.shares.items() if title not in known}
    total = sum((known | by_share).values())
    if _differ(stage.trained, total):
        kinds = [
            kind
            for kind, titles in (
                ("shares", by_share.keys()),
                ("epochs", stage.epochs.keys() - stage.amounts.keys()),
                ("amounts", stage.amounts.keys()),
            )
            if titles
        ]
        what = " and ".join(kinds) if len(kinds) > 1 else f"all {kinds[0]}"
        message = f"{name}: {stage.trained:,} {unit} are trained on, but {what} are {total:,.0f}"
        yield Recount(f"{of}trained", stage.trained, total, message)


def _of_stages(mixture: Mixture, weighed: Weighed) -> Iterator[Recount]:
    """Whether the stages sum to what is trained on in all."""
    trained = [stage.trained for stage in weighed.stages if stage.trained is not None]
    if not mixture.stages or mixture.trained is None or len(trained) < len(weighed.stages):
        return
    total = sum(trained)
    if _differ(mixture.trained, total):
        message = f"{mixture.name}: {mixture.trained:,} {weighed.unit} are trained on, but its stages are {total:,.0f}"
        yield Recount("trained", mixture.trained, total, message)


def _differ(stated: float, actual: float) -> bool:
    """Whether two numbers that were rounded on the way are too far apart to be the same."""
    return abs(stated - actual) > EXPOSURE_TOLERANCE * max(stated, actual)
