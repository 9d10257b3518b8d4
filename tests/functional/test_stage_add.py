"""`provenance stage add`: DVC's own command, with sidecars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.project import Project, lines

ADDED = ["data/docs.jsonl", "data/docs.jsonl.lineage.parquet"]
# Named as a module of the standard library: DVC itself must not import it.
COPY = "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2])"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A repository with an added dataset, one without sidecar, and a file that is no dataset."""
    project = Project.new(tmp_path_factory.mktemp("stage-add") / "repository")
    rows = lines([{"text": "one"}, {"text": "two"}])
    project.write({"data/docs.jsonl": rows, "data/bare.jsonl": rows, "copy.py": COPY, "work/.keep": ""})
    project.ask("add", "data/docs.jsonl", "--origin", "real", "--source", "library")
    project.run("dvc", "add", "--quiet", "data/bare.jsonl")
    return project


@pytest.fixture(autouse=True)
def no_pipeline(project: Project) -> None:
    (project.root / "dvc.yaml").unlink(missing_ok=True)


def added(project: Project, *arguments: str, folder: str = ".") -> dict[str, Any]:
    """The stage `make` that the arguments add."""
    answer = project.provenance("stage", "add", "-n", "make", *arguments, folder=folder)
    assert answer.code == 0, answer
    made: dict[str, Any] = YAML(typ="safe").load(project.root / folder / "dvc.yaml")["stages"]["make"]
    return made


def test_sidecars_of_dependencies_and_outs(project: Project) -> None:
    deps = ("-d", "data/docs.jsonl", "--deps", "data/bare.jsonl", "-d", "copy.py")
    outs = ("-o", "a.jsonl", "--outs", "b.txt", "--outs-persist", "c.csv", "-O", "d.parquet")
    made = added(project, *deps, *outs, "-M", "metrics.json", "python", "copy.py", "-o", "x.jsonl")
    assert made["cmd"] == "provenance run -- python copy.py -o x.jsonl"
    assert sorted(made["deps"]) == sorted([*ADDED, "data/bare.jsonl", "copy.py"])
    outs_of = [out if isinstance(out, str) else next(iter(out.items())) for out in made["outs"]]
    assert outs_of == [
        "a.jsonl",
        "a.jsonl.lineage.parquet",
        "b.txt",
        ("c.csv", {"persist": True}),
        ("c.csv.lineage.parquet", {"persist": True}),
        ("d.parquet", {"cache": False}),
        ("d.parquet.lineage.parquet", {"cache": False}),
    ]


def test_sidecars_that_are_stated_are_not_stated_twice(project: Project) -> None:
    stated = [argument for name in ADDED for argument in ("-d", name)]
    made = added(project, *stated, "-o", "a.jsonl", "-o", "a.jsonl.lineage.parquet", "true")
    assert made["deps"] == ADDED
    assert made["outs"] == ["a.jsonl", "a.jsonl.lineage.parquet"]


def test_working_directory(project: Project) -> None:
    made = added(project, "-w", "work", "-d", "../data/docs.jsonl", "-o", "a.jsonl", "python", "x.py")
    assert (made["wdir"], made["deps"]) == ("work", [f"../{name}" for name in ADDED])
    made = added(project, "-d", "../data/docs.jsonl", "-o", "b.jsonl", "true", folder="work")
    assert made["deps"] == [f"../{name}" for name in ADDED]
    (project.root / "work/dvc.yaml").unlink()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["python", "a b.py"], 'provenance run -- python "a b.py"'),
        (["python a.py --x 1"], "provenance run -- python a.py --x 1"),
        (["python a.py | tee log"], "provenance run -- sh -c 'python a.py | tee log'"),
        (["cd work && python a.py > 'x y'"], """provenance run -- sh -c 'cd work && python a.py > '"'"'x y'"'"''"""),
        (["source env.sh && python a.py"], "provenance run -- bash -c 'source env.sh && python a.py'"),
        (["SEED=1 python a.py"], "provenance run -- env SEED=1 python a.py"),
        (["SEED=1", "python", "a.py"], "provenance run -- env SEED=1 python a.py"),
        (["provenance run -- python a.py"], "provenance run -- python a.py"),
        (["provenance", "run", "-q", "--", "python", "a.py"], "provenance run -q -- python a.py"),
    ],
)
def test_command(project: Project, command: list[str], expected: str) -> None:
    assert added(project, "-o", "a.jsonl", *command)["cmd"] == expected


def test_refusals_add_no_stage(project: Project) -> None:
    assert "no command" in project.refusal("stage", "add", "-n", "make", "-o", "a.jsonl")
    assert "no closing quotation" in project.refusal("stage", "add", "-n", "make", "-o", "a.jsonl", "echo 'a")
    assert "not inside a DVC repository" in project.refusal("stage", "add", "-n", "make", "true", folder="..")


def test_what_dvc_refuses_keeps_its_exit_code(project: Project) -> None:
    added(project, "-o", "a.jsonl", "true")
    again = project.provenance("stage", "add", "-n", "make", "-o", "a.jsonl", "true")
    assert again.code not in (0, 1)
    unknown = project.run("provenance", "stage", "add", "--no-such-option", "true", code=2)
    assert (unknown.stdout, unknown.stderr.splitlines()) == (
        "",
        [
            "ERROR: the following arguments are required: -n/--name",
            "error: `dvc stage add` does not take these arguments; see `dvc stage add --help`",
        ],
    )


def test_the_stage_runs(project: Project) -> None:
    added(project, "-d", "copy.py", "-d", "data/docs.jsonl", "-o", "a.jsonl", "python copy.py data/docs.jsonl a.jsonl")
    told = project.run("dvc", "repro").stderr
    assert "a.jsonl: 2 rows (2 carried), 0 ancestors" in told
    assert project.ask("audit", "a.jsonl")["datasets"][0]["by_source"]["library"]["rows"] == 2


def test_from_a_subfolder(project: Project, tmp_path: Path) -> None:
    assert (Path(project.root) / "work").is_dir()
    made = added(project, "-d", "../data/docs.jsonl", "-o", "../data/c.jsonl", "true", folder="work")
    assert made["outs"] == ["../data/c.jsonl", "../data/c.jsonl.lineage.parquet"]
    (project.root / "work/dvc.yaml").unlink()
