"""What the shell offers, asked as bash and zsh ask it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import Project, lines


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.new(tmp_path_factory.mktemp("completing") / "repository")
    project.write({"data/faq.jsonl": lines([{"text": "a"}]), "data/forum.jsonl": lines([{"text": "b"}])})
    for name in ("faq", "forum"):
        project.provenance("add", f"data/{name}.jsonl", "--origin", "real", "--source", name, "--license", "MIT")
    return project


def offered(project: Project, line: str) -> list[str]:
    asking = {"_PROVENANCE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}
    done = Project(project.root, {**project.environment, **asking}).run("provenance")
    assert "Traceback" not in done.stderr
    return [word for word in done.stdout.replace('"', " ").split() if ":" in word or "." in word or word.isalpha()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("provenance audit data/fa", ["data/faq.jsonl"]),
        ("provenance log data/f", ["data/faq.jsonl", "data/forum.jsonl"]),
        ("provenance purge data/fo", ["data/forum.jsonl"]),
    ],
)
def test_datasets(project: Project, line: str, expected: list[str]) -> None:
    assert [word for word in offered(project, line) if word.startswith("data/")] == expected


def test_selectors_policies_and_nothing_outside_a_repository(project: Project, tmp_path: Path) -> None:
    def asked(line: str) -> str:
        return " ".join(offered(project, line))

    sources = asked("provenance impact source:f")
    assert "faq" in sources and "forum" in sources and "library" not in sources
    assert "baseline" in asked("provenance audit --policy base")
    assert offered(Project(tmp_path, project.environment), "provenance audit data/f") == []
