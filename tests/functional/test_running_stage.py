from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import RepositoryError
from provenance.repository import Repository

Run = Callable[..., str]

# What a stage runs here: it writes down what it knows of itself.
SCRIPT = """
import dataclasses, json, sys
from provenance.repository import Repository
repository = Repository.open()
seen = {"root": str(repository.root), **dataclasses.asdict(repository.current_stage())}
open(sys.argv[1], "w").write(json.dumps(seen))
"""


@pytest.fixture
def describe(isolated: Path) -> str:
    """The command, to be followed by a file name, that writes a description of the running stage."""
    (isolated / "describe.py").write_text(SCRIPT)
    return f"{sys.executable} {isolated / 'describe.py'}"


def write_pipeline(path: Path, stages: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"stages": stages}))  # JSON is YAML


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_outside_a_stage(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Repository.open().current_stage() is None
    monkeypatch.setenv("DVC_STAGE", "of-another-repository")
    assert Repository.open().current_stage() is None


def test_everything_about_a_stage(dvc_repository: Path, run: Run, describe: str) -> None:
    (dvc_repository / "raw.jsonl").write_text("{}\n")
    (dvc_repository.parent / "near.txt").write_text("near")
    (dvc_repository / "params.yaml").write_text("train: {lr: 0.1, steps: [1, 2]}\nunused: 1\n")
    (dvc_repository / "other.yaml").write_text("a: {b: x}\n")
    (dvc_repository / "whole.json").write_text('{"c": true}')
    stage = {
        "cmd": [f"{describe} seen.json", "echo ${train.lr} > out.jsonl"],
        "deps": ["raw.jsonl", "../near.txt", str(dvc_repository.parent / "describe.py")],
        "params": ["train.lr", "train.steps", {"other.yaml": ["a"], "whole.json": None}],
        "outs": ["out.jsonl", {"seen.json": {"cache": False}}],
    }
    write_pipeline(dvc_repository / "dvc.yaml", {"make": stage})
    run("dvc", "repro")

    assert read(dvc_repository / "seen.json") == {
        "root": str(dvc_repository),
        "name": "make",
        "command": f"{describe} seen.json\necho 0.1 > out.jsonl",
        "wdir": ".",
        "dependencies": [
            ["raw.jsonl", hashlib.md5(b"{}\n", usedforsecurity=False).hexdigest()],
            ["../near.txt", None],
            ["describe.py", None],
        ],
        "parameters": {
            "train.lr": 0.1,
            "train.steps": [1, 2],
            "other.yaml:a": {"b": "x"},
            "whole.json:c": True,
        },
        "outs": ["out.jsonl", "seen.json"],
        "known": [],
    }


def test_stages_of_one_name_and_matrix(
    dvc_repository: Path, run: Run, describe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dvc_repository / "params.yaml").write_text("lr: 1\n")
    (dvc_repository / "data").mkdir()
    write_pipeline(dvc_repository / "dvc.yaml", {"make": {"cmd": f"{describe} a.json", "outs": ["a.json"]}})
    elsewhere = {"cmd": f"{describe} b.json", "wdir": "../data", "outs": ["b.json"]}
    matrix = {
        "matrix": {"name": ["x", "y"]},
        "cmd": f"{describe} ${{item.name}}.json",
        "params": [{"../params.yaml": ["lr"]}],
        "outs": ["${item.name}.json"],
    }
    write_pipeline(dvc_repository / "sub/dvc.yaml", {"make": elsewhere, "each": matrix})
    run("dvc", "repro")
    monkeypatch.chdir(dvc_repository / "sub")  # DVC_STAGE is then without a folder
    run("dvc", "repro")

    seen = [read(dvc_repository / name) for name in ("a.json", "data/b.json", "sub/x.json", "sub/y.json")]
    assert [(s["name"], s["wdir"], s["outs"]) for s in seen] == [
        ("make", ".", ["a.json"]),
        ("sub/dvc.yaml:make", "data", ["data/b.json"]),
        ("sub/dvc.yaml:each@x", "sub", ["sub/x.json"]),
        ("sub/dvc.yaml:each@y", "sub", ["sub/y.json"]),
    ]
    assert seen[2]["parameters"] == {"lr": 1}


def test_stages_of_one_name_that_only_dvc_tells_apart(
    dvc_repository: Path, run: Run, describe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dvc_repository / "b").mkdir()
    write_pipeline(dvc_repository / "dvc.yaml", {"make": {"cmd": f"{describe} root.json", "outs": ["root.json"]}})
    same_place = {"cmd": f"{describe} a.json", "wdir": "..", "outs": ["a.json"]}
    elsewhere = {"cmd": f"cd ../b && {describe} ../a/hop.json", "outs": ["hop.json"]}
    write_pipeline(dvc_repository / "a/dvc.yaml", {"make": same_place, "hop": elsewhere})
    write_pipeline(dvc_repository / "b/dvc.yaml", {"hop": {"cmd": "touch hop.json", "outs": ["hop.json"]}})
    run("dvc", "repro")
    monkeypatch.chdir(dvc_repository / "a")  # DVC_STAGE is then without a folder
    run("dvc", "repro")

    seen = [read(dvc_repository / name) for name in ("root.json", "a.json", "a/hop.json")]
    assert [(s["name"], s["outs"]) for s in seen] == [
        ("make", ["root.json"]),
        ("a/dvc.yaml:make", ["a.json"]),
        ("a/dvc.yaml:hop", ["a/hop.json"]),
    ]


def test_a_stage_of_another_repository_of_the_same_name(
    dvc_repository: Path, run: Run, describe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = dvc_repository.parent / "other"
    other.mkdir()
    write_pipeline(other / "dvc.yaml", {"make": {"cmd": "true", "outs": ["x.json"]}})
    monkeypatch.chdir(other)
    run("git", "init", "--quiet")
    run("dvc", "init", "--quiet")
    monkeypatch.chdir(dvc_repository)
    look = f"{sys.executable} -c 'from provenance.repository import Repository as R; print(R.open().current_stage())'"
    stage = {"cmd": f"{describe} a.json && cd {other} && {look} > {dvc_repository}/there.txt", "outs": ["a.json"]}
    write_pipeline(dvc_repository / "dvc.yaml", {"make": stage})
    run("dvc", "repro")

    assert read(dvc_repository / "a.json")["name"] == "make"
    assert (dvc_repository / "there.txt").read_text() == "None\n"


def test_stages_that_cannot_be_told_apart(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("a", "b"):
        stage = {"cmd": "true", "wdir": "..", "outs": [f"{folder}.jsonl"]}
        write_pipeline(dvc_repository / folder / "dvc.yaml", {"make": stage})
    monkeypatch.setenv("DVC_STAGE", "a/dvc.yaml:make")
    stage_of_a = Repository.open().current_stage()
    assert stage_of_a is not None and stage_of_a.name == "a/dvc.yaml:make"

    monkeypatch.setenv("DVC_STAGE", "make")
    with pytest.raises(RepositoryError, match=r"fits a/dvc\.yaml:make and b/dvc\.yaml:make"):
        Repository.open().current_stage()


def test_temporary_experiment(dvc_repository: Path, run: Run, commit: Callable[[], str], describe: str) -> None:
    (dvc_repository / "params.yaml").write_text("lr: 1\n")
    stage = {"cmd": f"{describe} seen.jsonl", "params": ["lr"], "outs": ["seen.jsonl"]}
    write_pipeline(dvc_repository / "dvc.yaml", {"make": stage})
    (dvc_repository / ".gitignore").write_text("/seen.jsonl\n")
    commit()
    run("dvc", "exp", "run", "--temp", "--name", "trial", "--set-param", "lr=2")

    repository = Repository.open()
    file = repository.data_file("seen.jsonl", "trial")
    assert file is not None
    seen = read(file)
    assert seen["root"].startswith(str(dvc_repository / ".dvc/tmp/exps"))
    assert (seen["name"], seen["parameters"]) == ("make", {"lr": 2})
    assert repository.datasets("HEAD")[0].md5 is None
