"""Commands that write findings into files write over no data, no sidecar and nothing that people keep."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.project import Project, lines

DATA = "data/real.jsonl"
SIDECAR = f"{DATA}.lineage.parquet"
AUDIT = ("audit", DATA, "--policy", "policy.yaml", "--mixture", "mixture.yaml")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.new(tmp_path_factory.mktemp("overwriting") / "repository")
    project.write(
        {
            DATA: lines([{"text": "a"}]),
            "policy.yaml": "extends: [baseline]\n",
            "mixture.yaml": f"name: m\nparts: [{{dataset: {DATA}, epochs: 1}}]\n",
            "images/a.txt": "an image",
        }
    )
    assert project.provenance("add", DATA, "images", "--origin", "real", "--source", "library").code == 0
    return project


@pytest.mark.parametrize(
    ("command", "file", "over"),
    [
        ((*AUDIT, "--verdict"), DATA, "a dataset or its sidecar"),
        ((*AUDIT, "--metrics"), f"./data/../{SIDECAR}", "a dataset or its sidecar"),
        ((*AUDIT, "--sarif"), "images/a.txt", "a dataset or its sidecar"),
        ((*AUDIT, "--verdict"), "policy.yaml", "what is read"),
        ((*AUDIT, "--sarif"), "mixture.yaml", "what is read"),
        ((*AUDIT, "--metrics"), f"{DATA}.dvc", "what people keep"),
        (("query", "SELECT 1 AS one", "--parquet"), DATA, "a dataset or its sidecar"),
        (("impact", "source:library", "--ids"), SIDECAR, "a dataset or its sidecar"),
    ],
)
def test_nothing_of_value_is_written_over(project: Project, command: tuple[str, ...], file: str, over: str) -> None:
    before = project.files()

    answer = project.provenance(*command, file)

    assert answer.code == 2
    assert f"{command[-1]} would write over {over}" in answer.stderr
    assert project.files() == before


def test_two_findings_do_not_go_into_one_file(project: Project) -> None:
    answer = project.provenance(*AUDIT, "--metrics", "new.json", "--verdict", "./new.json")
    assert answer.code == 2
    assert "named for --verdict and --metrics" in answer.stderr
    assert not (project.root / "new.json").exists()


def test_findings_of_before_are_written_over(project: Project, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("from before")
    assert project.provenance("impact", "source:library", "--ids", str(tmp_path / "ids.txt")).code == 0
    assert "from before" not in (tmp_path / "ids.txt").read_text()


def test_a_folder_is_named_as_it_was_given(project: Project, tmp_path: Path) -> None:
    answer = project.provenance("impact", "source:library", "--ids", str(tmp_path))
    assert answer.code == 2
    assert answer.stderr.splitlines()[-1] == f"error: {tmp_path}: Is a directory"


@pytest.mark.parametrize("command", [("impact", "source:library", "--ids"), ("query", "SELECT 1 AS one", "--parquet")])
def test_missing_folders_are_made_but_a_file_is_none(
    project: Project, tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert project.provenance(*command, str(tmp_path / "new/folder/found")).code == 0
    assert (tmp_path / "new/folder/found").is_file()
    (tmp_path / "file").write_text("kept")
    answer = project.provenance(*command, str(tmp_path / "file/found"))
    assert (answer.code, answer.stderr.splitlines()[-1]) == (2, f"error: {tmp_path / 'file'}: Not a directory")
    folder = project.provenance(*command, str(tmp_path))
    assert (folder.code, folder.stderr.splitlines()[-1]) == (2, f"error: {tmp_path}: Is a directory")
    assert (tmp_path / "file").read_text() == "kept"
