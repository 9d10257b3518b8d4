"""Declared against actual: what a mixture file states, recounted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provenance.auditing.mixture.file import UNITS, Mixture
from provenance.auditing.mixture.weighing import Weighed

# Published shares and epochs are rounded: how far these may be from what they must come to. A judgement, not a source.
SHARES_TOLERANCE = 0.01
EXPOSURE_TOLERANCE = 0.10


@dataclass(frozen=True)
class Recount:
    """A number that the file states and that its recount does not confirm.

    ``what`` names it: ``total.rows``, ``part.NAME.rows``, ``part.NAME.exposure``, ``shares``. ``difference`` is stated
    minus actual.
    """

    what: str
    stated: float
    actual: float
    message: str

    @property
    def difference(self) -> float:
        return self.stated - self.actual


def recount(mixture: Mixture, weighed: Weighed) -> Iterator[Recount]:
    """Every number of the file that can be recounted and comes out different; totals and counts must be exact."""
    yield from _totals(mixture, weighed)
    for part in mixture.parts:
        for unit in UNITS if part.dataset is not None else ():
            stated, actual = part.of(unit), weighed.counted[part.title].of(unit)
            if stated is not None and actual is not None and stated != actual:
                message = f"{part.title}: {stated:,} {unit} are stated, its sidecar counts {actual:,}"
                yield Recount(f"part.{part.title}.{unit}", stated, actual, message)
    yield from _exposures(mixture, weighed)


def _totals(mixture: Mixture, weighed: Weighed) -> Iterator[Recount]:
    for unit in UNITS:
        stated, counts = mixture.stated.of(unit), [counts.of(unit) for counts in weighed.counted.values()]
        if stated is None or None in counts:
            continue
        actual = sum(count for count in counts if count is not None)
        if stated != actual:
            message = (
                f"{mixture.name}: {stated:,} {unit} are stated in all, but its parts sum to {actual:,}: "
                f"a difference of {abs(stated - actual):,}"
            )
            yield Recount(f"total.{unit}", stated, actual, message)


def _exposures(mixture: Mixture, weighed: Weighed) -> Iterator[Recount]:
    shares = [part.share for part in mixture.parts if part.share is not None]
    if shares and len(shares) == len(mixture.parts) and abs(sum(shares) - 1) > SHARES_TOLERANCE:
        yield Recount("shares", sum(shares), 1.0, f"{mixture.name}: its shares sum to {100 * sum(shares):.1f}%")
    by_epochs = {
        part.title: (weighed.counted[part.title].of(weighed.unit) or 0) * part.epochs
        for part in mixture.parts
        if part.epochs is not None
    }
    yield from _trained(mixture, weighed, by_epochs)
    for part in mixture.parts:
        if part.share is None or part.title not in by_epochs or weighed.trained is None:
            continue
        stated, actual = part.share * weighed.trained, by_epochs[part.title]
        if _differ(stated, actual):
            message = (
                f"{part.title}: a share of {100 * part.share:.1f}% is {stated:,.0f} {weighed.unit}, but "
                f"{part.epochs:g} epochs of it are {actual:,.0f}"
            )
            yield Recount(f"part.{part.title}.exposure", stated, actual, message)


def _trained(mixture: Mixture, weighed: Weighed, by_epochs: dict[str, float]) -> Iterator[Recount]:
    """Whether the epochs of the parts, and the shares of those that have no epochs, sum to ``trained``."""
    trained = mixture.trained
    if trained is None or not by_epochs:
        return
    by_share = {
        part.title: part.share * trained
        for part in mixture.parts
        if part.share is not None and part.title not in by_epochs
    }
    total = sum((by_epochs | by_share).values())
    if len(by_epochs) + len(by_share) == len(mixture.parts) and _differ(trained, total):
        what = "shares and epochs" if by_share else "all epochs"
        message = f"{mixture.name}: {trained:,} {weighed.unit} are trained on, but {what} are {total:,.0f}"
        yield Recount("trained", trained, total, message)


def _differ(stated: float, actual: float) -> bool:
    """Whether two numbers that were rounded on the way are too far apart to be the same."""
    return abs(stated - actual) > EXPOSURE_TOLERANCE * max(stated, actual)
