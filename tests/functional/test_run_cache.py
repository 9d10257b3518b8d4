"""Stages whose outs DVC takes from its run cache, here and in a clone: lineage comes back with the data."""

from __future__ import annotations

from pathlib import Path

from support.project import Project, lines

ASK = """\
import os
import yaml
import provenance

prompt = provenance.Prompt(name="ask", template=yaml.safe_load(open("params.yaml"))["prompt"])
with provenance.record("data/answers.jsonl", model=provenance.Model(name="m"), prompt=prompt, kind="answer") as out:
    for row in provenance.read("data/docs.jsonl"):
        if out.done(row.sample_id):
            continue
        open("../calls.txt", "a").write("asked\\n")
        stated = {"text": row["text"]}
        out.write({"answer": prompt.render(**stated)}, key=row.sample_id, parents=[row], prompt_variables=stated)
"""


def asked(folder: Path) -> int:
    return (folder / "calls.txt").read_text().count("asked")


def test_lineage_comes_back_with_the_data_and_nothing_is_asked_again(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    project.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(tmp_path / "storage"))
    docs = lines([{"text": f"text {number}"} for number in range(3)])
    project.write({"ask.py": ASK, "params.yaml": "prompt: 'One {text}'\n", "data/docs.jsonl": docs})
    project.ask("add", "data/docs.jsonl", "--origin", "real", "--source", "forum")
    outs = ("-o", "data/answers.jsonl", "-p", "prompt", "-d", "ask.py", "-d", "data/docs.jsonl")
    project.provenance("stage", "add", "-n", "ask", *outs, "python", "ask.py")
    project.run("dvc", "repro", "--quiet")
    sidecar = (project.root / "data/answers.jsonl.lineage.parquet").read_bytes()
    project.commit()
    project.write({"params.yaml": "prompt: 'Two {text}'\n"})
    project.run("dvc", "repro", "--quiet")
    project.write({"params.yaml": "prompt: 'One {text}'\n"})
    assert "is cached - skipping run" in project.run("dvc", "repro").stdout
    assert (project.root / "data/answers.jsonl.lineage.parquet").read_bytes() == sidecar
    assert (project.ask("verify")["ok"], asked(tmp_path)) == (True, 6)
    # What is left of a run whose outs DVC has is no interrupted run.
    project.write({"params.yaml": "prompt: 'Three {text}'\n"})
    assert "starting afresh" not in project.run("dvc", "repro").stderr
    assert not list((project.root / ".dvc/tmp/provenance/journals").glob("*.set-aside.jsonl"))
    # Another clone takes from the remote's run cache what it never ran; it has no journals, and needs none.
    project.commit()
    project.run("dvc", "push", "--quiet", "--run-cache", "--all-commits")
    project.run("git", "clone", "--quiet", ".", str(tmp_path / "clone"))
    clone = Project.at(tmp_path / "clone")
    clone.write({"params.yaml": "prompt: 'One {text}'\n"})
    clone.run("dvc", "repro", "--quiet", "--pull")
    assert (clone.root / "data/answers.jsonl.lineage.parquet").read_bytes() == sidecar
    assert (clone.ask("verify")["ok"], asked(tmp_path)) == (True, 9)
    (change,) = (each for each in clone.ask("diff", "HEAD")["datasets"][0]["changes"] if each["what"] == "parameter")
    assert (change["before"], change["after"]) == (['"Three {text}"'], ['"One {text}"'])
