"""`export`: documents that the checkers of their standards accept, and that break where they are broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.exported import ABOUT, NOTHING_STATED, exported_project
from support.project import Project

from provenance.export.exporters import export_names, open_export

DATASETS = ("mix.jsonl", "answers.jsonl")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return exported_project(tmp_path_factory.mktemp("exporting") / "repository")


@pytest.fixture
def nothing_stated(project: Project) -> Any:
    project.write({"provenance.yaml": NOTHING_STATED})
    yield project
    project.write({"provenance.yaml": ABOUT})


def document(project: Project, name: str, *datasets: str) -> str:
    answer = project.provenance("export", *(datasets or DATASETS), "--format", name, "--check")
    said = [line for line in answer.stderr.splitlines() if not line.startswith("warning: not checked by")]
    assert (answer.code, said) == (0, []), answer.stderr
    return answer.stdout


@pytest.mark.parametrize("name", export_names())
def test_a_whole_document_is_accepted(project: Project, name: str) -> None:
    assert document(project, name)


@pytest.mark.parametrize("name", export_names())
def test_the_same_inputs_give_the_same_bytes(project: Project, name: str, tmp_path: Path) -> None:
    first = document(project, name)
    shutil.rmtree(project.root / ".dvc/tmp/provenance")
    answer = project.ask("export", *DATASETS, "--format", name, "-o", str(tmp_path / "document"))
    assert (tmp_path / "document").read_bytes() == first.encode()
    assert answer == {
        "format": name,
        "datasets": [*DATASETS],
        "bytes": len(first.encode()),
        "gaps": [],
        "problems": None,
        "not_checked": [],
    }


@pytest.mark.parametrize("name", export_names())
def test_what_nobody_stated_is_named_in_the_document_and_no_pass(
    nothing_stated: Project, name: str, tmp_path: Path
) -> None:
    file = tmp_path / "document"
    answer = nothing_stated.provenance("export", *DATASETS, "--format", name, "-o", str(file), "--check", "--json")
    found = answer.json()
    expected = [gap for gap in found["gaps"] if gap["fact"] not in ("depth",)]
    assert answer.code == (1 if expected or found["problems"] else 0)
    text = file.read_text(encoding="utf-8").replace("\\", "")
    assert [gap["fact"] for gap in expected if gap["fact"] not in text] == []
    # A rule of the standard that fails for want of a fact is the fact's gap.
    assert found["problems"] == [] or expected


def broken(of: Callable[[Any], Any]) -> Callable[[str], str]:
    """A JSON document in which something was changed."""

    def change(text: str) -> str:
        parsed = json.loads(text)
        of(parsed)
        return json.dumps(parsed)

    return change


BROKEN: dict[str, list[tuple[Callable[[str], str], str]]] = {
    "croissant": [
        (
            broken(lambda d: d.update({"rai:dataLimitation": d.pop("rai:dataLimitations")})),
            "rai:dataLimitation: the voc",
        ),
        (broken(lambda d: d.pop("rai:hasSyntheticData")), "rai:hasSyntheticData: missing"),
        (broken(lambda d: d.update({"conformsTo": "http://mlcommons.org/croissant/1.0"})), "conformsTo"),
        (broken(lambda d: d.pop("name")), "name: missing"),
        (broken(lambda d: d["distribution"][1].pop("sha256")), "mlcroissant"),
        (broken(lambda d: d["recordSet"][0]["field"][0]["source"]["fileObject"].update({"@id": "x"})), "mlcroissant"),
        (lambda text: text[:-9], "not JSON"),
    ],
    "dataset-card": [
        (lambda text: text.replace("---\n", "", 1), "no front matter"),
        (lambda text: text.replace("license: cc-by-4.0", "license: llama-9"), "not an identifier of the Hub's"),
        (lambda text: text.replace("n<1K", "n<2K"), "n<2K is none of the Hub's"),
        (lambda text: text.replace("language:\n", "language: [\n"), "YAML"),
    ],
}


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [(name, *case) for name, cases in BROKEN.items() for case in cases],
)
def test_a_broken_document_is_rejected(
    project: Project, name: str, change: Callable[[str], str], problem: str, tmp_path: Path
) -> None:
    whole = document(project, name)
    file = tmp_path / "document"
    changed = change(whole)
    assert changed != whole
    file.write_text(changed, encoding="utf-8")
    found = open_export(name).check(file)
    if found.not_checked and not found.problems:
        pytest.skip(found.not_checked[0])
    assert any(problem in each for each in found.problems), found


def test_every_export_is_tried_broken() -> None:
    assert sorted(BROKEN) == export_names()


@pytest.mark.parametrize("name", export_names())
def test_bounds_are_no_exact_numbers(project: Project, name: str) -> None:
    """m1 wrote one or two of the mix's rows, and m2 none or one."""
    text = document(project, name, "mix.jsonl")
    if "m2" in text and "row" in text.lower():
        assert any(said in text for said in ("atMostRows", "at_most_rows", "0 to 1", "at most 1 row")), text


def test_card_has_sources_prompts_terms_and_their_rows(project: Project) -> None:
    from huggingface_hub import DatasetCard

    card = DatasetCard(document(project, "dataset-card", "mix.jsonl"))
    data = card.data.to_dict()  # type: ignore[no-untyped-call]
    assert (data["license"], data["language"], data["size_categories"]) == ("cc-by-4.0", ["en"], ["n<1K"])
    assert data["source_datasets"] == ["org/manual"]
    assert (data["language_creators"], data["tags"]) == (["machine-generated", "other"], ["synthetic"])
    assert "| m1 | 1 to 2 | 16.7% to 33.3% |" in card.text
    assert "LicenseRef\\-scancode\\-llama\\-3.1\\-license\\-2024" in card.text
    assert "a name that begins with Llama | 1 to 2 |" in card.text
    # A prompt stays text, whatever it looks like.
    assert "\n    Ask <b>me</b>\n    \\# now." in card.text or "\n    # now." in card.text
    assert "compatible" not in card.text


def test_several_datasets_are_one_whole(project: Project) -> None:
    found = json.loads(document(project, "croissant"))
    assert found["dvcprov:composition"]["rows"] == 6 + 3
    assert [each["@id"] for each in found["recordSet"]] == ["mix.jsonl/lineage", "answers.jsonl/lineage"]
    assert found["dvcprov:composition"]["by_model"] == [
        {"group": "m1", "atLeastRows": 3, "atMostRows": 4},
        {"group": "m2", "atLeastRows": 1, "atMostRows": 2},
    ]
    (terms,) = found["dvcprov:outputTerms"]
    assert (terms["atLeastRows"], terms["atMostRows"]) == (3, 4)


def test_a_revision_is_exported_as_it_was(project: Project) -> None:
    assert project.provenance("export", "mix.jsonl", "--format", "croissant", "--rev", "HEAD").stdout == document(
        project, "croissant", "mix.jsonl"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mix.jsonl", "--format", "croissants"), "no such export; there are croissant, dataset-card"),
        (("none.jsonl", "--format", "croissant"), "not a dataset that DVC tracks"),
        (("mix.jsonl", "--format", "croissant", "-o", "documents.jsonl"), "would write over a dataset"),
    ],
)
def test_what_cannot_be_exported_is_refused(project: Project, arguments: tuple[str, ...], said: str) -> None:
    assert said in project.refusal("export", *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mix.jsonl", "--format", "croissant", "--sample", "mix.jsonl:1"), "about whole datasets"),
        (("mix.jsonl", "--format", "croissant", "--depth", "1"), "--depth needs a --sample"),
        (("mix.jsonl", "--format", "croissant", "--json"), "name a file with -o"),
    ],
)
def test_options_that_do_not_fit_are_refused(project: Project, arguments: tuple[str, ...], said: str) -> None:
    answer = project.provenance("export", *arguments)
    assert answer.code == 2
    assert said in " ".join(answer.stderr.replace("│", " ").split())


def test_export_is_a_stage_that_dvc_need_not_run_again(tmp_path: Path) -> None:
    project = exported_project(tmp_path / "repository")
    files = ("-d", "mix.jsonl", "-d", "mix.jsonl.lineage.parquet", "-d", "provenance.yaml", "-o", "card.md")
    command = "provenance export mix.jsonl --format dataset-card -o card.md --check"
    project.run("dvc", "stage", "add", "--quiet", "-n", "card", *files, command)
    project.run("dvc", "repro", "--quiet")
    first = (project.root / "card.md").read_bytes()
    project.run("dvc", "repro", "--quiet", "--single-item", "--force", "card")
    assert (project.root / "card.md").read_bytes() == first
    assert "didn't change" in project.run("dvc", "repro").stdout
