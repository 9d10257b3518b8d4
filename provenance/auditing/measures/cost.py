"""Cost: what the births of a dataset's samples cost, in money and in tokens, and for how many rows that is known."""

from __future__ import annotations

from provenance.auditing.measure import Measured, Needs, NotMeasured, Subject
from provenance.ledger.composition.cells import cells_of
from provenance.ledger.composition.composition import cost_of

_USAGE = (
    "SELECT sum(input_tokens)::BIGINT, sum(output_tokens)::BIGINT, coalesce(sum(rows) FILTER (input_tokens IS NOT NULL "
    "AND output_tokens IS NOT NULL), 0)::BIGINT FROM samples WHERE sidecar = ? AND rows > 0"
)


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
        ledger, dataset = subject.audited.ledger, subject.audited.dataset
        cells = cells_of(ledger, dataset)
        made = [cell for cell in cells if cell.origin in ("synthetic", "mixed")]
        cost, of_made = cost_of(cells), cost_of(made)
        if not made and cost is None:
            return NotMeasured(f"{dataset.path}: has no rows that were made by a model, and no costs")
        read, written, rows_with_usage = ledger.connection.execute(_USAGE, [dataset.place]).fetchall()[0]
        return Measured(
            {
                "amount": None if cost is None else float(cost.amount),
                "currency": None if cost is None else cost.currency,
                "rows_costed": cost.rows_costed if cost else 0,
                "costed_fraction": (of_made.rows_costed if of_made else 0) / sum(c.rows for c in made)
                if made
                else None,
                "input_tokens": read,
                "output_tokens": written,
                "rows_with_usage": rows_with_usage,
            }
        )


MEASURE = Cost()
