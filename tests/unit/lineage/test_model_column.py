from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.workbench import DERIVATION, Workbench, identifier

from provenance.errors import DataError
from provenance.identity.digests import digest_function
from provenance.identity.names import sidecar_path
from provenance.lineage.model_column import MOST_MODELS
from provenance.lineage.sidecar import open_sidecar

DOCUMENTS = [{"text": f"document {number}"} for number in range(3)]


def complete(workbench: Workbench, rows: list[dict[str, Any]], suffix: str = "jsonl") -> Path:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    path = workbench.dataset(f"out.{suffix}", rows)
    workbench.complete(path, dependencies=[documents], derivation=DERIVATION)
    return path


def test_rows_say_which_model_made_them_and_how(workbench: Workbench) -> None:
    made = {"text": "made", "_parents": "documents.jsonl:1", "_model": "a/b", "_kind": "rewrite", "_prompt": "Rewrite!"}
    scratch = {"text": "from nothing", "_model": "c"}
    derived = {"text": "derived", "_parents": "documents.jsonl:2"}
    path = complete(workbench, [made, made, scratch, derived, DOCUMENTS[0]])
    assert "_model" not in path.read_text() and "_prompt" not in path.read_text()
    header = open_sidecar(Path(sidecar_path(str(path)))).header
    record = workbench.record(path, made)
    assert (record["rows"], record["calls"], record["origin"], record["kind"]) == (2, 2, "synthetic", "rewrite")
    assert (record["depth"], record["real_rooted"], record["evidence"], record["chain_evidence"]) == (
        1,
        True,
        "observed",
        "declared",
    )
    assert record["prompt"] == digest_function("xxh3_128")(b"Rewrite!")
    assert record["parents"] == [identifier(DOCUMENTS[0])]
    assert header.agents[record["agent"]].name == "a/b"
    record = workbench.record(path, scratch)
    assert (header.agents[record["agent"]].name, record["depth"], record["real_rooted"]) == ("c", 1, False)
    record = workbench.record(path, derived)
    assert (record["origin"], record["agent"], record["kind"]) == ("real", None, None)
    assert workbench.record(path, DOCUMENTS[0])["origin"] == "real"


def test_a_model_that_repeats_its_parent_is_a_birth_of_its_own(workbench: Workbench) -> None:
    echo = {**DOCUMENTS[0], "_parents": "documents.jsonl:1", "_model": "m"}
    path = complete(workbench, [echo, DOCUMENTS[0]])
    births = [record for record in workbench.records(path) if record["sample_id"] == identifier(DOCUMENTS[0])]
    assert [(record["origin"], record["rows"]) for record in births] == [("synthetic", 1), ("real", 1)]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"text": "x", "_kind": "rewrite"}, "_kind goes with _model"),
        ({"text": "x", "_prompt": "p"}, "_prompt goes with _model"),
        ({"text": "x", "_model": "m", "_kind": "magic"}, "_kind is 'magic', not one of rewrite"),
        ({"text": "x", "_model": 3}, "_model must be text"),
    ],
)
def test_what_does_not_fit_is_an_error_of_its_row(workbench: Workbench, row: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=f":2: {problem}"):
        complete(workbench, [DOCUMENTS[0], row])


def test_what_is_no_models_name_is_noticed(workbench: Workbench) -> None:
    rows = [{"text": f"{number}", "_model": f"answer {number}"} for number in range(MOST_MODELS + 1)]
    with pytest.raises(DataError, match=f":{MOST_MODELS + 1}: _model names more than"):
        complete(workbench, rows)


def test_a_kind_of_the_user_s_own(workbench: Workbench) -> None:
    path = complete(workbench, [{"text": "a", "_model": "writer", "_kind": "other:brainstorm"}])
    assert workbench.record(path, {"text": "a"})["kind"] == "other:brainstorm"
