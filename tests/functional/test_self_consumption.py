"""A model that is trained on what it wrote, five times over, in real DVC repositories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines

GENERATIONS = 5
REAL = [{"text": f"People wrote sentence number {number}."} for number in range(20)]
# Seeded: what a generation writes depends on nothing but its number and what it was trained on.
GENERATE = """
import random, sys
import provenance
number = sys.argv[1]
pick = random.Random(number)
model = provenance.Model(name="org/writer", revision=number)
with provenance.record(f"data/made-{number}.jsonl", model=model, kind="from_scratch") as recorder:
    for _ in range(10):
        recorder.write({"text": f"Writer {number} says {pick.random()}"})
"""


def pipeline(number: int, *, accumulate: bool) -> str:
    """Stages in which revisions 1 to ``number`` generate, and what the next one is trained on is put together."""
    made = [f"data/made-{generation}.jsonl" for generation in range(1, number + 1)]
    sources = ["data/real.jsonl", *made] if accumulate or not made else made[-1:]
    stages: dict[str, Any] = {
        f"generate-{generation}": {
            "cmd": f"provenance run -- python generate.py {generation}",
            "deps": ["generate.py"],
            "outs": [path, f"{path}.lineage.parquet"],
        }
        for generation, path in enumerate(made, 1)
    }
    stages["train-set"] = {
        "cmd": f"provenance run -- sh -c 'cat {' '.join(sources)} > data/train.jsonl'",
        "deps": [each for path in sources for each in (path, f"{path}.lineage.parquet")],
        "outs": ["data/train.jsonl", "data/train.jsonl.lineage.parquet"],
    }
    return json.dumps({"stages": stages})


def looped(root: Path, *, accumulate: bool) -> Project:
    """The set that the first revision was trained on is all real, and committed first; then come the generations."""
    project = Project.new(root)
    project.write({"data/real.jsonl": lines(REAL), "generate.py": GENERATE})
    project.provenance("add", "data/real.jsonl", "--origin", "real", "--source", "library", "--license", "MIT")
    for number in range(GENERATIONS + 1):
        project.write({"dvc.yaml": pipeline(number, accumulate=accumulate)})
        project.run("dvc", "repro", "--quiet")
        project.commit()
        if number < GENERATIONS:
            trained_on = ("--trained-on", "data/train.jsonl")
            project.ask("model", "add", "org/writer", "--revision", str(number + 1), *trained_on)
            project.commit()
    project.run("git", "tag", "first", "HEAD~10")
    return project


@pytest.fixture(scope="module")
def replacing(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return looped(tmp_path_factory.mktemp("replacing") / "repository", accumulate=False)


@pytest.fixture(scope="module")
def accumulating(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return looped(tmp_path_factory.mktemp("accumulating") / "repository", accumulate=True)


def audited(project: Project, *arguments: str) -> Any:
    return project.ask("audit", "data/train.jsonl", "--policy", "model-collapse", "--since", "first", *arguments)


def finding(document: Any, rule: str) -> Any:
    (found,) = (each for each in document["findings"] if each["rule"] == rule)
    return found


def test_the_loop_is_flagged_and_shown(replacing: Project) -> None:
    document = audited(replacing)
    (dataset,) = document["datasets"]
    found = dataset["measures"]["self_consumption"]
    # What revision 5 wrote: that was trained on what 4 wrote, and so on down to 1, which learnt from people.
    assert (found["rows"], found["fraction"], found["unregistered_rows"]) == (10, 1.0, 0)
    commit = replacing.run("git", "rev-parse", "HEAD~2").stdout[:7]
    assert f"org/writer@5 <- data/train.jsonl@{commit} <- org/writer@4" in found["chains"]
    # Each revision from the second on has learnt from the one before.
    assert found["loops"] == len(found["chains"]) == GENERATIONS - 1
    flagged = finding(document, "no-self-consumption")
    assert (flagged["status"], flagged["observed"], flagged["severity"]) == ("BLOCKED", GENERATIONS - 1, "warn")
    assert flagged["samples"][0]["why"].startswith("in the loop org/writer@5 <- data/train.jsonl@")
    text = replacing.provenance("audit", "data/train.jsonl", "--policy", "model-collapse", "--since", "first").stdout
    assert f"org/writer@5 <- data/train.jsonl@{commit} <- org/writer@4" in " ".join(text.split())


def test_what_only_people_wrote_is_in_no_loop(replacing: Project) -> None:
    found = replacing.ask("audit", "data/train.jsonl", "--measures", "self_consumption", "--rev", "first")
    assert found["datasets"][0]["measures"]["self_consumption"]["loops"] == 0
    now = replacing.ask("audit", "data/real.jsonl", "--measures", "self_consumption")
    assert now["datasets"][0]["measures"]["self_consumption"]["loops"] == 0


def test_replacing_is_blocked_and_accumulating_is_cleared(replacing: Project, accumulating: Project) -> None:
    for project, retained, status in ((replacing, 0.0, "BLOCKED"), (accumulating, 1.0, "CLEARED")):
        document = audited(project)
        for rule in ("real-retained", "real-not-replaced"):
            judged = finding(document, rule)
            assert (judged["observed"], judged["status"]) == (retained, status)


def test_accumulating_is_a_loop_all_the_same(accumulating: Project) -> None:
    (dataset,) = audited(accumulating)["datasets"]
    found = dataset["measures"]["self_consumption"]
    # All that revisions 2 to 5 wrote; what the first did came of people's text alone.
    assert (dataset["rows"], found["rows"]) == (20 + 10 * GENERATIONS, 10 * (GENERATIONS - 1))
    # Revision n learnt from each before it.
    assert found["loops"] == GENERATIONS * (GENERATIONS - 1) // 2
    assert dataset["by_origin"]["real"]["rows"] == 20


def test_a_set_that_is_overwritten_with_what_came_of_it_is_in_a_loop(tmp_path: Path) -> None:
    """Rows that name rows of the version before as their parents, which no sidecar of this revision knows."""
    project = Project.new(tmp_path / "repository")
    parents: list[str] = []
    for number in (1, 2, 3):
        rows = [{"text": f"Writer {number} says {row}.", "made_from": parents[row : row + 1]} for row in range(4)]
        project.write({"data/train.jsonl": lines(rows)})
        project.run("dvc", "add", "--quiet", "data/train.jsonl")
        made = ("--set", "model=org/writer", "--set", f"model_revision={number}", "--set", "kind=from_scratch")
        project.ask("declare", "data/train.jsonl", "--from", "columns", "--map", "parents=made_from", *made)
        project.commit()
        project.ask("model", "add", "org/writer", "--revision", str(number + 1), "--trained-on", "data/train.jsonl")
        project.commit()
        parents = [project.ask("show", f"data/train.jsonl:{row}")["sample_id"] for row in range(1, 5)]
    found = project.ask("audit", "data/train.jsonl", "--measures", "self_consumption")["datasets"][0]
    measured = found["measures"]["self_consumption"]
    assert (measured["loops"], measured["rows"]) == (6, 4)  # 4 <- 3, 4 <- 2, 4 <- 1, 3 <- 2, 3 <- 1, 2 <- 1
