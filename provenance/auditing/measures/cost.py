"""Cost: what it took to make a dataset, in money and in tokens, and for how many rows that is known."""

from __future__ import annotations

from decimal import Decimal

from provenance.auditing.measure import Measured, Needs, NotMeasured, Subject, ambiguity
from provenance.engines.answers import BornAlike
from provenance.ledger.composition.spending import Tokens, cost_of, is_costed, tokens_of
from provenance.ledger.rows import between_parts
from provenance.lineage.rules import made_by_model
from provenance.lineage.words import AMBIGUOUS


class Cost:
    """The cost that was reported, else tokens times the activity's price; a missing one is never made up.

    Each call is paid for once, however many rows came of it, those of ancestors and of rejected results, too. Apart
    from that stands what those calls took whose results are among the rows that are left. Collected rows have no call
    to pay for, so ``costed_fraction`` is of the synthetic and mixed rows.
    """

    name = "cost"
    definition = "sum of the known costs and of the calls' tokens, with the part of the made rows that each covers"
    unit = "money in the currency stated; tokens; fraction of synthetic and mixed rows"
    source = "sum over records; nothing is imputed"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{amount, currency, rejected_amount, amount_of_rows_left, at_most_amount_of_rows_left, rows_costed,
        costed_fraction, input_tokens, input_tokens_of_rows_left, at_most_input_tokens_of_rows_left, output_tokens, …,
        rows_with_usage}``."""
        rows, questions = subject.audited.rows, subject.audited.questions
        dataset = subject.audited.dataset
        made, cost = rows.where(_is_made), cost_of(rows, questions, dataset)
        if not made.at_most.rows and cost is None:
            return NotMeasured(f"{dataset.path}: has no rows that were made by a model, and no costs")
        currency = None if cost is None else cost.currency
        costed = rows.by(lambda born: _whether_costed(born, currency))
        part = between_parts(costed.of("costed"), costed.of("not costed"))
        return Measured(
            {
                "amount": None if cost is None else float(cost.amount),
                "currency": currency,
                "rejected_amount": _number(cost.rejected_amount if cost else None),
                "amount_of_rows_left": _number(cost.amount_of_rows_left if cost else None),
                "at_most_amount_of_rows_left": _number(cost.at_most_amount_of_rows_left if cost else None),
                "rows_costed": cost.rows_costed if cost else 0,
                "costed_fraction": part and part[0],
                **_tokens("input", tokens_of("input", questions, dataset)),
                **_tokens("output", tokens_of("output", questions, dataset)),
                "rows_with_usage": rows.where(lambda born: born.with_usage).certain.rows,
            },
            doubts=ambiguity({"costed_fraction": part}),
        )


def _is_made(born: BornAlike) -> bool | None:
    return None if "origin" in born.doubts else made_by_model(born.origin)


def _whether_costed(born: BornAlike, currency: str | None) -> str | None:
    """Of what a model made: whether its cost is known."""
    if _is_made(born) is None:
        return AMBIGUOUS
    if not made_by_model(born.origin):
        return None
    return "costed" if is_costed(born, currency) else "not costed"


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _tokens(side: str, found: Tokens) -> dict[str, int | None]:
    return {
        f"{side}_tokens": found.to_make,
        f"{side}_tokens_of_rows_left": found.of_rows_left,
        f"at_most_{side}_tokens_of_rows_left": found.at_most_of_rows_left,
    }


MEASURE = Cost()
