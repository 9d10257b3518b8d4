"""What a mixture costs, and how that compares."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from provenance.auditing.mixture.file import Mixture
from provenance.auditing.mixture.weighing import Weighed
from provenance.ledger.composition.composition import cost_of


@dataclass(frozen=True)
class MixtureCost:
    """A sum of money. ``stated``: as the file says; else the known costs of the rows of the datasets that are held.

    ``costed_fraction``: of these datasets' rows, the part whose cost is known; None where the cost is stated.
    """

    amount: Decimal
    currency: str | None
    stated: bool
    costed_fraction: float | None


@dataclass(frozen=True)
class Comparison:
    """A peer's cost, and how many times the mixture's that is (None: in another currency, or nothing to compare)."""

    name: str
    amount: Decimal
    currency: str
    ratio: float | None


def cost_of_mixture(mixture: Mixture, weighed: Weighed) -> MixtureCost | None:
    """What the file states; else the sum over the datasets that are held; None where nothing is known."""
    if mixture.cost is not None:
        return MixtureCost(mixture.cost.amount, mixture.cost.currency, True, None)
    cells = [cell for held in weighed.held.values() for cell in held]
    cost = cost_of(cells)
    if cost is None:
        return None
    return MixtureCost(cost.amount, cost.currency, False, cost.rows_costed / cost.rows)


def compare(mixture: Mixture, cost: MixtureCost | None) -> tuple[Comparison, ...]:
    """Each peer's cost against the mixture's."""
    return tuple(
        Comparison(
            peer.name,
            peer.cost.amount,
            peer.cost.currency,
            float(peer.cost.amount / cost.amount)
            if cost is not None and cost.amount and cost.currency == peer.cost.currency
            else None,
        )
        for peer in mixture.compared_with
    )
