"""What a mixture costs, and how that compares."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from provenance.auditing.mixture.file import Mixture
from provenance.auditing.mixture.weighing import Weighed
from provenance.ledger.composition.spending import cost_of
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.sidecars import Sidecars


@dataclass(frozen=True)
class MixtureCost:
    """A sum of money. ``stated``: as the file says; else what it took to make the datasets that are held, as far as it
    is known. What several of these go back to is counted with each.

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


def cost_of_mixture(
    ledger: Sidecars, datasets: dict[str, RecordedDataset], mixture: Mixture, weighed: Weighed
) -> MixtureCost | None:
    """What the file states; else the sum over the ``datasets`` that are held; None where nothing is known."""
    if mixture.cost is not None:
        return MixtureCost(mixture.cost.amount, mixture.cost.currency, True, None)
    costs = [
        cost_of(weighed.held[title], ledger.engine.of(dataset.place), dataset) for title, dataset in datasets.items()
    ]
    known = [cost for cost in costs if cost is not None]
    currencies = {cost.currency for cost in known} - {None}
    if len(currencies) > 1:
        known = [cost for cost in known if cost.currency is None]
    if not known:
        return None
    amount = sum((cost.amount for cost in known), Decimal(0))
    rows = sum(rows.total.rows for rows in weighed.held.values())
    currency = currencies.pop() if len(currencies) == 1 else None
    return MixtureCost(amount, currency, False, sum(cost.rows_costed for cost in known) / rows if rows else None)


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
