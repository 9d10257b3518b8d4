from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.documents import parse_tracked
from provenance.errors import RepositoryError
from provenance.repository import Repository
from provenance.settings import Settings
from provenance.upkeep.preparing import prepare

COMPOSITION = [
    {"origin": "real", "rows": 30, "fraction": 0.75},
    {"origin": "synthetic", "rows": 10, "fraction": 0.25},
]


def test_writes_what_is_missing_and_nothing_twice(dvc_repository: Path, run: Callable[..., str]) -> None:
    (dvc_repository / ".gitignore").write_bytes(b"/data\r\n*.tmp")
    repository = Repository.open()

    assert prepare(repository) == [
        "provenance.yaml",
        "provenance.models.yaml",
        "provenance.revocations.yaml",
        ".dvcignore",
        ".gitignore",
        ".gitattributes",
        ".dvc/plots/provenance_composition.json",
        ".dvc/plots/provenance_mixture.json",
    ]
    assert (dvc_repository / ".gitignore").read_bytes() == b"/data\r\n*.tmp\n.*.provenance-tmp\n"
    assert repository.settings() == Settings()
    run("git", "add", "--all")

    assert prepare(repository) == []
    assert run("git", "diff", "--name-only") == ""


def test_ignores_temporary_files(dvc_repository: Path, run: Callable[..., str]) -> None:
    prepare(Repository.open())
    (dvc_repository / "data").mkdir()

    run("git", "check-ignore", "data/.x.jsonl.0a1b.provenance-tmp")
    run("dvc", "check-ignore", "data/.x.jsonl.0a1b.provenance-tmp")


def test_example_in_the_settings_is_valid(dvc_repository: Path) -> None:
    prepare(Repository.open())
    text = (dvc_repository / "provenance.yaml").read_text()
    example = text[text.index("# datasets:") :].replace("datasets: []\n", "")

    settings = parse_tracked("\n".join(line.removeprefix("# ") for line in example.splitlines()), "example", Settings)

    assert settings.for_dataset("data/a.csv").fields == ("question", "answer")


def test_refuses_settings_that_are_not_valid(dvc_repository: Path) -> None:
    (dvc_repository / "provenance.yaml").write_text("digset: sha256\n")

    with pytest.raises(RepositoryError, match=r"provenance\.yaml: digset"):
        prepare(Repository.open())

    assert not (dvc_repository / ".gitignore").exists()


@pytest.mark.parametrize("name", ["composition.json", "composition.csv"])
def test_composition_is_drawn_by_dvc(
    dvc_repository: Path, run: Callable[..., str], commit: Callable[[], str], name: str
) -> None:
    lines = ["origin,rows,fraction", *(f"{row['origin']},{row['rows']},{row['fraction']}" for row in COMPOSITION)]
    (dvc_repository / name).write_text(json.dumps(COMPOSITION) if name.endswith("json") else "\n".join(lines))
    plot = {"x": "fraction", "y": "origin", "template": "provenance_composition", "title": "Composition"}
    (dvc_repository / "dvc.yaml").write_text(json.dumps({"plots": [{name: plot}]}))
    prepare(Repository.open())
    commit()
    (dvc_repository / name).write_text((dvc_repository / name).read_text().replace("0.75", "0.5"))

    shown = json.loads(run("dvc", "plots", "diff", "HEAD", "--json"))["data"][name][0]

    assert shown["revisions"] == ["workspace", "HEAD"]
    content = shown["content"]
    assert [(v["rev"], v["origin"], float(v["fraction"])) for v in content["data"]["values"]] == [
        ("workspace", "real", 0.5),
        ("workspace", "synthetic", 0.25),
        ("HEAD", "real", 0.75),
        ("HEAD", "synthetic", 0.25),
    ]
    assert content["encoding"]["x"]["field"] == "fraction"
    assert content["encoding"]["color"]["field"] == "origin"
    assert "DVC_METRIC" not in json.dumps(content)
