"""`provenance run` accounts for every row that goes into a stage, and tells why results were rejected."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.carrying import lay_out_inputs, run_stage
from support.recording import collect_documents

import provenance
from provenance.capture import reading
from provenance.errors import ProvenanceError
from provenance.lineage.sidecar import open_sidecar

MODEL = provenance.Model(name="m")

FILTER = """
import json
rows = [json.loads(line) for line in open("data/documents.jsonl")]
with open("out/birds.jsonl", "w") as out:
    for number, row in enumerate(rows, start=1):
        if row["topic"] == "birds":
            out.write(json.dumps(row) + "\\n")
        if row["topic"] == "stones":
            shorter = {"text": row["text"][:4], "_parents": f"data/documents.jsonl:{number}"}
            out.write(json.dumps(shorter) + "\\n")
    out.write(json.dumps({"text": "from afar", "_parents": "ab" * 16}) + "\\n")
"""
GENERATE = """
import provenance
with provenance.record("out/made.jsonl", model=provenance.Model(name="m")) as recorder:
    for question in provenance.read("data/questions.jsonl"):
        if len(question["question"]) > 20:
            recorder.reject(question, "too long")
        else:
            recorder.write({"text": question["question"]}, parents=[question])
"""


def rejected(dataset: str) -> dict[str, int] | None:
    (activity,) = [a for a in open_sidecar(Path(f"{dataset}.lineage.parquet")).header.activities if a.agent]
    return activity.rejected


def test_a_stage_tells_of_its_input_rows_and_of_strangers(dvc_repository: Path) -> None:
    lay_out_inputs()
    said = run_stage(FILTER, ["data/documents.jsonl"], ["out/birds.jsonl"])
    assert "data/documents.jsonl: of 7 rows, 3 kept, 1 changed, 3 dropped" in said
    # A text of four letters is as it was when it is cut to four: kept, although it names a parent, itself.
    assert "1 parent that no sidecar knows, the first in row 5" in said


def test_a_stage_tells_why_results_were_rejected(dvc_repository: Path) -> None:
    lay_out_inputs()
    said = run_stage(GENERATE, ["data/questions.jsonl"], ["out/made.jsonl"])
    assert "data/questions.jsonl: of 4 rows, 0 kept, 1 changed, 3 dropped" in said
    assert "rejected: 3 (too long)" in said
    assert "out/made.jsonl: lineage recorded by its command" in said
    assert rejected("out/made.jsonl") == {"too long": 3}


def test_a_dependency_without_sidecar_is_told_of(dvc_repository: Path) -> None:
    lay_out_inputs()
    Path("data/documents.jsonl.lineage.parquet").rename("data/kept-aside")
    Path("data/documents.jsonl.lineage.parquet.dvc").unlink()
    script = 'import shutil; shutil.copy("data/documents.jsonl", "out/copy.jsonl")'
    said = run_stage(script, ["data/documents.jsonl"], ["out/copy.jsonl"], with_sidecars=False)
    assert "data/documents.jsonl: has no sidecar, so what became of its rows is not known" in said


def test_all_results_rejected_are_told_of_too(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_read_here", {})
    documents = collect_documents()
    with provenance.record("made.jsonl", model=MODEL) as recorder:
        for document in provenance.read(documents):
            recorder.reject(document, "dull" if document.row % 2 else "wrong")
            assert recorder.done(document.sample_id)
            recorder.reject(document, "dull")  # another row of the same content
        recorder.reject("key", "wrong")
        recorder.reject(key=7, reason="wrong")
        recorder.reject(document, "second try", key=f"{document.sample_id}-2")
    assert rejected("made.jsonl") == {"wrong": 4, "dull": 3, "second try": 1}
    assert Path("made.jsonl").read_bytes() == b""


def test_what_cannot_be_rejected(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_read_here", {})
    documents = collect_documents()
    with provenance.record("made.jsonl", model=MODEL) as recorder:
        for document in provenance.read(documents):
            recorder.write({"text": "x"}, key=document.sample_id)
            with pytest.raises(ProvenanceError, match="was recorded before"):
                recorder.reject(document, "too late")
        with pytest.raises(ProvenanceError, match="give the reason"):
            recorder.reject("key")
        with pytest.raises(ProvenanceError, match="neither text nor a whole number") as raised:
            recorder.reject({"text": "x" * 1000}, "a plain dict")  # type: ignore[arg-type]
        assert len(str(raised.value)) < 200
    assert rejected("made.jsonl") is None


def test_a_resumed_run_counts_each_rejection_once(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_read_here", {})
    documents = collect_documents()

    def generate(last_row: int) -> None:
        with provenance.record("made.jsonl", model=MODEL) as recorder:
            for document in provenance.read(documents):
                if document.row > last_row:
                    raise RuntimeError
                recorder.reject(document, "dull")

    with pytest.raises(RuntimeError):
        generate(last_row=3)
    generate(last_row=5)
    assert rejected("made.jsonl") == {"dull": 5}
