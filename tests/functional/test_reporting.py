"""`provenance report`: what is on the page, in every state that a repository can be in."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from support.project import Project, lines
from support.reported import HOSTILE_MIX, MIX, reported

POLICY = ("--policy", "policy.yaml")
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two revisions; not to be changed."""
    return reported(tmp_path_factory.mktemp("reported") / "repository")


@pytest.fixture
def copy(repository: Project, tmp_path: Path) -> Project:
    """The same repository, to be changed at will."""
    return repository.copied(tmp_path / "repository")


def page(project: Project, *arguments: str, file: str = "../report.html") -> str:
    answer = project.provenance("report", *arguments, "-o", file)
    assert answer.code == 0, answer.stderr
    return (project.root / file).read_text(encoding="utf-8")


def text(markup: str) -> str:
    """What is read on a page, without its style sheet."""
    body = markup.partition("</style>")[2]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


def test_the_page_says_what_the_audit_says(repository: Project) -> None:
    audit = repository.ask("audit", MIX, *POLICY, "--since", "v1", "--measures", "all")
    markup = page(repository, MIX, *POLICY, "--since", "v1")
    said = text(markup)
    assert "People wrote about two thirds of its rows and a language model wrote the rest." in said
    assert "Cleared, with warnings" in said and audit["verdict"] == "CLEARED" and audit["warnings"]
    assert 'class="state pass">' not in markup.partition("</h1>")[2].partition("</div>")[0]
    for finding in audit["findings"]:
        if finding["status"] == "BLOCKED":
            assert finding["title"] in said and finding["reason"] in said
        assert finding["rule"] in said
    for group, share in audit["datasets"][0]["by_model"].items():
        assert re.search(rf"{group} {100 * share['fraction']:.1f}% {share['rows']} ", said)
    for row in (
        "People wrote this, collected from python stdlib",
        "A model wrote this from it",
        "A model then wrote this from it",
    ):
        assert row in said
    assert "v1" in said and "v2" in said
    assert f"provenance audit {MIX} --policy policy.yaml" in said
    assert audit["policy"]["digest"] in said


def test_the_same_inputs_give_the_same_bytes_from_any_folder_and_revision(repository: Project, copy: Project) -> None:
    first = page(repository, MIX, *POLICY, "--since", "v1")
    assert page(copy, MIX, *POLICY, "--since", "v1") == first
    assert len(first.encode()) < MOST_BYTES
    assert str(repository.root) not in first
    by_tag, by_head = (page(copy, MIX, *POLICY, "--rev", rev) for rev in ("v2", "HEAD"))
    assert by_tag == by_head


def test_it_is_an_out_of_a_stage(copy: Project) -> None:
    stages = yaml.safe_load((copy.root / "dvc.yaml").read_text())
    stages["stages"]["report"] = {
        "cmd": f"provenance report {MIX} --policy policy.yaml -o report.html",
        "deps": [MIX, f"{MIX}.lineage.parquet", "policy.yaml"],
        "outs": [{"report.html": {"cache": False}}],
    }
    copy.write({"dvc.yaml": yaml.safe_dump(stages)})
    copy.run("dvc", "repro", "--quiet", "report")
    made = (copy.root / "report.html").read_bytes()
    copy.run("dvc", "repro", "--quiet", "--force", "--single-item", "report")
    assert (copy.root / "report.html").read_bytes() == made
    assert not copy.provenance("status").stdout.count("report.html")


def test_an_earlier_revision_is_reported_without_a_checkout(copy: Project) -> None:
    said = text(page(copy, MIX, "--rev", "v1"))
    assert "(v1)" in said and "132" not in said
    assert "There is only one recorded revision of this dataset so far." in said
    assert "Nothing was judged: no policy was given." in said
    assert "Findings" not in said


def test_where_the_text_is_not_here_lineage_is(copy: Project) -> None:
    shutil.rmtree(copy.root / ".dvc/cache")
    for name in ("documents.jsonl", "answers.jsonl", "revised.jsonl", "mix.jsonl"):
        (copy.root / "data" / name).unlink()
    said = text(page(copy, MIX, *POLICY))
    assert "its text is not on this machine" in said
    assert "Nothing was compared." in said
    assert "SmallModel@v1" in said


def test_several_datasets_are_one_page_with_a_table_of_all(repository: Project) -> None:
    said = text(page(repository, MIX, "data/answers.jsonl", *POLICY))
    assert "162 rows in 2 datasets." in said
    unjudged = text(page(repository, MIX, "data/answers.jsonl", file="../unjudged.html"))
    assert re.search(r"data/answers\.jsonl 30 0\.0% 0\.0% 100\.0% 0\.0% –", unjudged)
    assert "Nothing was compared. Has no real rows; name a dataset to compare it with" in said
    assert said.count("One row, followed back") == 2
    assert said.count("How this was made, and how to check it") == 2  # the link to it, and itself


def test_whether_an_evaluation_set_is_inside_is_answered(repository: Project) -> None:
    said = text(page(repository, MIX, "--policy", "contamination", "--evaluation", "data/documents.jsonl"))
    assert "Blocked" in said and "rows of evaluation sets" not in said.partition("Findings")[0]
    assert f"provenance audit {MIX} --policy contamination --evaluation data/documents.jsonl" in said
    assert "evaluation set data/documents.jsonl" in said


def test_a_mixture_is_counted_once_and_as_seen(copy: Project) -> None:
    mixture = f"name: first run\nunit: rows\nparts:\n  - {{name: mix, dataset: {MIX}, epochs: 3}}\n"
    copy.write({"mixture.yaml": mixture})
    said = text(page(copy, MIX, "--mixture", "mixture.yaml"))
    assert "The training mixture “first run”" in said
    assert "times each is seen 3.0" in said


def test_a_repository_without_a_commit_shows_one_revision(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    project.write({"data/a.jsonl": lines([{"text": "one"}, {"text": "two"}])})
    project.provenance("add", "data/a.jsonl", "--origin", "real", "--source", "me")
    said = text(page(project, "data/a.jsonl"))
    assert "People wrote all of its rows." in said
    assert "not committed" in said
    assert "No row of this dataset was made from another." in said
    assert "There is only one recorded revision" in said


def test_many_groups_are_cut_and_the_rest_is_counted(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    rows = [{"text": f"text {n} " + "x" * 5_000, "from": f"source {n:04}", "by": f"model {n:04}"} for n in range(600)]
    project.write({"data/many.jsonl": "".join(json.dumps(row) + "\n" for row in rows)})
    project.run("dvc", "add", "--quiet", "data/many.jsonl")
    declared = project.provenance(
        "declare",
        "data/many.jsonl",
        "--from",
        "columns",
        "--set",
        "origin=synthetic",
        "--set",
        "kind=rewrite",
        "--map",
        "model=by",
    )
    assert declared.code == 0, declared.stderr
    markup = page(project, "data/many.jsonl", "--policy", "baseline", "--policy", "model-collapse")
    assert "589 others" in text(markup)
    assert len(markup.encode()) < MOST_BYTES


def test_hostile_names_and_texts_are_shown_and_become_nothing(tmp_path: Path) -> None:
    project = reported(tmp_path / "repository", hostile=True, revisions=1)
    markup = page(project, HOSTILE_MIX, *POLICY)
    raw = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
    assert not re.search(raw, markup)
    tags = set(re.findall(r"<([a-zA-Z][\w-]*)", markup))
    assert not tags & {"script", "img", "iframe", "object", "form", "link"}
    assert markup.count("</style>") == 1
    assert not re.search(r"<[^>]*\son\w+\s*=", markup)
    assert "{{7*7}} {% raw %}" in html.unescape(markup)


def test_the_page_is_written_over_nothing_that_matters(repository: Project) -> None:
    assert "would write over a dataset" in repository.refusal("report", MIX, "-o", MIX)
    assert "no such policy pack" in repository.refusal("report", MIX, "--policy", "nothing", "-o", "../new.html")
    assert "not a dataset" in repository.refusal("report", "data/none.jsonl", "-o", "../new.html")


def test_what_was_written_is_said_for_programs(repository: Project) -> None:
    answer = repository.ask("report", MIX, *POLICY, "-o", "../json.html")
    assert answer["report"] == "../json.html"
    assert answer.keys() == {"report", "verdict", "warnings", "passes"}
