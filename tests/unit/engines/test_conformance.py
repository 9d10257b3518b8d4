"""What every engine must answer, against each record looked at by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from math import log
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ranged import ranged_engine
from support.several_births import Sample, assignments, in_doubt, records_of, samples
from support.sidecars import DIGEST_SIZE, Words, record, sample, write

from provenance.engines.answers import (
    AmbiguousSamples,
    Bearing,
    Cell,
    Conflict,
    Disagreement,
    Option,
    Repeats,
    RowsOfActivity,
    ValueAmounts,
)
from provenance.engines.duckdb import duckdb_engine
from provenance.engines.interface import Among, Column, Engine
from provenance.engines.samples_view import merged_vocabulary
from provenance.ledger.composition.breakdowns import BREAKDOWNS
from provenance.ledger.rows import DatasetRows
from provenance.lineage.records import Activity, ActivityType, Agent, Origin, Price, Source, StageRun
from provenance.lineage.sidecar import Sidecar, open_sidecar
from provenance.lineage.vocabulary import Vocabulary
from provenance.lineage.words import DOUBTS

# An engine joins this list, and every test below must hold of it.
ENGINES: list[Callable[[Sequence[Sidecar], Vocabulary, Path], AbstractContextManager[Engine]]] = [
    duckdb_engine,
    ranged_engine,
]

PRICE = Price(
    currency="EUR",
    input=Decimal(2),
    output=Decimal(3),
    table="prices",
    version="1",
    dated=date(2026, 1, 1),
    digest="sha256:0",
)
WORDS = Words(
    activities=(
        Activity(type=ActivityType.GENERATION, stage=StageRun(name="write")),
        Activity(type=ActivityType.GENERATION, price=PRICE),
    ),
    agents=(Agent(name="writer", revision="1"), Agent(name="undisclosed")),
    sources=(Source(name="library", license="PSF-2.0"), Source(name="forum")),
)
ACTIVITIES = sorted(range(2), key=lambda number: WORDS.activities[number].id)
AGENTS = sorted(range(2), key=lambda number: WORDS.agents[number].id)
MODELS = ("writer@1", "undisclosed")
SOURCES = ("library", "forum")

pytestmark = pytest.mark.parametrize("opened", ENGINES)


@contextmanager
def engine_over(opened: Any, *datasets: Sequence[dict[str, Any]]) -> Iterator[Engine]:
    """An engine over a sidecar for each list of records."""
    with TemporaryDirectory() as folder:
        paths = [write(Path(folder), f"{place}.jsonl", each, WORDS) for place, each in enumerate(datasets)]
        sidecars = [open_sidecar(path) for path in paths]
        with opened(sidecars, merged_vocabulary(sidecars), Path(folder)) as engine:
            yield engine


def named(each: Mapping[str, Any]) -> dict[Column, Any]:
    """A record's values as an engine names them."""
    source = each["source"]
    return {
        **{
            name: each[name]
            for name in ("origin", "kind", "depth", "evidence", "chain_evidence", "verdict", "verifier", "real_rooted")
        },
        "agent": None if each["agent"] is None else AGENTS.index(each["agent"]),
        "model": None if each["agent"] is None else MODELS[each["agent"]],
        "source": None if source is None else SOURCES[source],
        "license": each["license"] or (None if source is None else WORDS.sources[source].license),
    }


def cost_of(each: Mapping[str, Any]) -> tuple[Decimal | None, str | None]:
    if each["cost"] is not None or each["activity"] != 1 or None in (each["input_tokens"], each["output_tokens"]):
        return each["cost"], None
    return (each["input_tokens"] * Decimal(2) + each["output_tokens"] * Decimal(3)) / 1_000_000, "EUR"


def born_alike(each: Mapping[str, Any]) -> dict[str, Any]:
    """A record's values as `BornAlike` has them."""
    amount, currency = cost_of(each)
    doubts = [name for name in DOUBTS if in_doubt(each, name)]
    if each["license"] is None and "source" in doubts and "license" not in doubts:
        doubts = [name for name in DOUBTS if name in (*doubts, "license")]
    return {
        **{str(name): value for name, value in named(each).items()},
        **({"license": None} if "license" in doubts else {}),
        "doubts": tuple(doubts),
        "activity": None if each["activity"] is None else ACTIVITIES.index(each["activity"]),
        "stage": "write" if each["activity"] == 0 else None,
        "currency": currency,
        "costed": amount is not None,
        "with_usage": None not in (each["input_tokens"], each["output_tokens"]),
    }


@settings(max_examples=20, deadline=None)
@given(samples())
def test_cells_are_the_certain_rows_grouped_by_all_that_is_known(opened: Any, several: list[Sample]) -> None:
    expected: dict[Any, list[int]] = {}
    for each in (each for births in several for each in births if each["rows"]):
        rows, tokens = each["rows"], each["tokens"]
        known = expected.setdefault(tuple(sorted(born_alike(each).items())), [0, 0, 0, 0])
        for place, amount in enumerate((rows, 10 * rows, rows * (tokens or 0), 0 if tokens is None else rows)):
            known[place] += amount
    with engine_over(opened, records_of(several)) as engine:
        found = engine.of(0).cells()
    assert len(found) == len(expected)
    for cell in found:
        values = asdict(cell)
        amounts = [values.pop(name) for name in ("rows", "bytes", "tokens", "rows_with_tokens")]
        assert expected[tuple(sorted(values.items()))] == [amounts[0], amounts[1], amounts[2] or 0, amounts[3]]
        assert (amounts[2] is None) == (amounts[3] == 0)


@settings(max_examples=20, deadline=None)
@given(samples())
def test_samples_of_which_the_same_is_not_certain_come_together(opened: Any, several: list[Sample]) -> None:
    # Twice the samples: each is there with its like.
    several = [*several, *several]
    expected: dict[Any, list[Any]] = {}
    for births in several:
        if rest := births[0]["ambiguous_rows"]:
            options: Counter[Any] = Counter()
            for each in births:
                options[tuple(sorted(born_alike(each).items()))] += each["possible_rows"] or 0
            expected.setdefault((rest, frozenset((+options).items())), []).append(births[0]["tokens"])
    with engine_over(opened, records_of(several)) as engine:
        found = engine.of(0).ambiguous()
        assert engine.of(0).ambiguous() == found
    assert len(found) == len(expected)
    for alike in found:
        possible = {
            tuple(sorted((asdict(option) | {"possible": 0}).items())): option.possible for option in alike.options
        }
        key = (
            alike.rest,
            frozenset(
                (tuple(item for item in born if item[0] != "possible"), count) for born, count in possible.items()
            ),
        )
        known = [tokens for tokens in expected[key] if tokens is not None]
        assert (alike.samples, alike.bytes, alike.samples_with_tokens) == (
            len(expected[key]),
            10 * len(expected[key]),
            len(known),
        )
        assert alike.tokens == (sum(known) if known else None)


@settings(max_examples=20, deadline=None)
@given(samples())
def test_what_was_spent_counts_each_call_once(opened: Any, several: list[Sample]) -> None:
    records = [each for births in several for each in births]
    with engine_over(opened, records_of(several)) as engine:
        spent = engine.of(0).spent()
        left = engine.of(0).spent_on_rows("cost")
    for currency in (None, "EUR"):
        of_it = [(each["calls"] or 1, cost_of(each)[0]) for each in records if cost_of(each)[1] == currency]
        costs = [calls * cost for calls, cost in of_it if cost is not None]
        found = [each for each in spent if each.currency == currency]
        assert sum(each.calls for each in found) == sum(calls for calls, cost in of_it if cost is not None)
        assert sum(each.cost or 0 for each in found) == sum(costs)
    for name in ("input_tokens", "output_tokens"):
        total = sum((each["calls"] or 1) * (each[name] or 0) for each in records)
        assert sum(getattr(each, name) or 0 for each in spent) == total
    least, most = (sum(bounds) for bounds in zip(*map(spent_by_hand, several), strict=True)) if several else (0, 0)
    # Where a record may have several rows, the least that is given may be less than any division comes to.
    if left is None:
        assert most == 0
        assert all(cost_of(each)[0] is None for each in records if each["rows"] or each["possible_rows"])
        return
    assert left.least <= least and left.most == most
    if all(not each["possible_rows"] for each in records):
        assert left.least == least


def spent_by_hand(births: Sample) -> tuple[Decimal, Decimal]:
    """What the calls took behind a sample's rows, over all ways in which the rows may divide, at least and at most.

    Of the rows of one record, one call is certain, and all calls of the record at most.
    """
    costs = [cost_of(each)[0] or Decimal(0) for each in births]
    calls = [each["calls"] or 1 for each in births]
    least, most = [], []
    for divided in assignments(births):
        least.append(sum(cost if rows else 0 for cost, rows in zip(costs, divided, strict=True)))
        most.append(sum(cost * min(n, rows) for cost, n, rows in zip(costs, calls, divided, strict=True)))
    return Decimal(min(least)), Decimal(max(most))


VALUES: dict[Column, list[Any]] = {
    "origin": ["real", "mixed"],
    "kind": [None, "rewrite"],
    "agent": [0],
    "model": ["undisclosed", None],
    "source": ["library", "no such source"],
    "license": ["PSF-2.0", None],
    "depth": [1],
    "evidence": [None],
    "chain_evidence": ["declared", None],
    "verdict": ["pass"],
    "verifier": ["judge"],
    "real_rooted": [False, None],
}


@settings(max_examples=20, deadline=None)
@given(samples(), st.lists(st.sampled_from(sorted(VALUES)), max_size=2, unique=True), st.integers(1, 8))
def test_samples_that_fit_conditions_come_by_rows_or_by_id(
    opened: Any, several: Any, columns: Any, number: int
) -> None:
    where = [Among(column, VALUES[column]) for column in columns]

    def fits(each: Mapping[str, Any]) -> bool:
        born = born_alike(each)
        doubts = {"model" if name == "agent" else name for name in born["doubts"]} | {*born["doubts"]}
        return all(born[among.column] in among.values and among.column not in doubts for among in where)

    fitting = []
    for place, births in enumerate(several):
        alike = [each for each in births if (each["rows"] or each["possible_rows"]) and fits(each)]
        if alike:
            kind = min((each["kind"] for each in alike if each["kind"]), default=None)
            rows, possible = (sum(each[name] or 0 for each in alike) for name in ("rows", "possible_rows"))
            fitting.append((-rows, -possible, sample(place), Bearing(sample(place), rows, kind)))
    with engine_over(opened, records_of(several)) as engine:
        most, some = engine.of(0).most_rows_where(where, number), engine.of(0).some_where(where, number)
    assert most == [bearing for *_, bearing in sorted(fitting, key=lambda each: each[:3])][:number]
    assert some == sorted(each[2] for each in fitting)[:number]


def test_nothing_is_among_no_values(opened: Any) -> None:
    with engine_over(opened, [record(sample(1))]) as engine:
        assert engine.of(0).most_rows_where([Among("origin", [])]) == []


def test_repeats_conflicts_and_dangling_parents_of_one_dataset_alone(opened: Any) -> None:
    mine = [
        record(sample(1), 3, origin="real"),
        record(sample(1), 0, origin="synthetic", activity=0),
        record(sample(1), 0, origin="mixed", activity=0),
        record(sample(2), 2, origin="synthetic", parents=[sample(8), sample(9)]),
        record(sample(2), 0, origin="synthetic", activity=0),
        record(sample(3), 1, origin="synthetic", parents=[sample(8), sample(1)]),
        record(sample(4), 0, origin="synthetic", parents=[sample(8)]),
        *(record(sample(gone), 0, origin="unknown", evidence=None, content_bytes=None) for gone in (8, 9)),
    ]
    theirs = [record(sample(3), 7, origin="real"), record(sample(7), 0, content_bytes=None)]
    with engine_over(opened, mine, theirs) as engine:
        mine_asked, theirs_asked = engine.of(0), engine.of(1)
        assert mine_asked.repeats() == Repeats(6, 3, (Bearing(sample(1), 3), Bearing(sample(2), 2)))
        assert mine_asked.repeats(1).most == (Bearing(sample(1), 3),)
        found = mine_asked.conflicts()
        assert (found.samples, found.rows) == (1, 3)
        assert found.shown == (Conflict(sample(1), 3, "real", "mixed, synthetic"),)
        lost = mine_asked.dangling()
        assert (lost.samples, lost.rows) == (2, 3)
        assert lost.children == (Bearing(sample(2), 2), Bearing(sample(3), 1))
        assert (theirs_asked.conflicts().samples, theirs_asked.dangling().children) == (0, ())


def test_rows_that_count_as_real_and_are_model_output_elsewhere(opened: Any) -> None:
    mine = [
        record(sample(1), 3, origin="real"),
        record(sample(1), 1, origin="real", source=0),
        record(sample(2), 2, origin="real"),
        record(sample(2), 4, origin="synthetic", activity=0),
        record(sample(3), 5, origin="synthetic"),
        record(sample(4), 6, origin="real"),
        record(sample(5), 0, origin="real"),
        record(sample(6), 0, origin="real", possible_rows=2),
        record(sample(7), 7, origin="real"),
    ]
    theirs = [record(sample(n), n % 2, origin="mixed") for n in (1, 5, 6)]
    theirs += [record(sample(3), 1, origin="real"), record(sample(7), 1, origin="unknown")]
    with engine_over(opened, mine, theirs) as engine:
        found = engine.of(0).disputed()
        # The second sample's own sidecar calls it both, and two of its rows count as real.
        assert (found.samples, found.rows, found.possible_rows) == (2, 3 + 1 + 2, 2)
        assert found.shown == (Bearing(sample(1), 4), Bearing(sample(2), 2))
        assert engine.of(0).disputed(1).shown == (Bearing(sample(1), 4),)
        assert (engine.of(1).disputed().samples, engine.of(1).disputed().rows) == (1, 1)


def test_origins_that_have_nothing_in_common_with_those_of_others(opened: Any) -> None:
    mine = [
        record(sample(1), 3, origin="real"),
        record(sample(2), 0, origin="real"),
        record(sample(3), 1, origin="synthetic", activity=0),
        record(sample(4), 1, origin="real"),
        record(sample(4), 0, origin="synthetic", activity=1),
        record(sample(5), 1, origin="real", activity=1),
        record(sample(6), 1, origin="unknown", evidence=None),
        record(sample(7), 1, origin="real"),
        record(sample(8), 1, origin="mixed"),
    ]
    theirs = [
        *(record(sample(number), 1, origin="synthetic", activity=1) for number in (1, 2, 4, 6)),
        record(sample(3), 1, origin="real"),
        record(sample(5), 1, origin="real"),
        # One that was taken out, of which nothing is stated any more.
        record(sample(7), 0, origin="unknown", activity=0, evidence=None),
    ]
    more = [record(sample(2), 1, origin="real"), record(sample(8), 1, origin="real")]
    apart = [record(sample(number), 1, origin="synthetic") for number in range(1, 9)]
    with engine_over(opened, mine, theirs, more, apart) as engine:
        in_order = sorted(WORDS.activities, key=lambda activity: activity.id)
        found = engine.of(0).disagreements([1, 2], [in_order.index(WORDS.activities[0])])
        first = Disagreement(1, ("real",), ("synthetic",), 1, sample(1))
        unknown = Disagreement(1, ("unknown",), ("synthetic",), 1, sample(6))
        assert found == [first, unknown, Disagreement(2, ("mixed",), ("real",), 1, sample(8))]
        alone = engine.of(0).disagreements([1], [])
        both = min(sample(1), sample(2))
        generated = Disagreement(1, ("synthetic",), ("real",), 1, sample(3))
        assert alone == [replace(first, samples=2, first=both), generated, unknown]
        assert engine.of(0).disagreements([0], []) == []


def test_rows_of_known_origin_by_the_activity_that_bore_them(opened: Any) -> None:
    stated = [
        *((1, 3, "real", 0), (2, 2, "synthetic", 0), (3, 0, "real", 0), (4, 7, "unknown", 0)),
        *((5, 1, "mixed", 1), (6, 1, "real", None)),
    ]
    records = [record(sample(n), rows, origin=origin, activity=number) for n, rows, origin, number in stated]
    with engine_over(opened, records, [record(sample(7), activity=1)]) as engine:
        found = engine.of(0).rows_by_activity()
    first = min(sample(1), sample(2))
    expected = [RowsOfActivity(WORDS.activities[0], 5, first), RowsOfActivity(WORDS.activities[1], 1, sample(5))]
    assert sorted(found, key=lambda each: -each.rows) == expected


def test_what_is_retained_of_an_earlier_versions_real_rows(opened: Any, tmp_path: Path) -> None:
    before = [
        record(sample(1), 3),
        record(sample(2), 1),
        record(sample(3), 1),
        record(sample(4), 5, origin="synthetic"),
        record(sample(5), 0),
    ]
    previous = open_sidecar(write(tmp_path, "before.jsonl", before))
    with engine_over(opened, [record(sample(1), 1), record(sample(2), 9), record(sample(3), 0)]) as engine:
        found = engine.of(0).retained(previous)
    assert (found.rows, found.retained) == (5, 2)
    assert found.gone == (Bearing(sample(1), 2), Bearing(sample(3), 1))


def lines(*values: tuple[int, str]) -> Iterator[pa.RecordBatch]:
    """What the data says, in two batches."""
    schema = pa.schema([("sample_id", pa.binary(DIGEST_SIZE)), ("value", pa.large_string())])
    for some in (values[:1], values[1:]):
        rows = [{"sample_id": bytes.fromhex(sample(number)), "value": value} for number, value in some]
        yield pa.RecordBatch.from_pylist(rows, schema=schema)


def test_rows_by_a_value_that_stands_in_the_data(opened: Any) -> None:
    held = [record(sample(1), 2, tokens=4), record(sample(2), 1), record(sample(3), 0)]
    with engine_over(opened, held) as engine:
        found = engine.of(0).by_value(lines((1, "en"), (2, "de"), (1, "en")), 9)
        assert found == [ValueAmounts("en", 2, 20, 8, 2), ValueAmounts("de", 1, 10, None, 0)]
        assert len(engine.of(0).by_value(lines((1, "en"), (2, "de"), (1, "fr")), 2)) == 2


def test_origins_come_in_the_order_of_the_datas_rows(opened: Any) -> None:
    held = [record(sample(1), 2), record(sample(2), 1, origin="mixed"), record(sample(2), 0, origin="real")]
    with engine_over(opened, held) as engine:
        ids = (batch.select(["sample_id"]) for batch in lines((2, ""), (1, ""), (7, ""), (1, "")))
        codes = [code for batch in engine.of(0).origins(ids, 2) for code in batch["code"].to_pylist()]
    assert [list(Origin)[code] for code in codes] == ["mixed", "real", "unknown", "real"]


def test_all_sidecars_are_asked_together(opened: Any) -> None:
    first = [record(sample(1), 2), record(sample(2), 1, origin="synthetic", agent=0)]
    second = [
        record(sample(1), 1, evidence="declared"),
        record(sample(3), 4, origin="unknown", evidence=None),
        record(sample(2), 0),
    ]
    with engine_over(opened, first, second) as engine:
        assert engine.rows_by_origin() == [(0, "real", 2), (0, "synthetic", 1), (1, "unknown", 4), (1, "real", 1)]
        found = engine.births(bytes.fromhex(sample(1)))
        assert [(each["sidecar"], each["evidence"], each["rows"]) for each in found] == [
            (0, "observed", 2),
            (1, "declared", 1),
        ]
        assert engine.births(bytes.fromhex(sample(9))) == []


def test_a_pooled_sample_is_unique_in_the_first_dataset(opened: Any) -> None:
    first, second = [record(sample(1), 2)], [record(sample(1), 3), record(sample(2), 1, origin="synthetic", agent=1)]
    with engine_over(opened, first, second) as engine:
        found = engine.pooled([1, 0], "bytes")
        amounts = {(each.place, each.origin, each.model): (each.amount, each.unique, each.distinct) for each in found}
        assert amounts == {
            (1, "real", None): (30, 10, 10),
            (1, "synthetic", "undisclosed"): (10, 10, 10),
            (0, "real", None): (20, 0, 10),
        }
        assert engine.pooled([], "rows") == []
        values = {0: lines((1, "en"), (1, "de")), 1: lines((1, "fr"), (1, "fr"), (2, "fr"), (1, "fr"))}
        by_value = Counter({(each.place, each.value): each.unique for each in engine.pooled_values(values, "rows", 9)})
        assert by_value == {(0, "de"): 1, (0, "en"): 0, (1, "fr"): 1}


def test_a_sample_of_several_births_is_pooled_once_as_what_these_agree_in(opened: Any) -> None:
    stated = {"kind": "answer", "origin": "synthetic"}
    records = [
        record(sample(1), 1, possible_rows=1, ambiguous_rows=1, agent=0, **stated),
        record(sample(1), 2, possible_rows=1, agent=1, **stated),
        record(sample(2), 1, origin="real"),
        record(sample(2), 0, origin="synthetic", agent=1),
    ]
    with engine_over(opened, records) as engine:
        found = engine.pooled([0], "rows")
    amounts = {(each.origin, each.model, each.doubts): (each.amount, each.unique, each.distinct) for each in found}
    assert amounts == {
        ("synthetic", MODELS[0], ()): (1, 0, 0),
        ("synthetic", MODELS[1], ()): (2, 0, 0),
        ("synthetic", None, ("agent",)): (1, 1, 1),
        ("real", None, ()): (1, 1, 1),
    }
    assert {each.kind for each in found if each.origin == "synthetic"} == {"answer"}


def test_parents_are_used_once_for_each_row_of_a_birth(opened: Any) -> None:
    records = [
        record(sample(1), 2, parents=[sample(8), sample(9)], parent_roles=["context", "context"]),
        record(sample(1), 1, parents=[sample(7)]),
        # The births of two rows agree in their parent, those of one do not.
        record(sample(2), 0, possible_rows=2, ambiguous_rows=2, parents=[sample(9)], seed=1),
        record(sample(2), 0, possible_rows=2, parents=[sample(9)], seed=2),
        record(sample(3), 0, possible_rows=1, ambiguous_rows=1, parents=[sample(7)]),
        record(sample(3), 0, possible_rows=1, parents=[sample(8)]),
        record(sample(4), 5, origin="real", parents=[sample(7)]),
        *(record(sample(parent), 0) for parent in (7, 8, 9)),
    ]
    with engine_over(opened, records) as engine:
        found = engine.of(0).parent_uses(2)
    assert (found.parents, found.uses, found.ambiguous_rows) == (3, 7, 1)
    assert found.most == (Bearing(sample(9), 4), Bearing(sample(8), 2))
    assert found.uses_by_logarithm == pytest.approx(4 * log(4) + 2 * log(2))


def test_rows_by_origin_count_ambiguous_ones_apart(opened: Any) -> None:
    records = [
        record(sample(1), 1, origin="real", possible_rows=1, ambiguous_rows=1),
        record(sample(1), 0, origin="synthetic", possible_rows=1),
        record(sample(2), 0, origin="synthetic", possible_rows=2, ambiguous_rows=2, seed=1),
        record(sample(2), 0, origin="synthetic", possible_rows=2, seed=2),
        record(sample(3), 1, origin="unknown", doubts=1),
    ]
    with engine_over(opened, records) as engine:
        assert engine.rows_by_origin() == [(0, "ambiguous", 2), (0, "synthetic", 2), (0, "real", 1)]


def test_rows_made_from_a_parent_that_nobody_knows_are_bounded(opened: Any) -> None:
    records = [
        record(sample(1), 1, parents=[sample(9)], possible_rows=1, ambiguous_rows=1),
        record(sample(1), 1, parents=[sample(8)], possible_rows=1),
        record(sample(8), 0),
        record(sample(9), 0, content_bytes=None, origin="unknown", evidence=None),
    ]
    with engine_over(opened, records) as engine:
        found = engine.of(0).dangling()
    assert (found.samples, found.rows, found.at_most_rows) == (1, 1, 2)
    assert found.children == (Bearing(sample(1), 1),)


def told_apart(rows_of_two: Sequence[int]) -> list[dict[str, Any]]:
    """Two answers by each of two models, of which scripts kept one by each; that marks tell the models apart."""
    marks = [None, b"1" * 8, b"2" * 8]
    records = []
    for place, (agent, seed) in enumerate((agent, seed) for agent in (0, 1) for seed in (1, 2)):
        of_mark = {"mark": marks[agent + 1], "rows": 0, "possible_rows": 1, "ambiguous_rows": rows_of_two[agent]}
        records.append(
            record(
                sample(1),
                rows=0,
                origin="synthetic",
                agent=agent,
                seed=seed,
                possible_rows=1,
                ambiguous_rows=sum(rows_of_two) if place == 0 else None,
                marks=[of_mark],
            )
        )
    return records


def test_what_marks_tell_apart_is_ambiguous_apart(opened: Any) -> None:
    with engine_over(opened, told_apart([1, 1])) as engine:
        rows = DatasetRows(engine.of(0).cells(), engine.of(0).ambiguous())
        by_model = rows.by(lambda born: born.model)
        by_origin = engine.rows_by_origin()
    assert {model: between.rows for model, between in by_model.groups.items()} == dict.fromkeys(MODELS, (1, 1))
    assert by_model.ambiguous.rows == 0
    assert rows.total.rows == 2
    assert by_origin == [(0, "synthetic", 2)]
    # Without the marks it might be two answers by one model.
    without = [each | {"marks": None} for each in told_apart([1, 1])]
    with engine_over(opened, without) as engine:
        by_model = DatasetRows(engine.of(0).cells(), engine.of(0).ambiguous()).by(lambda born: born.model)
    assert {model: between.rows for model, between in by_model.groups.items()} == dict.fromkeys(MODELS, (0, 2))


@settings(max_examples=20, deadline=None)
@given(samples(), st.integers(1, 3))
def test_rows_sample_by_sample_add_up_to_the_same(opened: Any, several: list[Sample], batch_rows: int) -> None:
    with engine_over(opened, records_of(several)) as engine:
        expected = DatasetRows(engine.of(0).cells(), engine.of(0).ambiguous())
        births = engine.of(0).row_births(batch_rows)
        certain, possible = (
            [line for batch in batches for line in batch.to_pylist()] for batches in (births.certain, births.possible)
        )
    units_in_order = [(line["sample_id"], line["unit"]) for line in possible]
    assert units_in_order == sorted(units_in_order)
    cells = [
        Cell(**asdict(births.ways[line["way"]]), rows=line["rows"], bytes=0, tokens=None, rows_with_tokens=0)
        for line in certain
    ]
    units: dict[Any, list[Any]] = {}
    for line in possible:
        option = Option(**asdict(births.ways[line["way"]]), possible=line["possible"])
        units.setdefault((line["sample_id"], line["unit"], line["rest"]), []).append(option)
    ambiguous = [AmbiguousSamples(rest, tuple(options), 1, 0, None, 0) for (*_, rest), options in units.items()]
    found = DatasetRows(cells, ambiguous)
    assert found.total.rows == expected.total.rows
    for breakdown in BREAKDOWNS.values():
        one, other = found.by(breakdown.group), expected.by(breakdown.group)
        assert {group: each.rows for group, each in one.groups.items()} == {
            group: each.rows for group, each in other.groups.items()
        }
