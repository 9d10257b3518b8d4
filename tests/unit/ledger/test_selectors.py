from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.sidecars import Words, ledger_of, record, sample, write

from provenance.errors import UnknownReferenceError
from provenance.ledger.selectors import select
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.records import Activity, ActivityType, Agent, Plan, Source
from provenance.repository import Repository

OLD = Agent(name="org/model:small", revision="1")
NEW = Agent(name="org/model:small", revision="2")
ASK = Plan(name="ask", template="…")
LIBRARY = Source(name="library", license="PSF-2.0")
COLLECTION = Activity(type=ActivityType.COLLECTION, source=LIBRARY.id)
BY_OLD = Activity(type=ActivityType.GENERATION, agent=OLD.id, plan=ASK.id)
BY_NEW = Activity(type=ActivityType.GENERATION, agent=NEW.id)


@pytest.fixture
def ledger(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sidecars]:
    """Samples 1 (collected), 2 (by the old model), 3 (by the new one) and 4 (unknown here, known there)."""
    monkeypatch.chdir(repository.root)
    here = write(
        tmp_path,
        "here.jsonl",
        [
            record(sample(1), activity=0, source=0),
            record(sample(2), activity=1, agent=0, kind="answer", parents=[sample(1)]),
            record(sample(4), origin="unknown", evidence=None),
            record(sample(5), origin="unknown", evidence=None),
        ],
        Words((COLLECTION, BY_OLD), (OLD,), (ASK,), (LIBRARY,)),
    )
    there = write(
        tmp_path,
        "there.jsonl",
        [
            record(sample(1), rows=0, activity=1, source=0),
            record(sample(3), activity=0, agent=0, kind="rewrite", parents=[sample(1)]),
            record(sample(4), license="MIT"),
        ],
        Words((BY_NEW, COLLECTION), (NEW,), (), (LIBRARY,)),
    )
    with ledger_of(repository, here, there) as opened:
        yield opened


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        (["source:library"], {1}),
        (["model:org/model:small"], {2, 3}),
        (["model:org/model:small@2"], {3}),
        (["prompt:ask"], {2}),
        ([f"prompt:ask@{ASK.id[:6]}"], {2}),
        ([f"prompt:ask@{ASK.id.upper()}"], {2}),
        ([f"activity:{BY_NEW.id}"], {3}),
        (["license:PSF-2.0"], {1}),
        (["license:MIT"], {4}),
        (["origin:real"], {1, 4}),
        (["origin:unknown"], {5}),
        (["origin:mixed"], set()),
        (["kind:answer"], {2}),
        (["dataset:there.jsonl"], {3, 4}),
        ([f"sample:{sample(3)}"], {3}),
        ([f"sample:{sample(2)[:8]}", "kind:rewrite", "kind:answer"], {2, 3}),
    ],
)
def test_a_selector_selects(ledger: Sidecars, selectors: list[str], expected: set[int]) -> None:
    assert sorted(ledger.graph.ids(select(ledger, selectors).samples)) == sorted(map(sample, expected))


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("library", "not a selector; write one of sample:…, source:…"),
        ("source:", "not a selector"),
        ("mix.jsonl:3", "mix.jsonl:3: not a selector; a sample is sample:mix.jsonl:3; write one of"),
        ("0123456789ab", "a sample is sample:0123456789ab"),
        ("colour:blue", "not a selector"),
        ("source:libary", "source:libary: no such source in this revision; known: library$"),
        ("model:gpt", r"known: org/model:small@1, org/model:small@2$"),
        ("prompt:x", "known: ask$"),
        ("activity:1234", "no such activity"),
        ("license:GPL", "known: MIT, PSF-2.0$"),
        ("origin:human", "known: mixed, real, synthetic, unknown$"),
        ("kind:x", "no such kind"),
        ("dataset:nowhere.jsonl", "not a dataset that DVC tracks"),
        ("sample:zz", "neither a sample id"),
    ],
)
def test_what_fits_nothing_is_an_error_that_says_what_there_is(ledger: Sidecars, selector: str, message: str) -> None:
    with pytest.raises(UnknownReferenceError, match=message):
        select(ledger, [selector])


def test_a_value_cannot_leave_its_place_in_the_question(ledger: Sidecars) -> None:
    with pytest.raises(UnknownReferenceError):
        select(ledger, ["license:' OR true --"])


def test_a_kind_that_somebody_named_is_there_and_one_of_the_table_need_not_be(ledger: Sidecars) -> None:
    assert not list(ledger.graph.ids(select(ledger, ["kind:summary"]).samples))
    with pytest.raises(
        UnknownReferenceError, match="kind:other:riddel: no such kind in this revision; known: answer, re"
    ):
        select(ledger, ["kind:other:riddel"])
