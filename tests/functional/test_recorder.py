from __future__ import annotations

import copy
import pickle
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.recording import LIBRARY, collect_documents, lines, records

import provenance
from provenance.capture import reading
from provenance.errors import DataError, ProvenanceError, RepositoryError
from provenance.lineage.records import RejectedCalls
from provenance.lineage.sidecar import open_sidecar

MODEL = provenance.Model(name="writer", revision="1", license="Apache-2.0")
PROMPT = provenance.Prompt(name="ask", template="Ask about: {text}")


@pytest.fixture
def documents(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    # Each test stands for a process of its own, which remembers what it read.
    monkeypatch.setattr(reading, "_read_here", {})
    return collect_documents()


def member(dataset: str, text: str) -> dict[str, Any]:
    """The record of the row of ``dataset`` with this text."""
    identifier = provenance.sample_id({"text": text})
    (found,) = [record for record in records(dataset) if record["sample_id"] == identifier]
    return found


def test_collected_rows_are_real(documents: str) -> None:
    assert lines(documents) == [{"text": f"document {number}", "page": number} for number in range(5)]
    told = {(r["rows"], r["origin"], r["license"], r["evidence"], r["depth"]) for r in records(documents)}
    assert told == {(1, "real", "MIT", "observed", 0)}
    header = open_sidecar(Path(f"{documents}.lineage.parquet")).header
    assert header.sources == (LIBRARY,)
    assert header.dataset.rows == 5


def test_generated_rows_bear_all_that_was_told(documents: str) -> None:
    document, other, *_ = provenance.read(documents)
    third = provenance.sample_id({"text": "document 2"})
    with provenance.record("a.jsonl", model=MODEL, prompt=PROMPT, kind="answer", license="CC0-1.0") as recorder:
        recorder.write(
            {"text": "answer"},
            key="a",
            parents=[document, (other, "context"), third, f"{documents}:4"],
            usage={"prompt_tokens": 7, "completion_tokens": 3},
            prompt_variables={"text": document["text"]},
            response_id="r-1",
            seed=42,
            cost=0.25,
            verdict="good",
            verifier="reader",
        )
        recorder.write({"text": "bare"}, license="MIT")
    answer = member("a.jsonl", "answer")
    assert answer["parents"] == [provenance.sample_id({"text": f"document {number}"}) for number in range(4)]
    assert answer["parent_roles"] == ["derived_from", "context", "derived_from", "derived_from"]
    told: dict[str, Any] = {
        "origin": "synthetic",
        "kind": "answer",
        "source_type": "trainedAlgorithmicData",
        "response_id": "r-1",
    }
    told |= {"seed": 42, "verdict": "good", "verifier": "reader"}
    assert {name: answer[name] for name in told} == told
    assert (answer["input_tokens"], answer["output_tokens"], float(answer["cost"])) == (7, 3, 0.25)
    assert (answer["license"], answer["depth"], answer["real_rooted"]) == ("CC0-1.0", 1, True)
    assert (len(answer["prompt"]), answer["prompt_text"]) == (32, None)
    bare = member("a.jsonl", "bare")
    assert (bare["parents"], bare["prompt"], bare["input_tokens"], bare["cost"]) == ([], None, None, None)
    assert bare["license"] == "MIT"
    assert [record["origin"] for record in records("a.jsonl") if record["rows"] == 0] == ["real"] * 4


def test_the_activity_says_how(documents: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = str(Path.cwd() / "code" / "run.py")
    monkeypatch.setattr(sys, "argv", [script, "--api-key", "abc", "/elsewhere/weights.gguf"])
    with provenance.record("a.jsonl", model=MODEL, prompt="Say {word}", parameters={"top_k": 5}) as recorder:
        recorder.write({"text": "x"})
    header = open_sidecar(Path("a.jsonl.lineage.parquet")).header
    (activity,) = header.activities
    assert activity.command == "code/run.py --api-key REDACTED weights.gguf"
    assert activity.parameters == {"gen_ai.request.top_k": 5}
    assert activity.packages["dvc-provenance"] == provenance.__version__
    assert {"python", "pytest"} <= activity.packages.keys()
    assert activity.git is not None
    assert activity.stage is None
    assert isinstance(activity.started, datetime)
    assert isinstance(activity.ended, datetime)
    assert activity.started < activity.ended
    assert [(plan.name, plan.template) for plan in header.plans] == [("a", "Say {word}")]
    assert [agent.name for agent in header.agents] == ["writer"]


def test_prompts_are_kept_only_when_asked_for(documents: str) -> None:
    with provenance.record("a.jsonl", model=MODEL, prompt=PROMPT, keep_prompts=True) as recorder:
        recorder.write({"text": "x"}, prompt_variables={"text": "this"})
    assert member("a.jsonl", "x")["prompt_text"] == "Ask about: this"


def test_a_row_keeps_its_id_when_its_dict_is_changed_or_sent_elsewhere(documents: str) -> None:
    ids = [provenance.sample_id({"text": f"document {number}"}) for number in range(5)]
    rows = list(provenance.read(documents))
    rows[3]["text"] = "changed"
    sent = [pickle.loads(pickle.dumps(rows[3])), copy.deepcopy(rows[4])]  # noqa: S301 - our own
    assert [row.sample_id for row in reversed(rows)] == ids[::-1]
    assert [row.sample_id for row in sent] == ids[3:]
    assert (rows[3].path, rows[3].row, sent[0]["text"]) == (documents, 4, "changed")


def test_a_dataset_that_changed_since_it_was_read_has_no_ids(documents: str) -> None:
    row = next(provenance.read(documents))
    Path(documents).write_text('{"text": "other"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="has changed since it was read"):
        _ = row.sample_id


def test_content_fields_are_those_of_the_sidecar_else_of_the_settings(documents: str) -> None:
    Path("provenance.yaml").write_text("datasets:\n- path: '*'\n  fields: [page]\n", encoding="utf-8")
    assert next(provenance.read(documents)).sample_id == provenance.sample_id({"text": "document 0"})
    with provenance.record("b.jsonl", source=LIBRARY) as recorder:
        recorder.write({"text": "x", "page": 1})
    assert next(provenance.read("b.jsonl")).sample_id == provenance.sample_id({"page": 1})


def test_a_sidecar_that_cannot_be_made_leaves_both_files_as_they_were(documents: str) -> None:
    before = {path: path.read_bytes() for path in Path("data").iterdir()}
    Path("provenance.yaml").write_text("digest: sha256\n", encoding="utf-8")
    parent = next(provenance.read(documents))
    for parents in ([parent], []):
        with pytest.raises(ProvenanceError, match="xxh3_128"), provenance.record(documents, model=MODEL) as recorder:
            recorder.write({"text": "x"}, parents=parents)
    assert {path: path.read_bytes() for path in Path("data").iterdir()} == before


def test_an_empty_recording_is_an_empty_dataset(documents: str) -> None:
    with provenance.record("none.jsonl", model=MODEL):
        pass
    assert Path("none.jsonl").read_bytes() == b""
    assert open_sidecar(Path("none.jsonl.lineage.parquet")).header.dataset.rows == 0


def test_an_error_in_the_rows_as_a_whole_names_the_dataset(dvc_repository: Path) -> None:
    Path("provenance.yaml").write_text("datasets:\n- path: '*'\n  fields: [absent]\n", encoding="utf-8")
    with (
        pytest.raises(DataError, match=r"^x\.jsonl: the declared content field 'absent'"),
        provenance.record("x.jsonl", model=MODEL) as recorder,
    ):
        recorder.write({"text": "x"})
    assert not Path("x.jsonl").exists()


def test_a_row_that_cannot_be_written_is_named_and_harms_nothing(dvc_repository: Path) -> None:
    cases: list[tuple[Any, str]] = [
        ({"text": b"x"}, "cannot be written as JSON: Type is not JSON serializable: bytes"),
        ({"text": float("nan")}, "cannot be written as JSON: NaN"),
        ({1: "x"}, "cannot be written as JSON: Dict key must be str"),
        ({"_parents": []}, "the column _parents is reserved"),
        (["x"], "a row is a dict, not a list"),
    ]
    with provenance.record("data/x.jsonl", model=MODEL) as recorder:
        recorder.write({"text": "good"})
        for row, problem in cases:
            with pytest.raises(DataError) as raised:
                recorder.write(row)
            assert str(raised.value).startswith(f"data/x.jsonl:2: {problem}")
        recorder.write({"text": "after"})
    assert lines("data/x.jsonl") == [{"text": "good"}, {"text": "after"}]


def test_what_comes_with_a_row_is_checked_before_it_is_written(documents: str) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"parents": ["abc"]}, "parents: 'abc' is not a row from provenance.read, a whole sample id"),
        ({"parents": [{"text": "x"}]}, "parents: .* is not a row from provenance.read"),
        ({"parents": "data/documents.jsonl:1"}, "is not a list of parents"),
        ({"parents": [("data/documents.jsonl:1", 3)]}, "role: expected str, got int 3"),
        ({"parents": ["data/documents.jsonl:9"]}, "documents.jsonl:9: there is no such row; the dataset has 5"),
        ({"parents": ["data/none.jsonl:1"]}, "none.jsonl: cannot be read"),
        ({"key": 1.5}, "key: 1.5 is neither text nor a whole number"),
        ({"seed": 2**63}, "seed: "),
        ({"verdict": 1}, "verdict: expected str, got int 1"),
        ({"cost": "much"}, "cost: 'much' is not a number"),
        ({"parents": 7}, "parents: 7 is not a list of parents, such as parents="),
        ({"parents": ""}, "parents: '' is not a list of parents"),
        ({"prompt_variables": ""}, "prompt_variables: expected Mapping, got str ''"),
        ({"license": ""}, "license: expected text, got ''; give an SPDX expression"),
        ({"usage": {"input_tokens": -1}}, "usage: input_tokens is -1"),
        ({"prompt_variables": {"txt": "x"}}, "prompt 'ask': needs the variable 'text'"),
        ({"prompt_variables": {"text": "\ud800"}}, "not valid Unicode"),
        ({"response_id": "\ud800"}, "cannot be recorded"),
    ]
    with provenance.record("x.jsonl", model=MODEL, prompt=PROMPT) as recorder:
        for arguments, problem in cases:
            with pytest.raises(ProvenanceError, match=problem) as raised:
                recorder.write({"text": "x"}, **arguments)
            assert len(str(raised.value).splitlines()) == 1
        with pytest.raises(ProvenanceError, match="reason: expected str, got NoneType"):
            recorder.reject(key=1, reason=None)  # type: ignore[arg-type]
    assert lines("x.jsonl") == []


def test_what_is_declared_is_checked_first(dvc_repository: Path) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("x.jsonl", {}, "x.jsonl: give either model="),
        ("x.jsonl", {"model": MODEL, "source": LIBRARY}, "x.jsonl: give either model="),
        ("x.jsonl", {"source": LIBRARY, "prompt": "p"}, "go with model=, not source="),
        ("x.jsonl", {"model": MODEL, "kind": "poem"}, "kind 'poem' is not one of rewrite, "),
        ("x.jsonl", {"model": MODEL, "parameters": {"api_key": "x"}}, "looks like a secret"),
        ("x.arrow", {"model": MODEL}, "x.arrow: the recorder writes .jsonl, .ndjson, .parquet, .csv, .tsv; record to"),
        ("../x.jsonl", {"model": MODEL}, "not inside"),
    ]
    for path, arguments, problem in cases:
        with pytest.raises(ProvenanceError, match=problem), provenance.record(path, **arguments):
            pytest.fail("recording began")
        assert not Path(path).exists()


def test_outside_of_a_dvc_repository_nothing_is_read_or_recorded(isolated: Path) -> None:
    with pytest.raises(RepositoryError, match="not inside a DVC repository"):
        provenance.read("x.jsonl")
    with pytest.raises(RepositoryError, match="not inside a DVC repository"), provenance.record("x.jsonl", model=MODEL):
        pytest.fail("recording began")


def test_only_one_recorder_at_a_time(dvc_repository: Path) -> None:
    with provenance.record("x.jsonl", model=MODEL) as recorder:
        recorder.write({"text": "x"})
        with (
            pytest.raises(ProvenanceError, match=r"x\.jsonl: another recorder is recording it"),
            provenance.record("x.jsonl", model=MODEL),
        ):
            pytest.fail("recording began")
    with pytest.raises(ProvenanceError, match="within its `with` block"):
        recorder.write({"text": "late"})
    assert lines("x.jsonl") == [{"text": "x"}]


def test_what_rejected_results_took_is_kept(documents: str) -> None:
    first, second, *_ = provenance.read(documents)

    def run(*, fails: bool) -> None:
        with provenance.record("a.jsonl", model=MODEL) as recorder:
            if not recorder.done(first.sample_id):
                recorder.reject(first, "too short", usage={"prompt_tokens": 100, "completion_tokens": 20}, cost="0.01")
                recorder.reject(first, "too short", cost="0.02")
                recorder.reject("other", "too long")
            if fails:
                raise KeyError
            recorder.done("other")
            recorder.write({"text": "kept"}, parents=[second], key="kept", cost="0.04")

    with pytest.raises(KeyError):
        run(fails=True)
    run(fails=False)
    (activity,) = [a for a in open_sidecar(Path("a.jsonl.lineage.parquet")).header.activities if a.rejected]
    assert activity.rejected == {"too short": 1, "too long": 1}
    assert activity.rejected_calls == RejectedCalls(calls=3, input_tokens=100, output_tokens=20, cost=Decimal("0.03"))
