"""What calls took is added up exactly, is not made up, and is certain where the recording stage shows each call."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.sidecars import Words, ledger_of, record, sample, write

from provenance.engines.answers import Bounds
from provenance.ledger.composition.composition import Composition, composition
from provenance.lineage.records import Activity, ActivityType, StageRun
from provenance.report.audit_words import cost_in_words
from provenance.repository import Repository

WORDS = Words(activities=(Activity(type=ActivityType.GENERATION, stage=StageRun(name="generate")),))


def composed(repository: Repository, tmp_path: Path, records: list[dict[str, Any]]) -> Composition:
    with ledger_of(repository, write(tmp_path, "mix.jsonl", records, WORDS)) as ledger:
        return composition(ledger, ledger.recorded[0])


def one_of(number: int, *costs: str, rest: int = 1) -> list[dict[str, Any]]:
    """A sample of ``rest`` rows, each of which was born in one of calls that cost so much."""
    births = [
        record(sample(number), 0, origin="synthetic", cost=Decimal(cost), possible_rows=rest, activity=0, calls=place)
        for place, cost in enumerate(costs, start=2)
    ]
    births[0]["ambiguous_rows"] = rest
    return births


def test_amounts_have_no_noise_of_binary_fractions(repository: Repository, tmp_path: Path) -> None:
    records = [*one_of(1, "0.1", "0.7"), *one_of(2, "0.2", "0.7"), *one_of(3, "0.095", "0.7")]
    cost = composed(repository, tmp_path, records).as_json()["cost"]
    assert (cost["amount"], cost["amount_of_rows_left"], cost["at_most_amount_of_rows_left"]) == (
        "7.09",
        "0.395",
        "2.1",
    )


def test_a_part_of_a_call_is_no_more_digits_than_a_cost_has(repository: Repository, tmp_path: Path) -> None:
    # Two of three rows at most are of the cheap call, which may have come twice.
    births = one_of(1, "0.1", "0.1", "0.1", rest=2)
    cost = composed(repository, tmp_path, births).as_json()["cost"]
    least, most = Decimal(cost["amount_of_rows_left"]), Decimal(cost["at_most_amount_of_rows_left"])
    assert least <= Decimal("0.1") and most == Decimal("0.2")
    assert len(cost["amount_of_rows_left"]) <= len("0.0123456789")


def test_what_is_not_known_of_the_rows_that_are_left_is_not_nothing(repository: Repository, tmp_path: Path) -> None:
    derived = record(sample(1), 10, parents=[sample(2)])
    found = composed(repository, tmp_path, [derived, record(sample(2), 0, origin="synthetic", cost=Decimal("0.5"))])
    assert found.cost is not None
    assert found.as_json()["cost"] | {"rows": 0} == {
        "amount": "0.5",
        "rejected_amount": None,
        "amount_of_rows_left": None,
        "at_most_amount_of_rows_left": None,
        "rows_costed": 0,
        "rows": 0,
        "currency": None,
    }
    assert cost_in_words(found.cost) == "cost: 0.5; of the rows that are left: not known (known for 0 of 10 rows)"


@pytest.mark.parametrize(
    ("made_by", "rows", "least"),
    [
        ("generate", 5, "0.5"),  # Five calls were recorded, and five rows are there.
        ("filter", 5, "0.1"),  # What came in between may have written one row five times.
        (None, 5, "0.1"),
        ("generate", 4, "0.1"),  # Whoever took a row away may have written another twice.
    ],
)
def test_rows_of_equal_content_are_calls_of_their_own_where_the_recording_stage_shows_it(
    repository: Repository, tmp_path: Path, made_by: str | None, rows: int, least: str
) -> None:
    records = [record(sample(1), rows, origin="synthetic", cost=Decimal("0.1"), activity=0, calls=5)]
    with ledger_of(repository, write(tmp_path, "mix.jsonl", records, WORDS)) as ledger:
        found = ledger.engine.of(0).spent_on_rows("cost", made_by)
    assert found == Bounds(Decimal(least), Decimal("0.1") * rows)
