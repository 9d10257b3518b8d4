"""Answers of four models that often agree: scripts that leave columns alone leave no row's model in doubt."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines

MODELS = ("m1", "m2", "m3", "m4")
MERGE = """
import json, random
rows = [line for name in ("m1", "m2", "m3", "m4") for line in open(f"{name}.jsonl")]
random.Random(1).shuffle(rows)
open("merged.jsonl", "w").writelines(rows)
"""
SPLIT = """
import pandas
rows = pandas.read_json("merged.jsonl", lines=True).sample(frac=1, random_state=1)
train = int(0.8 * len(rows))
rows[:train].to_parquet("train.parquet", index=False)
rows[train:].to_json("test.jsonl", orient="records", lines=True)
"""
JOIN = """
import pandas
pandas.concat([pandas.read_parquet("train.parquet"), pandas.read_json("test.jsonl", lines=True)]).to_csv(
    "joined.csv", index=False)
"""
CHANGE = """
import pandas
rows = pandas.read_parquet("train.parquet").sample(frac=0.8, random_state=1)
rows["number"] = range(10_000, 10_000 + len(rows))
rows.to_parquet("changed.parquet", index=False)
"""


def answers(model: str, rng: random.Random) -> list[dict[str, Any]]:
    return [
        {"text": f"question {question}: {rng.choice('AAAB')}", "model": model, "number": question, "score": 0.5}
        for question in range(30)
        for _ in range(2)
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.new(tmp_path_factory.mktemp("marks") / "repository")
    rng = random.Random(1)
    inputs = [f"{model}.jsonl" for model in MODELS]
    scripts = {"merge.py": MERGE, "split.py": SPLIT, "join.py": JOIN, "change.py": CHANGE}
    project.write({f"{model}.jsonl": lines(answers(model, rng)) for model in MODELS} | scripts)
    project.run("dvc", "add", "--quiet", *inputs)
    for name in inputs:
        declared = project.provenance("declare", name, "--from", "columns", "--map", "model=model")
        assert declared.code == 0, declared.stderr
    for stage, read, made in (
        ("merge", inputs, ["merged.jsonl"]),
        ("split", ["merged.jsonl"], ["train.parquet", "test.jsonl"]),
        ("join", ["train.parquet", "test.jsonl"], ["joined.csv"]),
        ("change", ["train.parquet"], ["changed.parquet"]),
    ):
        arguments = [part for name in (f"{stage}.py", *read) for part in ("-d", name)]
        arguments += [part for name in made for part in ("-o", name)]
        added = project.provenance("stage", "add", "-n", stage, *arguments, "python", f"{stage}.py")
        assert added.code == 0, added.stderr
    project.run("dvc", "repro", "--quiet")
    return project


def by_model(project: Project, dataset: str) -> dict[str, tuple[int, int]]:
    (audited,) = project.ask("audit", dataset)["datasets"]
    return {name: (share["rows"], share["at_most_rows"]) for name, share in audited["by_model"].items()}


def truth(path: Path) -> Counter[str]:
    import pandas as pd

    read: dict[str, Callable[[Path], Any]] = {
        ".csv": pd.read_csv,
        ".parquet": pd.read_parquet,
        ".jsonl": lambda file: pd.read_json(file, lines=True),
    }
    return Counter(read[path.suffix](path)["model"])


@pytest.mark.parametrize("dataset", ["merged.jsonl", "train.parquet", "test.jsonl", "joined.csv"])
def test_the_models_of_all_rows_are_certain(project: Project, dataset: str) -> None:
    counted = truth(project.root / dataset)
    assert by_model(project, dataset) == {model: (rows, rows) for model, rows in counted.items()}


def test_rows_whose_columns_were_rewritten_are_counted(project: Project) -> None:
    counted, found = truth(project.root / "changed.parquet"), by_model(project, "changed.parquet")
    assert found["ambiguous"][0] > 0
    assert all(found[model][0] < rows <= found[model][1] for model, rows in counted.items())


def test_a_record_says_that_rows_are_told_apart(project: Project) -> None:
    query = "SELECT dataset, bool_or(by_marks) AS by_marks FROM samples GROUP BY 1 ORDER BY 1"
    found = {row["dataset"]: row["by_marks"] for row in project.ask("query", query)["rows"]}
    inputs = dict.fromkeys((f"{model}.jsonl" for model in MODELS), False)
    divided = dict.fromkeys(("merged.jsonl", "train.parquet", "test.jsonl", "joined.csv"), True)
    assert found == inputs | divided | {"changed.parquet": False}
    text = json.loads((project.root / "merged.jsonl").read_text().splitlines()[0])["text"]
    shown = project.ask("show", "merged.jsonl:1")
    assert text and json.dumps(shown).count('"by_marks": true') >= 1


def test_what_is_certain_holds_in_the_data(project: Project) -> None:
    assert project.provenance("verify").code == 0
