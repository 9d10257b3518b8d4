from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.sidecars import Words, ledger_of, record, sample, write
from support.workbench import MORNING, NOON

from provenance.errors import SidecarError, UnknownReferenceError
from provenance.ledger.collecting import Found
from provenance.ledger.datasets import State
from provenance.ledger.graph.graph import SampleSet
from provenance.ledger.selectors import select
from provenance.ledger.sidecars import Occurrence, Sidecars
from provenance.ledger.walks import Direction, trace
from provenance.lineage.records import Activity, ActivityType, Agent, Origin, Plan, Source
from provenance.repository import Repository

MODEL = Agent(name="writer", revision="r1")
PROMPT = Plan(name="ask", template="Ask about {text}")
LIBRARY = Source(name="library", license="PSF-2.0")
GENERATION = Activity(type=ActivityType.GENERATION, agent=MODEL.id, plan=PROMPT.id, started=NOON)
EARLIER = Activity(type=ActivityType.GENERATION, agent=MODEL.id, started=MORNING)
COLLECTION = Activity(type=ActivityType.COLLECTION, source=LIBRARY.id)


def test_a_birth_in_many_sidecars_is_one_record_with_what_each_knows(repository: Repository, tmp_path: Path) -> None:
    first = write(
        tmp_path,
        "a.jsonl",
        [
            record(sample(1), rows=2, parents=[sample(2)], activity=1, agent=0, depth=None, tokens=7),
            record(sample(2), 0),
        ],
        Words((COLLECTION, GENERATION), (MODEL,), (PROMPT,), (LIBRARY,)),
    )
    second = write(
        tmp_path,
        "b.jsonl",
        [record(sample(1), rows=3, parents=[sample(2)], activity=0, agent=0, depth=1), record(sample(2), 0)],
        Words((GENERATION,), (MODEL,), (PROMPT,)),
    )
    with ledger_of(repository, first, second) as ledger:
        (found,) = ledger.records(sample(1))
        occurrences = ledger.occurrences(sample(1))
        assert ledger.occurrences(sample(2)) == []
    assert (found.rows, found.depth, found.tokens) == (5, 1, 7)
    assert (found.activity, found.agent, found.plan) == (GENERATION, MODEL, PROMPT)
    assert found.parents == (sample(2),)
    assert occurrences == [Occurrence("a.jsonl", 2), Occurrence("b.jsonl", 3)]


def test_births_come_with_the_best_evidence_and_the_earliest_first(repository: Repository, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.jsonl",
        [
            record(sample(1), 0, activity=0, origin="synthetic", evidence="observed"),
            record(sample(1), 0, activity=2, origin="real", evidence="declared", source=0),
            record(sample(1), 1, activity=1, origin="synthetic", evidence="observed"),
        ],
        Words((GENERATION, EARLIER, COLLECTION), (MODEL,), (PROMPT,), (LIBRARY,)),
    )
    with ledger_of(repository, path) as ledger:
        found = ledger.records(sample(1))
        (node,) = trace(ledger.models, sample(1), Direction.ANCESTORS).nodes
    assert [each.activity for each in found] == [EARLIER, GENERATION, COLLECTION]
    assert found[2].source == LIBRARY
    assert node.activity == EARLIER.id


def test_an_unknown_record_counts_only_where_there_is_no_other(repository: Repository, tmp_path: Path) -> None:
    unknown: dict[str, Any] = {"origin": "unknown", "evidence": None}
    first = write(tmp_path, "a.jsonl", [record(sample(1), **unknown), record(sample(2), **unknown)])
    second = write(tmp_path, "b.jsonl", [record(sample(1))])
    with ledger_of(repository, first, second) as ledger:
        assert [each.origin for each in ledger.records(sample(1))] == [Origin.REAL]
        assert [each.origin for each in ledger.records(sample(2))] == [Origin.UNKNOWN]
        assert trace(ledger.models, sample(1), Direction.ANCESTORS).nodes[0].origin == "real"
        with pytest.raises(UnknownReferenceError, match="no sidecar"):
            ledger.records(sample(3))


def test_names_with_glob_characters_and_quotes_are_read_as_they_stand(repository: Repository, tmp_path: Path) -> None:
    names = ["a*.jsonl", "ab.jsonl", "[a]'b?.jsonl"]
    paths = [write(tmp_path, name, [record(sample(n), rows=n + 1)]) for n, name in enumerate(names)]
    with ledger_of(repository, *paths) as ledger:
        assert ledger.rows_by_origin() == {name: {"real": n + 1} for n, name in enumerate(names)}


def test_a_ledger_without_sidecars_answers(repository: Repository) -> None:
    with ledger_of(repository) as ledger:
        assert ledger.rows_by_origin() == {}
        with pytest.raises(UnknownReferenceError):
            ledger.records(sample(1))


def test_the_state_compares_hashes_where_both_are_known(repository: Repository, tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", [record(sample(1))], md5="1" * 32)
    for md5, state in (("1" * 32, State.OK), ("2" * 32, State.STALE), (None, State.OK)):
        with ledger_of(repository, path, md5=md5) as ledger:
            assert ledger.recorded[0].state is state
    with pytest.raises(SidecarError, match=r"^a\.jsonl: its sidecar was made for a file of md5 1{32}"):
        ledger_state(repository, path)


def ledger_state(repository: Repository, path: Path) -> None:
    with ledger_of(repository, path, md5="2" * 32) as ledger:
        ledger.recorded[0].require_current()


def test_a_dataset_is_found_by_path_or_the_error_says_why_not(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.root)
    with ledger_of(repository, write(tmp_path, "data/a.jsonl", [record(sample(1))])) as ledger:
        assert ledger.dataset("data/../data/a.jsonl").path == "data/a.jsonl"
        with pytest.raises(SidecarError, match=re.escape("data/bare.jsonl: no sidecar here")):
            ledger.dataset("data/bare.jsonl")
        with pytest.raises(UnknownReferenceError, match=re.escape("datasets are: data/a.jsonl, data/bare.jsonl")):
            ledger.dataset("data/b.jsonl")


def test_a_set_is_read_while_other_questions_are_asked(repository: Repository, tmp_path: Path) -> None:
    count = 20_001
    records = [record(f"{number:032x}") for number in range(count)]
    with ledger_of(repository, write(tmp_path, "a.jsonl", records)) as ledger:
        chosen = SampleSet(ledger.graph, select(ledger, ["origin:real"]).samples)
        ids = iter(chosen)
        first = next(ids)
        assert ledger.occurrences(first) == [Occurrence("a.jsonl", 1)]
        assert [first, *ids] == [f"{number:032x}" for number in range(count)]
        assert len(chosen) == count


def test_a_sidecar_that_breaks_off_while_it_is_read_is_a_sidecar_error(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "a.jsonl", [record(f"{n:032x}", prompt_text=f"{n * n * 7919:x}") for n in range(5000)])
    content = bytearray(path.read_bytes())
    content[100:20_000] = bytes(19_900)
    path.write_bytes(content)
    dataset = ledger_of(repository, path)
    with dataset as ledger:
        recorded = ledger.recorded
    monkeypatch.setattr("provenance.ledger.sidecars.collect", lambda *_, anew: Found([*recorded]))
    with pytest.raises(SidecarError, match="a sidecar cannot be read"), Sidecars.open(repository) as ledger:
        ledger.records(f"{1:032x}")


def test_each_birth_says_how_many_rows_are_of_it(repository: Repository, tmp_path: Path) -> None:
    """Over both datasets: of seven rows, two or three are by the first birth, three or four by the second, one of
    nobody knows which; in the other dataset the rows are of the second."""
    unexplained: dict[str, Any] = {"origin": "unknown", "evidence": None}
    births = [
        record(sample(1), 2, possible_rows=1, ambiguous_rows=1, activity=0),
        record(sample(1), 1, possible_rows=1, activity=1),
        record(sample(1), 1, **unexplained),
    ]
    words = Words((EARLIER, GENERATION), (MODEL,), (PROMPT,))
    first = write(tmp_path, "a.jsonl", births, words)
    second = write(tmp_path, "b.jsonl", [record(sample(1), 2, activity=1)], words)
    third = write(tmp_path, "c.jsonl", [record(sample(1), 9, **unexplained)])
    with ledger_of(repository, first, second) as ledger:
        found = ledger.records(sample(1))
        assert [(each.rows, each.possible_rows, each.ambiguous_rows) for each in found] == [
            (2, 1, 1),
            (3, 1, 0),
            (1, 0, 0),
        ]
        assert ledger.occurrences(sample(1)) == [Occurrence("a.jsonl", 5), Occurrence("b.jsonl", 2)]
        (node,) = trace(ledger.models, sample(1), Direction.ANCESTORS).nodes
        assert node.births == 2
    with ledger_of(repository, second, third) as ledger:
        # One dataset does not know what another does.
        assert [each.rows for each in ledger.records(sample(1))] == [2]
