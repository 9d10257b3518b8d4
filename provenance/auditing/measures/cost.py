"""Cost: what the births of a dataset's samples cost, in money and in tokens, and for how many rows that is known."""

from __future__ import annotations

from collections.abc import Iterable

from provenance.auditing.measure import Measured, Needs, NotMeasured, Subject
from provenance.ledger.composition.composition import cost_of
from provenance.lineage.rules import made_by_model


class Cost:
    """The cost that was reported, else tokens times the activity's price; a missing one is never made up.

    Each birth is paid for once, however many rows bear the sample. Collected rows have no birth to pay for, so
    ``costed_fraction`` is of the synthetic and mixed rows.
    """

    name = "cost"
    definition = "sum of the known costs and of the calls' tokens, with the part of the made rows that each covers"
    unit = "money in the currency stated; tokens; fraction of synthetic and mixed rows"
    source = "sum over records; nothing is imputed"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{amount, currency, rows_costed, costed_fraction, input_tokens, output_tokens, rows_with_usage}``."""
        cells = subject.audited.cells
        made = [cell for cell in cells if made_by_model(cell.origin)]
        cost, of_made = cost_of(cells), cost_of(made)
        if not made and cost is None:
            return NotMeasured(f"{subject.audited.dataset.path}: has no rows that were made by a model, and no costs")
        return Measured(
            {
                "amount": None if cost is None else float(cost.amount),
                "currency": None if cost is None else cost.currency,
                "rows_costed": cost.rows_costed if cost else 0,
                "costed_fraction": (of_made.rows_costed if of_made else 0) / sum(c.rows for c in made)
                if made
                else None,
                "input_tokens": _sum(cell.input_tokens for cell in cells),
                "output_tokens": _sum(cell.output_tokens for cell in cells),
                "rows_with_usage": sum(cell.rows_with_usage for cell in cells),
            }
        )


def _sum(counts: Iterable[int | None]) -> int | None:
    """What is known of a sum; None where nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


MEASURE = Cost()
