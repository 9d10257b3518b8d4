"""One row, asked of by every command: they believe the same birth, and say how much of its chain was observed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.project import Project, lines

pytest.importorskip("openai", reason="the package openai is not installed")

# The answer was not given to `write`, so nobody knows which model wrote the row.
RECORD = """
import openai
import provenance

client = provenance.observe(openai.OpenAI(api_key="x", base_url="http://127.0.0.1:9"))
with provenance.record("made.jsonl") as recorder:
    for number, row in enumerate(provenance.read("raw.jsonl")):
        recorder.write({"text": f"question {number}"}, parents=[row])
"""
UPPER = """
import json

rows = [json.loads(line) for line in open("raw.jsonl")]
made = [{"text": row["text"].upper(), "_parents": f"raw.jsonl:{number}"} for number, row in enumerate(rows, 1)]
open("upper.jsonl", "w").writelines(json.dumps(row) + "\\n" for row in made)
"""
RAW = lines([{"text": "one of them"}, {"text": "another"}])


def test_what_a_declaration_mends_is_mended_for_every_command(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    project.write({"raw.jsonl": RAW, "record.py": RECORD})
    project.run("dvc", "add", "--quiet", "raw.jsonl")
    project.run(sys.executable, "record.py")
    project.run("dvc", "add", "--quiet", "made.jsonl", "made.jsonl.lineage.parquet")
    project.commit()
    stated = ("--set", "origin=synthetic", "--set", "model=m", "--set", "kind=rewrite")
    assert project.provenance("declare", "made.jsonl", "--from", "columns", *stated).code == 0
    project.commit()

    (audited,) = project.ask("audit", "made.jsonl")["datasets"]
    assert {group: share["rows"] for group, share in audited["by_origin"].items()} == {"synthetic": 2}
    assert {group: share["rows"] for group, share in audited["by_model"].items()} == {"m": 2}
    first = project.ask("show", "made.jsonl:1")["records"][0]
    assert (first["origin"], first["agent"]["name"], first["rows"]) == ("synthetic", "m", 1)
    logged = project.ask("log", "made.jsonl")["entries"][0]
    assert {group: share["rows"] for group, share in logged["by_origin"].items()} == {"synthetic": 2}
    (reached,) = project.ask("impact", "model:m")["datasets"]
    assert (reached["path"], reached["affected_rows"]) == ("made.jsonl", 2)


def test_what_is_made_of_declared_rows_is_not_observed_to_its_roots(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    project.write({"raw.jsonl": RAW, "upper.py": UPPER})
    assert project.provenance("add", "raw.jsonl", "--origin", "real", "--source", "web").code == 0
    arguments = ("-n", "upper", "-d", "upper.py", "-d", "raw.jsonl", "-o", "upper.jsonl", sys.executable, "upper.py")
    assert project.provenance("stage", "add", *arguments).code == 0
    project.run("dvc", "repro", "--quiet")
    (audited,) = project.ask("audit", "upper.jsonl")["datasets"]
    assert list(audited["by_evidence"]) == ["observed"]
    said = project.provenance("audit", "upper.jsonl").stdout
    assert "declared" in said
    assert list(audited["by_chain_evidence"]) == ["declared"]
