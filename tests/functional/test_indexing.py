"""The graph index and the snapshot of the workspace, on a real repository: they must never change an answer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import Project, lines

ROWS = [{"text": f"row {number}"} for number in range(50)]
QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("status",),
    ("impact", "source:faq"),
    ("trace", "faq.jsonl:7"),
    ("show", "mix.jsonl:2"),
    ("index",),
)
CHECK_IMPORTS = """
import sys
from provenance.cli import app
try:
    app(sys.argv[1:])
finally:
    imported = {name.partition(".")[0] for name in sys.modules}
    print(sorted(imported & {"dvc", "duckdb", "git", "pyarrow"}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Collected rows, and a stage that keeps every second of them."""
    made = Project.new(tmp_path_factory.mktemp("made") / "project")
    script = "lines = open('faq.jsonl').readlines(); open('mix.jsonl', 'w').writelines(lines[::2])"
    made.write({"faq.jsonl": lines(ROWS), "mix.py": script})
    made.provenance("init")
    made.provenance("add", "faq.jsonl", "--origin", "real", "--source", "faq")
    made.run(
        *[
            "provenance",
            "stage",
            "add",
            "-n",
            "mix",
            "-d",
            "faq.jsonl",
            "-d",
            "mix.py",
            "-o",
            "mix.jsonl",
            "python",
            "mix.py",
        ]
    )
    made.run("dvc", "repro")
    made.commit()
    return made


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def store(project: Project) -> Path:
    return project.root / ".dvc/tmp/provenance"


def answers(project: Project) -> list[object]:
    return [project.ask(*question) for question in QUESTIONS]


def test_deleting_what_is_remembered_at_any_time_changes_nothing(project: Project) -> None:
    expected = answers(project)
    assert answers(project) == expected
    for question, answer in zip(QUESTIONS, expected, strict=True):
        shutil.rmtree(store(project))
        assert project.ask(*question) == answer


def test_damage_is_noticed(project: Project) -> None:
    expected = answers(project)
    files = [file for file in sorted(store(project).rglob("*")) if file.is_file() and file.stat().st_size]
    assert len(files) > 20
    for file in files[:: len(files) // 8]:
        if file.exists():
            file.write_bytes(os.urandom(file.stat().st_size))
        assert answers(project) == expected


def test_with_an_index_a_look_up_needs_neither_dvc_nor_duckdb(project: Project) -> None:
    (start, *_) = project.ask("trace", "mix.jsonl:2")["nodes"]
    for question in (("trace", start["sample_id"][:10]), ("impact", "source:faq"), ("index",)):
        done = project.run(sys.executable, "-c", CHECK_IMPORTS, *question)
        assert done.stderr == "[]\n"


def test_a_question_about_an_earlier_revision_does_not_open_dvc_either(project: Project) -> None:
    project.write({"faq.jsonl": lines(ROWS[:3])})
    project.provenance("add", "faq.jsonl", "--origin", "real", "--source", "faq")
    project.ask("impact", "source:faq", "--rev", "HEAD")
    done = project.run(sys.executable, "-c", CHECK_IMPORTS, "impact", "source:faq", "--rev", "HEAD")
    assert "dvc" not in done.stderr


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "faq.jsonl").write_text(lines(ROWS[:3])),
        lambda root: (root / "faq.jsonl.lineage.parquet").unlink(),
        lambda root: (root / "faq.jsonl.dvc").unlink(),
        lambda root: (root / "dvc.lock").unlink(),
        lambda root: shutil.move(root / "mix.jsonl", root / "elsewhere"),
    ],
)
def test_a_changed_workspace_is_asked_again(project: Project, change: Callable[[Path], object]) -> None:
    answers(project)
    change(project.root)
    remembered = project.ask("status")
    shutil.rmtree(store(project))
    assert project.ask("status") == remembered


def test_two_processes_may_build_at_once(project: Project) -> None:
    expected = project.ask("impact", "source:faq")
    shutil.rmtree(store(project))
    command = [sys.executable, "-m", "provenance", "impact", "source:faq", "--json"]
    running = [
        subprocess.Popen(
            command, cwd=project.root, env=project.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for process in running:
        _, said = process.communicate(timeout=120)
        assert (process.returncode, said) == (0, b"")
    assert project.ask("impact", "source:faq") == expected
    assert not list((store(project) / "graph").glob(".building-*"))


def test_another_revision_shares_what_is_the_same(project: Project) -> None:
    project.ask("index")
    project.write({"more.jsonl": lines([{"text": "more"}])})
    project.provenance("add", "more.jsonl", "--origin", "real", "--source", "more")
    project.commit()
    assert project.ask("index")["datasets"] == 3
    assert project.ask("index", "--rev", "HEAD~1")["datasets"] == 2
    segments = list((store(project) / "graph").glob("segment-*"))
    assert len(segments) == 3
    kept = project.ask("index", "--gc")
    assert kept["removed"]["folders"] == 1
    assert "removed 0 items" in project.provenance("index", "--gc").stdout
    assert len(list((store(project) / "graph").glob("segment-*"))) == 3
