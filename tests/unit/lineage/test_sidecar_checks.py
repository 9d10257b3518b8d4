from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.workbench import DERIVATION, Workbench, fingerprint, identifier

from provenance.identity import Identity
from provenance.lineage.verification import verify

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
    found = verify(data, sidecar, Identity(), name="mix", md5=fingerprint(data)[0], workspace=data.parent)
    return [problem.problem for problem in found]


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


def test_samples_that_go_in_circles(mix: Path) -> None:
    falsify(mix, WRITTEN[0], lambda record: record.update(parents=[bytes.fromhex(identifier(DERIVED))]))
    assert any("is its own ancestor" in problem for problem in problems(mix))
