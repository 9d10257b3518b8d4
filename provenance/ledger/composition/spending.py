"""What a dataset's calls took, in money and tokens: to make it, and of that, for the rows that are left.

Cost and tokens belong to calls. *To make*: all calls that stand behind rows or their ancestors, each once however many
rows or ways lead to it, and those whose results were rejected. *Of the rows that are left*: the calls whose results are
among the rows, which is known between two bounds where nobody knows which of several births a row has.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from provenance.money import amount_text

if TYPE_CHECKING:
    from provenance.engines.answers import BornAlike
    from provenance.engines.interface import Questions
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.rows import DatasetRows
    from provenance.lineage.records import Activity


@dataclass(frozen=True)
class Cost:
    """What was paid for a dataset: ``amount`` to make it, of which ``rejected_amount`` for results that were rejected.

    ``amount_of_rows_left``: for the results that are among its rows, at least; and at most; None where no cost of
    these is known. The amounts are sums of what is known, which is the cost of the births of ``rows_costed`` of
    ``rows``, for certain. A birth's cost is the
    one that was reported, else its tokens times the activity's price. ``currency`` is that of the prices, None where
    none was used. Prices in different currencies are not added up: their rows are not costed.
    """

    amount: Decimal
    rejected_amount: Decimal | None
    amount_of_rows_left: Decimal | None
    at_most_amount_of_rows_left: Decimal | None
    rows_costed: int
    rows: int
    currency: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The amounts as decimal text, which loses nothing, and all else in JSON's types."""
        document = asdict(self)
        return {name: amount_text(value) if isinstance(value, Decimal) else value for name, value in document.items()}


@dataclass(frozen=True)
class Tokens:
    """Tokens that went in, or came out, of calls; see `Cost` for what the numbers are of. None: nothing is known."""

    to_make: int | None
    of_rows_left: int | None
    at_most_of_rows_left: int | None


def is_costed(born: BornAlike, currency: str | None) -> bool:
    """Whether the cost of a birth is known, in the ``currency`` that is added up."""
    return born.costed and born.currency in (None, currency)


def cost_of(rows: DatasetRows, questions: Questions, dataset: RecordedDataset) -> Cost | None:
    """What the dataset cost; None where nothing is known of it."""
    activities = dataset.sidecar.header.activities
    spent = questions.spent()
    rejected = [(_currency(each), each.rejected_calls.cost) for each in activities if each.rejected_calls]
    known = [(each.currency, each.cost) for each in spent] + rejected
    known = [(currency, cost) for currency, cost in known if cost is not None]
    currencies = {currency for currency, _ in known} - {None}
    currency = next(iter(currencies)) if len(currencies) == 1 else None
    added = [cost for of, cost in known if of in (None, currency) and cost is not None]
    if not added:
        return None
    left = questions.spent_on_rows("cost" if len(currencies) <= 1 else "reported_cost", dataset.stage)
    lost = [cost for of, cost in rejected if of in (None, currency) and cost is not None]
    return Cost(
        amount=sum(added, Decimal(0)),
        rejected_amount=sum(lost, Decimal(0)) if lost else None,
        amount_of_rows_left=None if left is None else left.least,
        at_most_amount_of_rows_left=None if left is None else left.most,
        rows_costed=rows.where(lambda born: is_costed(born, currency)).certain.rows,
        rows=rows.total.rows,
        currency=currency,
    )


def tokens_of(side: str, questions: Questions, dataset: RecordedDataset) -> Tokens:
    """The tokens of one ``side``, input or output, of all calls."""
    activities = dataset.sidecar.header.activities
    name = f"{side}_tokens"
    found = [getattr(each, name) for each in questions.spent()]
    known = [count for count in found if count is not None]
    rejected = [getattr(each.rejected_calls, name) for each in activities if each.rejected_calls]
    known_of_rejected = [count for count in rejected if count is not None]
    made = sum(known) + sum(known_of_rejected) if known or known_of_rejected else None
    left = questions.spent_on_rows("input_tokens" if side == "input" else "output_tokens", dataset.stage)
    return Tokens(made, None, None) if left is None else Tokens(made, int(left.least), int(left.most))


def _currency(activity: Activity) -> str | None:
    return activity.price.currency if activity.price else None
