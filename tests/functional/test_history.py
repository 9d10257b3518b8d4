"""`provenance log` on real repositories: branches, tags, merges, experiments, moves, pipelines, gc, remotes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines
from support.workbench import Workbench, identifier

DATA = "data/qa.jsonl"


def rows(*texts: str) -> list[dict[str, Any]]:
    return [{"text": text} for text in texts]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with settings; nothing is tracked yet."""
    project = Project.new(tmp_path / "repository")
    project.provenance("init")
    return project


def collect(project: Project, *texts: str, path: str = DATA, source: str = "library", commit: bool = True) -> str:
    """Add `path` with these rows, and commit; the commit's id."""
    project.write({path: lines(rows(*texts))})
    answer = project.provenance("add", path, "--origin", "real", "--source", source)
    assert answer.code == 0, answer
    return project.commit() if commit else ""


def summary(answer: Any) -> list[tuple[str, int | None, str]]:
    return [(entry["commit"], entry["rows"], entry["state"]) for entry in answer["entries"]]


def caches(project: Project) -> Path:
    return project.root / ".dvc/tmp/provenance"


def test_every_commit_that_changed_the_dataset_and_no_other(project: Project) -> None:
    first = collect(project, "a", "b")
    project.run("git", "tag", "v1")
    project.write({"README": "nothing to do with it"})
    project.commit()
    second = collect(project, "a", "b", "c")

    answer = project.ask("log", DATA)

    assert summary(answer) == [(second, 3, "ok"), (first, 2, "ok")]
    newest, oldest = answer["entries"]
    assert newest["by_origin"] == {"real": {"rows": 3, "fraction": 1.0}}
    assert newest["by_source"] == {"library": {"rows": 3, "fraction": 1.0}}
    assert newest["references"] == ["HEAD", "main"]
    assert oldest["references"] == ["v1"]
    assert newest["date"].startswith("20")
    said = project.provenance("log", "qa.jsonl", folder="data").stdout
    assert f"{second[:9]} " in said and "3 rows: real 100.0%" in said


def test_origins_of_a_mix_at_each_commit(project: Project) -> None:
    bench = Workbench(project.root)
    docs = bench.collected("docs.jsonl", rows("one", "two"))
    bench.generated("pairs.jsonl", rows("q"), [[identifier({"text": "one"})]], [docs])
    for name in ("docs.jsonl", "pairs.jsonl"):
        project.run("dvc", "add", "--quiet", name, f"{name}.lineage.parquet")
    (project.root / "pairs.jsonl.births.parquet").unlink()
    project.commit()

    (entry,) = project.ask("log", "pairs.jsonl")["entries"]

    assert entry["rows"] == 1
    assert entry["by_origin"] == {"synthetic": {"rows": 1, "fraction": 1.0}}
    assert entry["by_kind"] == {"rewrite": {"rows": 1, "fraction": 1.0}}
    assert entry["by_model"] == {"writer@1": {"rows": 1, "fraction": 1.0}}


def test_branches_and_a_merge(project: Project) -> None:
    first = collect(project, "a")
    project.run("git", "checkout", "--quiet", "-b", "side")
    side = collect(project, "a", "b")
    project.run("git", "checkout", "--quiet", "main")
    project.write({"notes": "x"})
    project.commit()
    project.run("git", "merge", "--quiet", "--no-edit", "side")

    answer = project.ask("log", DATA)

    # The merge took the side's version as it was: no version of its own.
    assert summary(answer) == [(side, 2, "ok"), (first, 1, "ok")]
    assert set(answer["entries"][0]["references"]) == {"HEAD", "main", "side"}
    assert summary(project.ask("log", DATA, "--rev", "main~1")) == [(first, 1, "ok")]


def test_experiments_go_by_their_names(project: Project) -> None:
    project.write(
        {
            "make.py": "import sys; n = int(open('params.yaml').read().split(':')[1])\n"
            "import provenance\n"
            "with provenance.record('out.jsonl', source=provenance.Source(name='s')) as recorder:\n"
            "    [recorder.write({'text': str(i)}) for i in range(n)]\n",
            "params.yaml": "n: 2\n",
            "dvc.yaml": "stages:\n  make:\n    cmd: python make.py\n    deps: [make.py]\n    params: [n]\n"
            "    outs: [out.jsonl, out.jsonl.lineage.parquet]\n",
        }
    )
    project.run("dvc", "repro", "--quiet")
    base = project.commit()
    project.run("dvc", "exp", "run", "--quiet", "--name", "bigger", "--set-param", "n=5")

    answer = project.ask("log", "out.jsonl")

    by_name = {entry["experiment"]: entry for entry in answer["entries"]}
    assert by_name["bigger"]["rows"] == 5
    assert (by_name[None]["commit"], by_name[None]["rows"]) == (base, 2)
    assert "experiment bigger" in project.provenance("log", "out.jsonl").stdout
    assert "experiment bigger" in project.provenance("impact", "dataset:out.jsonl", "--history").stdout
    assert [entry["rows"] for entry in project.ask("log", "out.jsonl", "--rev", "bigger")["entries"]] == [5, 2]


def test_a_stage_with_a_working_directory_and_one_written_with_variables(project: Project) -> None:
    make = (
        "import sys, provenance\n"
        "with provenance.record(sys.argv[1], source=provenance.Source(name='s')) as recorder:\n"
        "    recorder.write({'text': sys.argv[1]})\n"
    )
    project.write(
        {
            "make.py": make,
            "params.yaml": "name: templated\n",
            "dvc.yaml": "stages:\n"
            "  plain:\n    wdir: sub\n    cmd: python ../make.py x.jsonl\n"
            "    outs: [x.jsonl, x.jsonl.lineage.parquet]\n"
            "  varied:\n    wdir: ${name}\n    cmd: python ../make.py y.jsonl\n"
            "    outs: [y.jsonl, y.jsonl.lineage.parquet]\n",
        }
    )
    for folder in ("sub", "templated"):
        (project.root / folder).mkdir()
    project.run("dvc", "repro", "--quiet")
    commit = project.commit()

    assert summary(project.ask("log", "sub/x.jsonl")) == [(commit, 1, "ok")]
    assert summary(project.ask("log", "templated/y.jsonl")) == [(commit, 1, "ok")]


def test_a_moved_dataset_is_followed_and_a_removed_one_ends(project: Project) -> None:
    first = collect(project, "a", "b")
    project.run("dvc", "move", "--quiet", DATA, "data/moved.jsonl")
    project.run("dvc", "move", "--quiet", f"{DATA}.lineage.parquet", "data/moved.jsonl.lineage.parquet")
    moved = project.commit()
    # Each version once, though it is also the past of what the dataset was moved to.
    history = project.ask("impact", "origin:real", "--history")["history"]
    assert [(entry["commit"], entry["path"]) for entry in history] == [(moved, "data/moved.jsonl"), (first, DATA)]
    project.run("dvc", "remove", "--quiet", "data/moved.jsonl.dvc")
    project.run("dvc", "remove", "--quiet", "data/moved.jsonl.lineage.parquet.dvc")
    removed = project.commit()

    answer = project.ask("log", "data/moved.jsonl")

    assert summary(answer) == [(removed, None, "removed"), (moved, 2, "ok"), (first, 2, "ok")]
    assert answer["entries"][1]["moved_from"] == DATA
    assert [entry["path"] for entry in answer["entries"]][-1] == DATA


def test_what_gc_collected_is_said_and_what_is_left_is_counted(project: Project) -> None:
    old = collect(project, "a")
    new = collect(project, "a", "b")
    # Known already: what was noted must not stand for what is gone.
    assert summary(project.ask("log", DATA)) == [(new, 2, "ok"), (old, 1, "ok")]
    project.run("dvc", "gc", "--workspace", "--force", "--quiet")

    for _ in range(2):
        answer = project.ask("log", DATA)
        assert summary(answer) == [(new, 2, "ok"), (old, None, "missing")]
        assert "`dvc gc` collected it" in answer["entries"][1]["reason"]
    said = project.provenance("log", DATA)
    assert said.code == 0 and "missing: its sidecar is in no cache" in said.stdout


def test_sidecars_on_a_remote_are_pulled_unless_forbidden(project: Project, tmp_path: Path) -> None:
    project.run("dvc", "remote", "add", "--quiet", "--default", "store", str(tmp_path / "store"))
    commit = collect(project, "a", "b")
    project.run("dvc", "push", "--quiet")
    shutil.rmtree(project.root / ".dvc/cache")

    refused = project.ask("log", DATA, "--no-fetch")
    assert summary(refused) == [(commit, None, "missing")]
    assert "--no-fetch forbids" in refused["entries"][0]["reason"]
    assert not (project.root / ".dvc/cache").exists() or not list((project.root / ".dvc/cache").rglob("*.parquet"))

    assert summary(project.ask("log", DATA)) == [(commit, 2, "ok")]
    # The sidecar alone came, not the data.
    objects = [path for path in (project.root / ".dvc/cache").rglob("*") if path.is_file()]
    assert len(objects) == 1


def test_sidecar_of_other_data_is_stale(project: Project) -> None:
    collect(project, "a")
    project.write({DATA: lines(rows("changed", "twice"))})
    project.run("dvc", "add", "--quiet", DATA)
    project.commit()

    entries = project.ask("log", DATA)["entries"]

    assert [(entry["state"], entry["rows"]) for entry in entries] == [("stale", 1), ("ok", 1)]
    assert entries[0]["reason"] == "its sidecar was made for other data"


def damage(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*.json"):
        file.write_bytes(file.read_bytes()[:-3] + b"9]}")
        yield file


def test_caches_may_go_or_be_damaged_at_any_time(project: Project) -> None:
    collect(project, "a")
    collect(project, "a", "b")
    before = project.ask("log", DATA)

    assert len(list(damage(caches(project)))) >= 3
    assert project.ask("log", DATA) == before
    shutil.rmtree(caches(project))
    assert project.ask("log", DATA) == before


def test_warm_log_imports_neither_dvc_nor_what_reads_sidecars(project: Project) -> None:
    collect(project, "a")
    project.ask("log", DATA)
    heavy = "dvc git duckdb pyarrow numpy rich yaml"
    code = (
        "import sys; from provenance.cli import app\n"
        f"try: app(['log', '{DATA}', '--json'])\n"
        f"except SystemExit: print('|', *[m for m in '{heavy}'.split() if m in sys.modules])"
    )

    said = project.run("python", "-c", code).stdout

    assert '"rows": 1' in said
    assert said.rpartition("|")[2].split() == []


def test_a_shallow_clone_is_told(project: Project, tmp_path: Path) -> None:
    collect(project, "a")
    collect(project, "a", "b")
    clone = Project.at(tmp_path / "clone")
    project.run("git", "clone", "--quiet", "--depth", "1", f"file://{project.root}", str(clone.root))
    shutil.copytree(project.root / ".dvc/cache", clone.root / ".dvc/cache")
    for command in (("log", DATA), ("impact", "origin:real", "--history")):
        said = clone.provenance(*command)
        assert "this is a shallow clone" in said.stderr
        assert clone.ask(*command)["cut_off"]
        assert "shallow" not in project.provenance(*command).stderr
        assert not project.ask(*command)["cut_off"]


def test_what_it_refuses(project: Project) -> None:
    collect(project, "a")
    assert "no commit here has a dataset at this path" in project.refusal("log", "data/none.jsonl")
    collect(project, "a", path="data/new.jsonl", commit=False)
    assert "commit data/new.jsonl.dvc first" in project.refusal("log", "data/new.jsonl")
    assert "no such git revision" in project.refusal("log", DATA, "--rev", "nowhere")


def test_broken_dvc_file_in_a_past_commit_is_told_and_passed_over(project: Project) -> None:
    first = collect(project, "a")
    text = (project.root / f"{DATA}.dvc").read_text()
    project.write({f"{DATA}.dvc": "outs: [\n"})
    broken = project.commit()
    project.write({f"{DATA}.dvc": text})
    project.commit()

    answer = project.provenance("log", DATA, "--json")

    assert summary(answer.json()) == [(first, 1, "ok")]
    assert answer.json()["unreadable"] == [{"commit": broken, "file": f"{DATA}.dvc"}]
    assert "warning" in answer.stderr
