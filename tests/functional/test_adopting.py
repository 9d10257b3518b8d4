"""`provenance adopt`: lineage for pipelines that are there already; no stage runs, and DVC has nothing to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.project import Project, lines

PIPELINE = """\
# From the forum to a training set.
vars:
  - langs: [en, de]

stages:
  collect:   # slow
    cmd: python collect.py > data/raw.jsonl   # a shell
    deps:
      - collect.py
    outs:
      - data/raw.jsonl   # as it comes

  # Of each language:
  split:
    foreach: ${langs}
    do:
      wdir: data
      cmd:
        - echo ${item} >> ../runs.txt
        - python ../split.py ${item}
      deps: [../split.py, raw.jsonl]
      params:
        - ../params.yaml:
            - limit
      outs:
        - ${item}.jsonl:
            cache: false

  train:
    cmd: cp data/en.jsonl model.bin; echo train >> runs.txt; echo '{}' > scores.json
    deps:
      - data/en.jsonl
    outs:
      - model.bin
    metrics:
      - scores.json:
          cache: false
    frozen: true
"""
COLLECT = """\
import json
open("runs.txt", "a").write("collect\\n")
for number in range(6):
    print(json.dumps({"id": f"d{number}", "lang": "en" if number % 2 else "de", "text": f"text {number}"}))
"""
SPLIT = """\
import json, sys
rows = [json.loads(line) for line in open("raw.jsonl")]
with open(f"{sys.argv[1]}.jsonl", "w") as out:
    for row in rows:
        if row["lang"] == sys.argv[1]:
            out.write(json.dumps(row) + "\\n")
"""
DATASETS = ["data/de.jsonl", "data/en.jsonl", "data/raw.jsonl", "data/seed.jsonl"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A pipeline that has run, with data that was added; committed."""
    project = Project.new(tmp_path_factory.mktemp("adopting") / "repository")
    seed = lines([{"text": "seed"}])
    project.write({"dvc.yaml": PIPELINE, "collect.py": COLLECT, "split.py": SPLIT, "params.yaml": "limit: 1\n"})
    project.write({"data/seed.jsonl": seed, ".gitignore": "/runs.txt\n"})
    project.run("dvc", "add", "--quiet", "data/seed.jsonl")
    project.write({"dvc.yaml": PIPELINE.replace("    frozen: true\n", "")})
    project.run("dvc", "repro", "--quiet")
    project.write({"dvc.yaml": PIPELINE})
    project.commit()
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    project = made.copied(tmp_path / "repository")
    require_satisfied(project)
    return project


def require_satisfied(project: Project) -> None:
    """DVC has nothing to do, and no stage has run since the first time."""
    assert project.run("dvc", "status", "--json").stdout.strip() == "{}"
    assert "Running" not in project.run("dvc", "repro").stdout
    assert sorted((project.root / "runs.txt").read_text().split()) == ["collect", "de", "en", "train"]


def adopted(project: Project, *arguments: str) -> dict[str, dict[str, Any]]:
    return {each["path"]: each for each in project.ask("adopt", "--yes", *arguments)["datasets"]}


def test_every_dataset_has_a_sidecar_and_no_stage_runs(project: Project) -> None:
    answer = adopted(project, "--set", "collect:origin=real", "--set", "collect:source=forum")
    assert sorted(answer) == DATASETS
    assert (answer["data/raw.jsonl"]["declared"], answer["data/en.jsonl"]["carried"]) == (6, 3)
    assert (answer["data/seed.jsonl"]["unknown"], answer["data/en.jsonl"]["stage"]) == (1, "split@en")
    require_satisfied(project)
    assert {each["path"]: each["state"] for each in project.ask("status")["datasets"]} == dict.fromkeys(DATASETS, "ok")
    assert project.ask("verify")["ok"]
    assert project.ask("audit", "data/en.jsonl")["datasets"][0]["by_source"]["forum"]["rows"] == 3
    # What is in the cache is what is here.
    cached = project.run("dvc", "data", "status", "--json", "--not-in-remote").stdout
    assert "not_in_cache" not in cached


def test_only_the_lines_concerned_change(project: Project) -> None:
    adopted(project)
    before, after = PIPELINE.splitlines(), (project.root / "dvc.yaml").read_text().splitlines()
    assert [line for line in before if line not in after] == [
        "    cmd: python collect.py > data/raw.jsonl   # a shell",
        "        - python ../split.py ${item}",
        "      deps: [../split.py, raw.jsonl]",
    ]
    assert [line.strip() for line in after if line not in before] == [
        "cmd: provenance run -- sh -c 'python collect.py > data/raw.jsonl'   # a shell",
        "- data/raw.jsonl.lineage.parquet",
        "- provenance run -- python ../split.py ${item}",
        "deps: [../split.py, raw.jsonl, raw.jsonl.lineage.parquet]",
        "- ${item}.jsonl.lineage.parquet:",
    ]
    # As git keeps the data, it keeps the sidecar.
    assert "data/en.jsonl.lineage.parquet" in project.run("git", "status", "--short").stdout


def test_it_shows_the_change_and_what_is_left_alone(project: Project) -> None:
    before = project.files()
    shown = project.provenance("adopt", "--dry-run").stdout
    assert "\n-      deps: [../split.py, raw.jsonl]\n" in shown
    assert "\n+      deps: [../split.py, raw.jsonl, raw.jsonl.lineage.parquet]\n" in shown
    assert "left alone: stage train: no dataset among its outs: model.bin, scores.json" in shown
    assert "nobody is here to agree: agree with --yes" in project.refusal("adopt", "--quiet")
    assert project.files() == before


def test_again_nothing_changes(project: Project) -> None:
    adopted(project)
    before = project.files()
    answer = project.ask("adopt", "--yes", "--set", "collect:origin=real")
    assert (answer["applied"], answer["changes"], answer["datasets"]) == (False, [], [])
    assert project.files() == before


def test_undo_restores_every_file(project: Project) -> None:
    before = project.files()
    adopted(project)
    assert project.files().keys() - before.keys()
    project.ask("adopt", "--undo")
    assert project.files() == before
    require_satisfied(project)
    assert "nothing to undo" in project.refusal("adopt", "--undo")


def test_undo_refuses_what_has_changed(project: Project) -> None:
    adopted(project)
    with open(project.root / "dvc.yaml", "a", encoding="utf-8") as file:
        file.write("# mine\n")
    assert "dvc.yaml: changed since, so it is not undone" in project.refusal("adopt", "--undo")


def test_once_adopted_stages_run_as_ever(project: Project) -> None:
    adopted(project, "--set", "collect:origin=real", "--set", "collect:source=forum")
    project.write({"split.py": SPLIT + "# changed\n"})
    told = project.run("dvc", "repro").stderr
    assert "data/en.jsonl: 3 rows (3 carried), 0 ancestors" in told
    assert project.ask("audit", "data/de.jsonl")["datasets"][0]["by_source"]["forum"]["rows"] == 3


def test_the_first_change_after_it_is_told_from_what_dvc_recorded(project: Project) -> None:
    adopted(project, "--set", "collect:origin=synthetic", "--set", "collect:model=m", "--set", "collect:kind=other:a")
    project.commit()
    project.write({"collect.py": COLLECT.replace("range(6)", "range(7)")})
    project.run("dvc", "repro", "--quiet")
    (raw,) = (each for each in project.ask("diff", "HEAD")["datasets"] if each["path"] == "data/raw.jsonl")
    assert [(each["stage"], each["what"], bool(each["before"])) for each in raw["changes"]] == [
        ("collect", "command", True),
        ("collect", "dependency", True),
    ]


def test_a_state_that_is_left_and_found_again_costs_nothing(project: Project) -> None:
    text = PIPELINE.replace("cache: false", "cache: true", 1)
    project.write({"dvc.yaml": text.replace("    frozen: true\n", "")})
    project.run("git", "rm", "--cached", "--quiet", "data/en.jsonl", "data/de.jsonl")
    project.run("dvc", "commit", "--force", "--quiet")
    adopted(project)
    project.write({"params.yaml": "limit: 2\n"})
    project.run("dvc", "repro", "--quiet")
    runs = (project.root / "runs.txt").read_text()
    project.write({"params.yaml": "limit: 1\n"})
    project.run("dvc", "repro", "--quiet")
    assert (project.root / "runs.txt").read_text() == runs


def test_what_was_to_run_again_still_is(project: Project) -> None:
    project.write({"split.py": SPLIT + "# changed\n"})
    changed = project.run("dvc", "status", "--json").stdout
    adopted(project)
    assert project.run("dvc", "status", "--json").stdout == changed


def test_data_that_is_not_as_recorded_is_not_adopted(project: Project) -> None:
    with open(project.root / "data/de.jsonl", "a", encoding="utf-8") as file:
        file.write('{"text": "by hand"}\n')
    refusal = project.refusal("adopt", "--yes", "--quiet")
    assert "data/de.jsonl: changed since the stage split@de made it" in refusal
    (project.root / "data/raw.jsonl").unlink()
    assert "data/raw.jsonl: not in the workspace; bring it with `dvc checkout`" in project.refusal(
        "adopt", "--yes", "--quiet"
    )


def test_a_row_that_cannot_be_read_is_named_and_nothing_is_changed(project: Project) -> None:
    project.write({"other/dvc.yaml": "stages:\n  a:\n    cmd: echo no JSON > a.jsonl\n    outs: [a.jsonl]\n"})
    project.run("dvc", "repro", "--quiet", "other/dvc.yaml")
    assert project.refusal("adopt", "--yes", "--quiet").startswith("error: other/a.jsonl:1: ")


@pytest.mark.parametrize("rest", [1, 5, 7])
def test_killed_in_the_middle_it_is_finished_by_the_next(project: Project, rest: int) -> None:
    script = (
        "import os, sys, provenance.file_sets as sets\n"
        "from provenance.cli import main\n"
        "put, left = sets.FileSet._put, [int(sys.argv.pop(1))]\n"
        "def counted(self, path, content):\n"
        "    left[0] -= 1\n"
        "    os._exit(9) if left[0] < 0 else put(self, path, content)\n"
        "sets.FileSet._put = counted\n"
        "main()\n"
    )
    command = [sys.executable, "-c", script, str(rest), "adopt", "--yes", "--set", "collect:origin=real"]
    done = subprocess.run(command, cwd=project.root, env=project.environment, capture_output=True, check=False)
    assert done.returncode == 9, done.stderr
    answer = project.provenance("adopt", "--yes")
    assert "an interrupted change was finished" in answer.stderr
    assert "nothing to adopt" in answer.stdout
    require_satisfied(project)
    assert project.ask("status")["datasets"][2]["by_origin"]["real"]["rows"] == 6
    project.ask("adopt", "--undo")
    assert project.run("git", "status", "--short").stdout == ""


def test_folders_and_json_are_adopted_where_they_are_named(project: Project) -> None:
    text = 'stages:\n  make:\n    cmd: mkdir -p shards && echo \'{"text":"a"}\' > shards/a.jsonl\n    outs: [shards]\n'
    project.write({"other/dvc.yaml": text})
    project.run("dvc", "repro", "--quiet", "other/dvc.yaml")
    hint = (
        "left alone: stage other/dvc.yaml:make: no dataset among its outs: shards; if one is, name it: --dataset other"
    )
    assert hint in project.provenance("adopt", "--dry-run").stdout
    answer = adopted(project, "--dataset", "other/shards", "--set", "other/dvc.yaml:make:origin=synthetic")
    assert (answer["other/shards"]["rows"], answer["other/shards"]["declared"]) == (1, 1)
    assert project.run("dvc", "status", "--json").stdout.strip() == "{}"
    assert "DVC does not track it" in project.refusal("adopt", "--dry-run", "--dataset", "collect.py")


def test_a_folder_that_is_read_whole_is_not_changed(project: Project) -> None:
    text = PIPELINE.replace("      - data/en.jsonl\n    outs", "      - data\n    outs")
    project.write({"dvc.yaml": text})
    answer = project.ask("adopt", "--dry-run")
    assert "stage train depends on the whole folder data" in answer["left_alone"][0]["reason"]
    assert (answer["changes"], answer["applied"]) == ([], False)


def test_what_reads_from_a_stage_that_is_left_alone_waits_for_no_sidecar_of_it(project: Project) -> None:
    text = (
        "stages:\n  last:\n    cmd: cp b.jsonl c.jsonl\n    deps: [b.jsonl]\n    outs: [c.jsonl]\n"
        '  first:\n    cmd: "cp ../data/en.jsonl a.jsonl\\ntrue"\n    deps: [../data/en.jsonl]\n    outs: [a.jsonl]\n'
        "  then:\n    cmd: cp a.jsonl b.jsonl\n    deps: [a.jsonl]\n    outs: [b.jsonl]\n"
    )
    project.write({"other/dvc.yaml": text})
    project.run("dvc", "repro", "--quiet", "other/dvc.yaml")
    answer = project.ask("adopt", "--yes")
    assert [each["what"] for each in answer["left_alone"]] == ["stage other/dvc.yaml:first", "stage train"]
    stages = YAML(typ="safe").load(project.root / "other/dvc.yaml")["stages"]
    assert stages["then"]["deps"] == ["a.jsonl"]
    assert stages["last"]["deps"] == ["b.jsonl", "b.jsonl.lineage.parquet"]
    require_satisfied(project)
    project.write({"other/dvc.yaml": (project.root / "other/dvc.yaml").read_text().replace("true", "true 1")})
    project.run("dvc", "repro", "--quiet", "other/dvc.yaml")


def test_what_cannot_be_edited_is_left_and_said(project: Project) -> None:
    project.write({"other/dvc.yaml": 'stages:\n  a:\n    cmd: "one\\ntwo"\n    outs: [a.jsonl]\n'})
    answer = project.ask("adopt", "--dry-run")
    reasons = {each["what"]: each["reason"] for each in answer["left_alone"]}
    assert "its command has several lines" in reasons["stage other/dvc.yaml:a"]
    assert [each["path"] for each in answer["changes"]] == ["dvc.yaml"]


CIRCLES = {
    "a stage of itself": {"other/dvc.yaml": "stages:\n  a:\n    cmd: a\n    deps: [a.jsonl]\n    outs: [a.jsonl]\n"},
    "two stages": {
        "other/dvc.yaml": "stages:\n  a:\n    cmd: a\n    deps: [a.jsonl]\n    outs: [b.jsonl]\n"
        "  b:\n    cmd: b\n    deps: [b.jsonl]\n    outs: [a.jsonl]\n"
    },
    "an import": {
        "other/dvc.yaml": "stages:\n  a:\n    cmd: a\n    deps: [a.jsonl]\n    outs: [b.jsonl]\n",
        "other/a.jsonl.dvc": "deps:\n- path: b.jsonl\nouts:\n- path: a.jsonl\n",
    },
}


@pytest.mark.parametrize("files", CIRCLES.values(), ids=CIRCLES)
def test_pipelines_that_go_in_a_circle_are_refused_in_dvcs_words(project: Project, files: dict[str, str]) -> None:
    project.write(files | {"other/a.jsonl": "{}\n", "other/b.jsonl": "{}\n"})
    refusal = project.refusal("adopt", "--yes", "--quiet")
    assert "DVC cannot run these pipelines: Same item(s) are defined as both a dependency and an output in" in refusal
    (problem,) = (each for each in project.ask("doctor")["problems"] if each["what"] == "the repository")
    assert (problem["mend"], problem["problem"]) == ("dvc dag", refusal.removeprefix("error: "))


def test_stages_that_judge_depend_on_the_registers(project: Project) -> None:
    project.ask("init")
    text = "  gate:\n    cmd: provenance audit data/raw.jsonl\n    deps:\n    - data/raw.jsonl\n    metrics: [m.json]\n"
    project.write({"dvc.yaml": PIPELINE + text})
    adopted(project)
    gate = YAML(typ="safe").load(project.root / "dvc.yaml")["stages"]["gate"]
    assert gate["deps"] == [
        "data/raw.jsonl",
        "data/raw.jsonl.lineage.parquet",
        "provenance.models.yaml",
        "provenance.revocations.yaml",
    ]
    assert gate["cmd"] == "provenance audit data/raw.jsonl"


def test_a_stage_without_a_recorded_run_is_named(project: Project) -> None:
    (project.root / "dvc.lock").unlink()
    notes = project.ask("adopt", "--yes")["notes"]
    assert any(
        note.startswith("stage collect: dvc.lock has no run of it: `dvc repro` runs it; if it made what is here,")
        for note in notes
    )
    project.run("dvc", "commit", "--force", "--quiet")
    require_satisfied(project)


def test_a_stage_that_has_not_run_is_ready_to(project: Project) -> None:
    text = (
        "  more:\n    cmd: cp data/en.jsonl data/more.jsonl\n    deps: [data/en.jsonl]\n    outs: [data/more.jsonl]\n"
    )
    project.write({"dvc.yaml": PIPELINE + text})
    adopted(project)
    assert "data/more.jsonl: 3 rows" in project.run("dvc", "repro").stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--set", "nothing:origin=real"), "nothing: neither a stage nor a dataset that DVC tracks"),
        (("--set", "origin=real"), "--set: 'origin=real' is not of the form STAGE:FIELD=… or PATH:FIELD=…"),
        (
            ("--set", "collect:kind=answer", "--parent-key", "collect:id"),
            "--parent-key is a column of the parents' dataset",
        ),
        (("--set", "collect:colour=red"), "'colour' is not a field"),
        (("--set", "collect:origin=real", "--set", "data/raw.jsonl:origin=real"), "data/raw.jsonl: declared twice"),
    ],
)
def test_what_is_declared_must_make_sense(project: Project, arguments: tuple[str, ...], problem: str) -> None:
    assert problem in project.refusal("adopt", "--yes", "--quiet", *arguments)


def test_rows_with_a_key_have_their_parents(project: Project) -> None:
    answer = adopted(
        project,
        *("--set", "collect:origin=real", "--set", "split@en:model=m", "--set", "split@en:kind=rewrite"),
        *("--map", "split@en:parent_key=id", "--parents", "split@en:data/raw.jsonl", "--parent-key", "split@en:id"),
    )
    assert (answer["data/en.jsonl"]["declared"], answer["data/de.jsonl"]["carried"]) == (3, 3)
    require_satisfied(project)


def test_in_a_running_stage_nothing_is_adopted(project: Project) -> None:
    assert "cannot run in one of its stages" in project.refusal("adopt", "--yes", stage="collect")


def test_a_merge_conflict_is_named(project: Project) -> None:
    lock = project.root / "dvc.lock"
    lock.write_text("<<<<<<< HEAD\n" + lock.read_text() + "=======\n>>>>>>> other\n")
    refusal = project.refusal("adopt", "--yes", "--quiet")
    assert "dvc.lock: git left a merge conflict here; take one side with `git checkout --ours dvc.lock`" in refusal


def test_from_a_subfolder(project: Project) -> None:
    answer = project.provenance("adopt", "--yes", "--quiet", folder="data")
    assert answer.code == 0, answer
    require_satisfied(project)
    assert os.path.exists(project.root / "data/raw.jsonl.lineage.parquet")
