from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from support.measuring import take, values
from support.sidecars import Words, record, sample

from provenance.auditing.measures import NotMeasured
from provenance.auditing.measures.cost import MEASURE
from provenance.lineage.records import Activity, ActivityType, Price, RejectedCalls
from provenance.repository import Repository

PRICE = Price(
    currency="USD",
    input=Decimal("0.15"),
    output=Decimal("0.6"),
    table="prices.yaml",
    version="1",
    dated=date(2026, 1, 31),
    digest="sha256:0",
)
REJECTED = RejectedCalls(calls=3, input_tokens=70, cost=Decimal("0.75"))
WORDS = Words(
    activities=(
        Activity(type=ActivityType.GENERATION, price=PRICE),
        Activity(type=ActivityType.GENERATION, rejected={"too short": 3}, rejected_calls=REJECTED),
    )
)


def test_what_is_known_is_added_up_and_what_it_covers_is_said(repository: Repository, tmp_path: Path) -> None:
    found = take(
        repository,
        tmp_path,
        MEASURE,
        [
            record(sample(1), 5),
            record(sample(2), 3, origin="synthetic", cost=Decimal("0.25")),
            record(sample(3), 1, origin="synthetic", activity=0, input_tokens=1000, output_tokens=100),
            record(sample(4), 4, origin="synthetic", activity=0, input_tokens=1000),
            # One of these two calls gave the row, the third call a text that is an ancestor.
            record(sample(5), 0, origin="synthetic", cost=Decimal("0.5"), possible_rows=1, ambiguous_rows=1, calls=2),
            record(sample(5), 0, origin="synthetic", cost=Decimal("0.125"), possible_rows=1),
            record(sample(6), 0, origin="synthetic", cost=Decimal(1), activity=1),
        ],
        WORDS,
    )
    left = 0.25 + 1000 * 0.15e-6 + 100 * 0.6e-6
    assert values(found) == {
        "amount": pytest.approx(left + 2 * 0.5 + 0.125 + 1 + 0.75),
        "currency": "USD",
        "rejected_amount": 0.75,
        "amount_of_rows_left": pytest.approx(left + 0.125),
        "at_most_amount_of_rows_left": pytest.approx(left + 0.5),
        "rows_costed": 5,
        "costed_fraction": 5 / 9,
        "input_tokens": 2000 + 70,
        "input_tokens_of_rows_left": 2000,
        "at_most_input_tokens_of_rows_left": 2000,
        "output_tokens": 100,
        "output_tokens_of_rows_left": 100,
        "at_most_output_tokens_of_rows_left": 100,
        "rows_with_usage": 1,
    }


def test_a_missing_cost_is_not_zero(repository: Repository, tmp_path: Path) -> None:
    found = values(take(repository, tmp_path, MEASURE, [record(sample(1), origin="synthetic")]))
    assert (found["amount"], found["input_tokens"], found["costed_fraction"]) == (None, None, 0.0)


def test_collected_rows_have_no_births_to_pay_for(repository: Repository, tmp_path: Path) -> None:
    found = take(repository, tmp_path, MEASURE, [record(sample(1))])
    assert found == NotMeasured("mix.jsonl: has no rows that were made by a model, and no costs")
