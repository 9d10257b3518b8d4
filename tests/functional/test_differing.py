"""`provenance diff` between real revisions: rows by what is known of them, without checkout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines
from support.workbench import Workbench, identifier

DATA = "data/qa.jsonl"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.new(tmp_path / "repository")
    project.provenance("init")
    return project


def collect(project: Project, *texts: str, path: str = DATA, commit: bool = True) -> str:
    project.write({path: lines([{"text": text} for text in texts])})
    answer = project.provenance("add", path, "--origin", "real", "--source", "library", "--license", "MIT")
    assert answer.code == 0, answer
    return project.commit() if commit else ""


def numbers(difference: Any) -> tuple[int, int, int]:
    return difference["added"]["rows"], difference["removed"]["rows"], difference["kept"]


def test_rows_between_commits_and_to_the_workspace(project: Project) -> None:
    first = collect(project, "a", "a", "b")
    second = collect(project, "a", "b", "c", "d")
    collect(project, "d", commit=False)

    (between,) = project.ask("diff", first, second)["datasets"]
    assert (between["path"], between["remarks"]) == (DATA, [])
    # One of the two rows `a` went.
    assert numbers(between) == (2, 1, 2)
    assert between["added"]["by_source"] == {"library": {"rows": 2, "fraction": 1.0}}
    assert between["added"]["by_license"] == {"MIT": {"rows": 2, "fraction": 1.0}}

    (now,) = project.ask("diff", second, "--jobs", "1")["datasets"]
    assert numbers(now) == (0, 3, 1)
    (backwards,) = project.ask("diff", second, first)["datasets"]
    assert numbers(backwards) == (1, 2, 2)
    said = project.provenance("diff", first, second).stdout
    assert f"{DATA}: 2 added, 1 removed, 2 kept" in said
    assert "source    library       2         1" in said


def test_a_stale_sidecar_is_no_proof_that_nothing_differs(project: Project) -> None:
    commit = collect(project, "a", "b")
    project.write({DATA: lines([{"text": "a"}])})

    said = project.provenance("diff", commit)

    assert said.stdout.splitlines() == [
        f"{DATA}: 0 added, 0 removed, 2 kept",
        "  the workspace: its sidecar was made for other data, whose rows are counted",
    ]


def test_the_workspace_is_not_touched(project: Project) -> None:
    first = collect(project, "a")
    second = collect(project, "b")
    before = project.files()

    project.ask("diff", first, second)

    assert project.files() == before


def test_which_datasets(project: Project) -> None:
    collect(project, "a")
    first = collect(project, "x", path="other.jsonl")
    second = collect(project, "a", "b")

    assert {each["path"]: numbers(each) for each in project.ask("diff", first, second)["datasets"]} == {
        DATA: (1, 0, 1),
        "other.jsonl": (0, 0, 1),
    }
    # The text leaves out what does not differ, unless it was asked for.
    assert "other.jsonl" not in project.provenance("diff", first).stdout
    assert "other.jsonl: 0 added, 0 removed, 1 kept" in project.provenance("diff", first, "other.jsonl").stdout
    assert [each["path"] for each in project.ask("diff", first, second, DATA)["datasets"]] == [DATA]


def test_datasets_that_appear_go_and_move(project: Project) -> None:
    first = collect(project, "a", "b")
    project.run("dvc", "move", "--quiet", DATA, "moved.jsonl")
    project.run("dvc", "move", "--quiet", f"{DATA}.lineage.parquet", "moved.jsonl.lineage.parquet")
    second = collect(project, "x", path="new.jsonl")

    found = {each["path"]: each for each in project.ask("diff", first, second)["datasets"]}
    assert (found["moved.jsonl"]["moved_from"], numbers(found["moved.jsonl"])) == (DATA, (0, 0, 2))
    assert numbers(found["new.jsonl"]) == (1, 0, 0)
    gone = {each["path"]: each for each in project.ask("diff", second, first)["datasets"]}
    assert numbers(gone["new.jsonl"]) == (0, 1, 0)


def test_what_a_model_wrote(project: Project) -> None:
    bench = Workbench(project.root)
    docs = bench.collected("docs.jsonl", [{"text": "one"}])
    first = ""
    for texts in (["q"], ["q", "r"]):
        bench.generated(
            "pairs.jsonl", [{"text": t} for t in texts], [[identifier({"text": "one"})]] * len(texts), [docs]
        )
        (project.root / "pairs.jsonl.births.parquet").unlink()
        for name in ("docs.jsonl", "pairs.jsonl"):
            project.run("dvc", "add", "--quiet", name, f"{name}.lineage.parquet")
        first = first or project.commit()
    project.commit()

    (found,) = project.ask("diff", first, "HEAD", "pairs.jsonl")["datasets"]

    assert numbers(found) == (1, 0, 1)
    assert found["added"]["by_model"] == {"writer@1": {"rows": 1, "fraction": 1.0}}
    assert found["added"]["by_kind"] == {"rewrite": {"rows": 1, "fraction": 1.0}}


def not_compared(project: Project, *arguments: str) -> list[dict[str, Any]]:
    """What `diff` says of datasets of which it does not know how rows differ, which is an error."""
    answer = project.provenance("diff", *arguments, "--json")
    datasets: list[dict[str, Any]] = json.loads(answer.stdout)["datasets"]
    (line,) = answer.stderr.splitlines()
    assert answer.code == 2
    assert line == f"error: {datasets[0]['path']}: cannot be compared: {'; '.join(datasets[0]['remarks'])}"
    return datasets


def test_a_dataset_that_never_had_a_sidecar_is_an_error_only_where_it_was_asked_for(project: Project) -> None:
    project.write({DATA: '{"text": "a"}\n'})
    project.run("dvc", "add", "--quiet", DATA)
    first = project.commit()
    assert "it has no sidecar" in project.provenance("diff", first).stdout
    assert project.provenance("diff", first).code == 0
    (found,) = not_compared(project, first, DATA)
    assert found["kept"] is None


def test_what_was_collected_or_not_fetched_is_said(project: Project, tmp_path: Path) -> None:
    project.run("dvc", "remote", "add", "--quiet", "--default", "store", str(tmp_path / "store"))
    first = collect(project, "a")
    project.run("dvc", "push", "--quiet")
    collect(project, "b")
    project.run("dvc", "gc", "--workspace", "--force", "--quiet")

    (forbidden,) = not_compared(project, first, "--no-fetch")
    assert (forbidden["added"], forbidden["kept"]) == (None, None)
    assert "--no-fetch forbids" in forbidden["remarks"][0]
    assert numbers(project.ask("diff", first)["datasets"][0]) == (1, 1, 0)

    project.run("dvc", "gc", "--workspace", "--force", "--quiet")
    shutil.rmtree(tmp_path / "store")
    (collected,) = not_compared(project, first)
    assert "`dvc gc` collected it" in collected["remarks"][0]
    assert "cannot be compared" in project.provenance("diff", first).stdout


def test_ids_of_another_kind_are_not_compared(project: Project) -> None:
    first = collect(project, "a")
    project.write({DATA: '{"text": "a", "topic": "x"}\n'})
    answer = project.provenance("add", DATA, "--origin", "real", "--source", "library", "--fields", "topic")
    assert answer.code == 0

    (found,) = not_compared(project, first)

    assert found["kept"] is None
    assert found["remarks"] == ["rows cannot be compared: samples were identified by text, and are by topic now"]


def test_what_it_refuses(project: Project) -> None:
    collect(project, "a")
    project.run("git", "tag", "data")

    assert "no such git revision" in project.refusal("diff", "nowhere")
    assert "a dataset of neither revision" in project.refusal("diff", "HEAD", "none.jsonl")
    assert "both a revision and a path; write ./data" in project.refusal("diff", "HEAD", "data")


def test_what_differs_in_how_rows_were_made(project: Project) -> None:
    project.write({DATA: lines([{"text": "an answer"}])})
    project.run("dvc", "add", "--quiet", DATA)
    said = ("declare", DATA, "--from", "columns", "--set", "origin=synthetic", "--set", "kind=answer")
    assert project.provenance(*said, "--set", "model=writer", "--set", "prompt=Answer.").code == 0
    first = project.commit()
    assert project.provenance(*said, "--set", "model=other", "--set", "prompt=Answer.\nBriefly.").code == 0
    second = project.commit()

    (between,) = project.ask("diff", first, second)["datasets"]
    changes = {change["what"]: change for change in between["changes"]}
    assert (changes["model"]["before"], changes["model"]["after"]) == (["writer"], ["other"])
    assert changes["prompt"]["difference"][-1] == "+Briefly."
    text = project.provenance("diff", first, second).stdout
    assert "model: writer → other" in text and "      +Briefly." in text
    newest, oldest = project.ask("log", DATA)["entries"]
    assert newest["changes"] == [{**change, "difference": []} for change in between["changes"]]
    assert oldest["changes"] == []
    text = project.provenance("log", DATA).stdout
    assert "    model: other 100.0%" in text and "    model: writer → other" in text
