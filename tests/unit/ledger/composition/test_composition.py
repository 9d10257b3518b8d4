from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sidecars import Words, ledger_of, record, sample, write

from provenance.errors import SidecarError
from provenance.ledger.composition.breakdowns import BREAKDOWNS
from provenance.ledger.composition.composition import Composition, Share, composition
from provenance.ledger.composition.spending import Cost
from provenance.lineage.records import Activity, ActivityType, Agent, Kind, Origin, Price, Source
from provenance.repository import Repository

WORDS = Words(
    activities=(Activity(type=ActivityType.GENERATION),),
    agents=(Agent(name="writer", revision="1"), Agent(name="undisclosed")),
    sources=(Source(name="library", license="PSF-2.0"), Source(name="forum")),
)


def certain_share(
    rows: int, size: int, tokens: int | None, *, rows_with_tokens: int, fractions: tuple[float, float, float | None]
) -> Share:
    """A share of which nothing is in doubt."""
    return Share(rows, size, tokens, rows_with_tokens, *fractions, rows, size, tokens, *fractions)


def composed(repository: Repository, path: Path) -> Composition:
    with ledger_of(repository, path) as ledger:
        return composition(ledger, ledger.recorded[0])


def test_a_mix_is_counted_by_all_that_is_known(repository: Repository, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "mix.jsonl",
        [
            record(
                sample(1),
                4,
                source=0,
                depth=0,
                real_rooted=True,
                tokens=3,
                evidence="declared",
                chain_evidence="declared",
            ),
            record(sample(2), 1, origin="real", depth=0, real_rooted=True, license="MIT"),
            record(
                sample(3),
                2,
                parents=[sample(1)],
                agent=0,
                kind="answer",
                depth=1,
                real_rooted=True,
                verdict="pass",
                cost=Decimal("0.10"),
            ),
            record(sample(4), 2, origin="synthetic", depth=2, real_rooted=False, tokens=5, cost=Decimal("0.05")),
            record(sample(5), 1, origin="unknown", evidence=None),
            record(sample(6), 0, origin="real", source=1, depth=0, cost=Decimal(9)),
        ],
        WORDS,
    )
    found = composed(repository, path)
    assert (found.path, found.rows, found.bytes) == ("mix.jsonl", 10, 100)
    assert found.by_origin == {
        "real": certain_share(5, 50, 12, rows_with_tokens=4, fractions=(0.5, 0.5, 12 / 22)),
        "synthetic": certain_share(4, 40, 10, rows_with_tokens=2, fractions=(0.4, 0.4, 10 / 22)),
        "unknown": certain_share(1, 10, None, rows_with_tokens=0, fractions=(0.1, 0.1, None)),
    }
    rows = {name: {group: share.rows for group, share in getattr(found, name).items()} for name in BREAKDOWNS}
    assert rows | {"by_origin": {}} == {
        "by_origin": {},
        "by_kind": {"answer": 2, "unstated": 2},
        "by_model": {"unstated": 2, "writer@1": 2},
        "by_model_family": {"unstated": 2, "writer": 2},
        "by_source": {"library": 4, "unstated": 1},
        "by_license": {"unknown": 5, "PSF-2.0": 4, "MIT": 1},
        "by_depth": {"0": 5, "1": 2, "2": 2, "unknown": 1},
        "by_evidence": {"observed": 5, "declared": 4, "unknown": 1},
        "by_chain_evidence": {"unknown": 6, "declared": 4},
        "by_verdict": {"pass": 2, "unstated": 2},
    }
    assert found.real_rooted_fraction == 2 / 5
    assert found.max_depth == 2
    # An ancestor cost 9.
    assert found.cost == Cost(Decimal("9.15"), None, Decimal("0.15"), Decimal("0.15"), rows_costed=4, rows=10)
    assert found.as_json()["cost"] == {
        "amount": "9.15",
        "rejected_amount": None,
        "amount_of_rows_left": "0.15",
        "at_most_amount_of_rows_left": "0.15",
        "rows_costed": 4,
        "rows": 10,
        "currency": None,
    }


def test_the_births_of_a_sample_are_counted_each_by_itself_and_its_conflict_is_shown(
    repository: Repository, tmp_path: Path
) -> None:
    path = write(
        tmp_path,
        "a.jsonl",
        [
            record(sample(1), 3, origin="real"),
            record(sample(1), 0, origin="synthetic", activity=0),
            record(sample(2), 1, origin="synthetic"),
            record(sample(2), 0, origin="synthetic", activity=0),
            record(sample(3), 0, origin="unknown", evidence=None, content_bytes=None),
        ],
        WORDS,
    )
    found = composed(repository, path)
    assert found.rows == 4
    assert {origin: share.rows for origin, share in found.by_origin.items()} == {"real": 3, "synthetic": 1}


def test_what_nothing_is_known_of_is_null_and_not_zero(repository: Repository, tmp_path: Path) -> None:
    found = composed(repository, write(tmp_path, "a.jsonl", [record(sample(1), origin="real")]))
    assert (found.real_rooted_fraction, found.max_depth, found.cost) == (None, None, None)
    assert found.by_origin["real"].tokens is None
    assert (found.by_kind, found.by_model, found.by_verdict) == ({}, {}, {})
    assert (found.tokens, found.by_origin["real"].tokens_fraction) == (None, None)
    empty = composed(repository, write(tmp_path, "empty.jsonl", []))
    assert (empty.rows, empty.by_origin) == (0, {})


def test_a_sidecar_that_does_not_add_up_is_refused(repository: Repository, tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", [record(sample(1))], rows=2)
    with pytest.raises(SidecarError, match="account for 1 rows, its footer states 2"):
        composed(repository, path)


RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "rows": st.integers(0, 3),
            "origin": st.sampled_from([origin.value for origin in Origin]),
            "kind": st.none() | st.sampled_from([kind.value for kind in Kind]),
            "agent": st.none() | st.integers(0, 1),
            "source": st.none() | st.integers(0, 1),
            "depth": st.none() | st.integers(0, 3),
            "tokens": st.none() | st.integers(0, 9),
            "license": st.none() | st.sampled_from(["MIT", "CC-BY-4.0"]),
            "evidence": st.none() | st.sampled_from(["observed", "declared"]),
        }
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RECORDS)
def test_rows_always_sum_to_the_datasets(repository: Repository, tmp_path: Path, stated: list[dict[str, Any]]) -> None:
    records = [record(sample(number), **each) for number, each in enumerate(stated)]
    found = composed(repository, write(tmp_path, "a.jsonl", records))
    total = sum(each["rows"] for each in stated)
    assert found.rows == total
    for name in ("by_origin", "by_license", "by_depth", "by_evidence"):
        assert sum(share.rows for share in getattr(found, name).values()) == total
    for origin, share in found.by_origin.items():
        of_origin = [each for each in stated if each["origin"] == origin]
        known = [each for each in of_origin if each["tokens"] is not None]
        assert share.rows == sum(each["rows"] for each in of_origin)
        assert share.rows_with_tokens == sum(each["rows"] for each in known)
        assert (share.tokens or 0) == sum(each["tokens"] * each["rows"] for each in known)


def test_a_cost_is_the_reported_one_else_tokens_times_the_price(repository: Repository, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "data/x.jsonl",
        [
            record(sample(1), activity=0, cost=Decimal("0.5"), input_tokens=1_000_000, output_tokens=1_000_000),
            record(sample(2), activity=0, input_tokens=1000, output_tokens=10),
            record(sample(3), activity=0, input_tokens=1000),
            record(sample(4), activity=1, input_tokens=1000, output_tokens=10),
        ],
        Words(activities=(priced("USD"), Activity(type=ActivityType.GENERATION))),
    )
    # 0.5 as reported, and 1000 tokens at 0.15 and 10 tokens at 0.6 a million.
    spent = Decimal("0.500156")
    assert composed(repository, path).cost == Cost(spent, None, spent, spent, 2, 4, "USD")


def test_prices_in_different_currencies_are_not_added_up(repository: Repository, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "data/x.jsonl",
        [
            record(sample(1), activity=0, input_tokens=1000, output_tokens=10),
            record(sample(2), activity=1, input_tokens=1000, output_tokens=10),
            record(sample(3), activity=1, cost=Decimal("0.25")),
        ],
        Words(activities=(priced("EUR"), priced("USD"))),
    )
    assert composed(repository, path).cost == Cost(Decimal("0.25"), None, Decimal("0.25"), Decimal("0.25"), 1, 3, None)


def priced(currency: str) -> Activity:
    """A generation with a price."""
    price = Price(
        currency=currency,
        input=Decimal("0.15"),
        output=Decimal("0.6"),
        table="prices.yaml",
        version="1",
        dated=date(2026, 1, 31),
        digest="sha256:0",
    )
    return Activity(type=ActivityType.GENERATION, price=price)
