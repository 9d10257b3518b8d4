from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.sidecars import Words, record, sample, write
from support.verified import verified
from support.workbench import DERIVATION, Workbench, fingerprint, identifier

from provenance.lineage.database import scratch_database
from provenance.lineage.record_rows import placed_records
from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.sidecar_checks import contradictions

Falsify = Callable[[dict[str, Any]], None]
DOCUMENTS = [{"text": f"document {number}"} for number in range(3)]
WRITTEN = [{"text": f"written {number}"} for number in range(3)]
DERIVED = {"text": "derived"}


@pytest.fixture
def mix(workbench: Workbench) -> Path:
    """Real, synthetic (from real; from synthetic; echoing its parent) and derived rows."""
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    parents = [[identifier(DOCUMENTS[0])], [identifier(WRITTEN[0])], [identifier(DOCUMENTS[1])], []]
    rows = [WRITTEN[0], WRITTEN[1], DOCUMENTS[1], WRITTEN[2]]
    synthetic = workbench.generated("synthetic.jsonl", rows, parents, [documents])
    derived = {**DERIVED, "_parents": [identifier(WRITTEN[1])]}
    data = workbench.dataset("mix.jsonl", [*DOCUMENTS, *WRITTEN, derived])
    workbench.complete(data, dependencies=[documents, synthetic], derivation=DERIVATION)
    return data


def problems(data: Path) -> list[str]:
    sidecar = data.with_name(data.name + ".lineage.parquet")
    return [problem.problem for problem in verified(data, sidecar, "mix", fingerprint(data)[0])]


def falsify(data: Path, row: dict[str, Any], change: Falsify) -> None:
    sidecar = data.with_name(data.name + ".lineage.parquet")
    table = pq.read_table(sidecar)
    rows = table.to_pylist()
    change(next(r for r in rows if r["sample_id"].hex() == identifier(row) and r["rows"]))
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), sidecar)


def test_what_completion_writes_contradicts_nothing(mix: Path) -> None:
    assert problems(mix) == []


@pytest.mark.parametrize(
    ("row", "change", "said"),
    [
        (DOCUMENTS[0], {"origin": "evil\x1b[31m"}, "origin 'evil\\x1b[31m' of 1 records is not one of real, synthetic"),
        (WRITTEN[0], {"kind": "poem"}, "kind 'poem'"),
        (WRITTEN[0], {"evidence": "rumour"}, "evidence 'rumour'"),
        (DOCUMENTS[0], {"depth": 9}, "1 records are real, but not of depth 0"),
        (DOCUMENTS[2], {"real_rooted": False}, "1 records are real, but not real-rooted"),
        (WRITTEN[1], {"depth": 1}, "not one step deeper"),
        (WRITTEN[0], {"real_rooted": False}, "real-rooted parent"),
        (DERIVED, {"depth": 3}, "not as deep as the deepest parent"),
        (DERIVED, {"origin": "real", "depth": 0}, "real, but derive from what a model made"),
        (DERIVED, {"parents": [bytes.fromhex(identifier(DERIVED))]}, "is its own ancestor"),
    ],
)
def test_a_falsified_record_is_told(mix: Path, row: dict[str, Any], change: dict[str, Any], said: str) -> None:
    falsify(mix, row, lambda record: record.update(change))
    assert any(said in problem for problem in problems(mix)), problems(mix)


def test_a_kind_of_the_user_s_own_is_a_kind(mix: Path) -> None:
    falsify(mix, WRITTEN[0], lambda record: record.update(kind="other:brainstorm"))
    assert problems(mix) == []


def test_samples_that_go_in_circles(mix: Path) -> None:
    falsify(mix, WRITTEN[0], lambda record: record.update(parents=[bytes.fromhex(identifier(DERIVED))]))
    assert any("is its own ancestor" in problem for problem in problems(mix))


PARENT, CHILD = sample(1), sample(2)
STEPS = Words(
    (
        Activity(type=ActivityType.GENERATION),
        Activity(type=ActivityType.DERIVATION),
        Activity(type=ActivityType.COLLECTION),
    )
)
GENERATED, DERIVED_STEP, COLLECTED = range(3)
REAL = {"origin": "real", "depth": 0, "real_rooted": True, "activity": COLLECTED, "chain_evidence": "observed"}
MADE = {
    "origin": "synthetic",
    "depth": 1,
    "real_rooted": False,
    "activity": GENERATED,
    "evidence": "declared",
    "chain_evidence": "declared",
}
UNKNOWN = {"origin": "unknown", "evidence": None}
# Of the parent's two births nothing is inherited, as they differ in all of it.
IN_DOUBT = {"origin": "unknown", "doubts": 0b1100001, "activity": DERIVED_STEP, "chain_evidence": "declared"}
TAKEN = {"activity": DERIVED_STEP}


def said(folder: Path, parents: list[dict[str, Any]], child: dict[str, Any]) -> list[str]:
    """What contradicts itself where a child was made from one parent with these births."""
    records = [*(record(PARENT, 0, **each) for each in parents), record(CHILD, 1, **{"parents": [PARENT], **child})]
    opened = open_sidecar(write(folder, "a.jsonl", records, STEPS))
    with scratch_database(folder) as connection:
        connection.execute(f"CREATE VIEW records AS FROM {placed_records(opened)}")
        return contradictions(connection, opened)


@pytest.mark.parametrize(
    "child",
    [
        IN_DOUBT,
        # The dataset that was read may have had rows of one birth only.
        {**REAL, **TAKEN},
        {**MADE, **TAKEN},
        # A model's output is synthetic, however its parent was born; nobody knows how deep.
        {**MADE, "real_rooted": None, "doubts": 0b1100000, "depth": None},
        {**MADE, "depth": 2},
    ],
)
def test_what_follows_from_one_of_several_births_or_is_in_doubt(tmp_path: Path, child: dict[str, Any]) -> None:
    assert said(tmp_path, [REAL, MADE], child) == []


@pytest.mark.parametrize(
    ("parents", "child", "problem"),
    [
        ([REAL, MADE], {**IN_DOUBT, "depth": 1}, "state what they are in doubt about"),
        ([REAL, MADE], {**IN_DOUBT, "origin": "real", "depth": 0, "real_rooted": True}, "are in doubt about"),
        ([REAL], IN_DOUBT, "each of their parents has one birth"),
        ([], {**UNKNOWN, "parents": [], "doubts": 1}, "about parents that they do not have"),
        ([REAL, MADE], {**MADE, "depth": 3}, "not one step deeper"),
        ([REAL, MADE], {**MADE, "depth": None}, "not one step deeper"),
        ([REAL, MADE], {**MADE, **TAKEN, "depth": 2}, "not as deep"),
        ([REAL, REAL], {**MADE, **TAKEN, "depth": 0, "real_rooted": True}, "derive only from what is real"),
        ([REAL, {**REAL, "seed": 1}], {**MADE, "real_rooted": False}, "have a real-rooted parent"),
        ([MADE, MADE], {**REAL, **TAKEN, "chain_evidence": "declared"}, "derive from what a model made"),
        ([REAL], {**REAL, **TAKEN, "chain_evidence": "rumour"}, "chain_evidence 'rumour'"),
        ([MADE], {**MADE, "depth": 2, "evidence": "inferred"}, "more of the evidence of their chain"),
        ([MADE], {**MADE, "depth": 2, "evidence": "observed", "chain_evidence": "observed"}, "the weakest evidence"),
        ([MADE], {**MADE, "depth": 2, "evidence": "observed", "chain_evidence": None}, "the weakest evidence"),
        ([UNKNOWN], {**MADE, "depth": None, "real_rooted": None}, "a parent that nobody explained"),
        ([], {**REAL, "parents": [], "chain_evidence": "declared"}, "without parents"),
        ([], {**REAL, "parents": [], "chain_evidence": None}, "without parents"),
        ([], {**MADE, "parents": [], "chain_evidence": None}, "without parents"),
    ],
)
def test_what_follows_from_no_choice_of_births_is_told(
    tmp_path: Path, parents: list[dict[str, Any]], child: dict[str, Any], problem: str
) -> None:
    found = said(tmp_path, parents, child)
    assert any(problem in each for each in found), found


def test_an_echo_may_follow_from_another_birth_of_its_sample(tmp_path: Path) -> None:
    """A model repeated the sample word for word: that parent is gone, and the depth that followed from it stays."""
    deep = {**MADE, "depth": 3, "evidence": "observed"}
    records = [
        record(PARENT, 0, **REAL),
        record(CHILD, 1, **{**MADE, "depth": 2}),
        record(CHILD, 1, parents=[PARENT], **{**deep, "real_rooted": True}),
    ]
    opened = open_sidecar(write(tmp_path, "a.jsonl", records, STEPS))
    with scratch_database(tmp_path) as connection:
        connection.execute(f"CREATE VIEW records AS FROM {placed_records(opened)}")
        assert contradictions(connection, opened) == []
