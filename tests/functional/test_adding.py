"""`provenance add` in a real DVC repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.project import Project, lines

from provenance import sample_id

ROWS = [{"text": "one", "page": 1}, {"text": "two", "page": 2}, {"text": "two", "page": 3}]
STATED = ("--origin", "real", "--source", "library", "--license", "MIT", "--collected-at", "2026-01-31")
SETTINGS = """\
# ours
version: 1
datasets:
  - path: '*.csv'    # tables
    types: {score: number}
  - path: "notes.jsonl"
    fields: [text]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project.new(tmp_path / "repository")
    project.write({"data/docs.jsonl": lines(ROWS), "data/more.csv": "text,score\na,1\nb,1.50\n"})
    return project


def test_registers_and_tracks(project: Project) -> None:
    answer = project.ask("add", "data/docs.jsonl", "data/more.csv", *STATED)
    content = {"rule": "named", "fields": ["text"], "text_beside": []}
    assert answer["datasets"] == [
        {"path": path, "rows": rows, "samples": 2, "sidecar": f"{path}.lineage.parquet", "beside": [beside], **content}
        for path, rows, beside in (("data/docs.jsonl", 3, "page"), ("data/more.csv", 2, "score"))
    ]
    record = project.ask("show", sample_id({"text": "two"}))["records"][0]
    assert (record["origin"], record["rows"], record["license"], record["evidence"]) == ("real", 2, "MIT", "declared")
    assert record["source"]["collected_at"] == "2026-01-31T00:00:00Z"
    assert (record["activity"]["type"], record["depth"]) == ("collection", 0)
    project.commit()
    assert "up to date" in project.run("dvc", "status").stdout
    assert project.ask("status", "--rev", "HEAD")["datasets"][0]["state"] == "ok"
    assert project.run("git", "ls-files", "data").stdout.split() == [
        "data/.gitignore",
        "data/docs.jsonl.dvc",
        "data/docs.jsonl.lineage.parquet.dvc",
        "data/more.csv.dvc",
        "data/more.csv.lineage.parquet.dvc",
    ]


def test_a_file_that_is_a_copy_is_not_copied_back_from_the_cache(project: Project) -> None:
    file = project.root / "data/docs.jsonl"
    content, before = file.read_bytes(), file.stat()
    file.chmod(0o444)
    assert project.provenance("add", "data/docs.jsonl", *STATED).code == 0
    after = file.stat()
    assert (file.read_bytes(), after.st_ino, after.st_mtime_ns) == (content, before.st_ino, before.st_mtime_ns)
    assert os.access(file, os.W_OK) and after.st_mode & 0o222, "as DVC leaves its copies"
    project.run("git", "add", ".dvc", ".dvcignore", "data/.gitignore")
    project.run("git", "commit", "--quiet", "--message=without the data")
    (project.root / "data/docs.jsonl.dvc").unlink()
    project.run("dvc", "checkout")
    assert not file.exists(), "DVC knows the file for one that it may take away"


@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
def test_a_cache_that_is_linked_to_is_linked_to(project: Project, kind: str) -> None:
    project.run("dvc", "config", "cache.type", kind)
    assert project.provenance("add", "data/docs.jsonl", *STATED).code == 0
    file = project.root / "data/docs.jsonl"
    assert file.is_symlink() if kind == "symlink" else file.stat().st_nlink == 2
    assert "up to date" in project.run("dvc", "status").stdout


def test_a_file_that_is_linked_from_elsewhere_becomes_a_copy(project: Project) -> None:
    file, elsewhere = project.root / "data/docs.jsonl", project.root.parent / "mine.jsonl"
    os.link(file, elsewhere)
    elsewhere.chmod(0o444)
    assert project.provenance("add", "data/docs.jsonl", *STATED).code == 0
    assert (file.stat().st_nlink, elsewhere.stat().st_nlink) == (1, 1)
    assert elsewhere.stat().st_mode & 0o777 == 0o444
    assert file.read_bytes() == elsewhere.read_bytes()


def test_adding_again_changes_no_byte(project: Project) -> None:
    command = ("add", "data/docs.jsonl", "data/docs.jsonl", *STATED, "--fields", "page,text")
    first = project.ask(*command)
    files = project.files()
    assert project.ask(*command) == first
    assert project.files() == files
    quiet = project.provenance(*command, "-q")
    assert (quiet.code, quiet.stdout, quiet.stderr) == (0, "", "")
    assert project.files() == files


def test_new_words_data_or_settings_make_a_new_sidecar(project: Project) -> None:
    sidecar = project.root / "data/more.csv.lineage.parquet"
    seen = set()
    for words, content, settings in (
        (STATED, "text,score\na,1\n", "version: 1\n"),
        ((*STATED, "--url", "https://example.org"), "text,score\na,1\n", "version: 1\n"),
        (STATED, "text,score\na,2\n", "version: 1\n"),
        (STATED, "text,score\na,2\n", "datasets: [{path: '*.csv', fields: [text, score]}]\n"),
        (STATED, "text,score\na,2\n", "datasets: [{path: '*.csv', fields: [text, score], types: {score: number}}]\n"),
        (STATED, "text,score\na,2\n", "digest: sha256\n"),
    ):
        project.write({"data/more.csv": content, "provenance.yaml": settings})
        assert project.provenance("add", "data/more.csv", *words).code == 0
        assert project.ask("verify", "data/more.csv")["ok"]
        seen.add(sidecar.read_bytes())
    assert len(seen) == 6


def test_fields_are_kept_in_the_settings(project: Project) -> None:
    project.write({"provenance.yaml": SETTINGS, "notes.jsonl": lines(ROWS), "t[1]*.csv": "text,score\na,1.0\n"})
    assert project.provenance("add", "notes.jsonl", "t[1]*.csv", *STATED, "--fields", " text, page ").code == 2
    assert (project.root / "provenance.yaml").read_text() == SETTINGS, "the table has no column `page`"

    assert project.provenance("add", "t[1]*.csv", *STATED, "--fields", "score, text").code == 0
    text = (project.root / "provenance.yaml").read_text()
    assert text.startswith(SETTINGS)
    settings = YAML(typ="safe").load(text)
    assert settings["datasets"][2:] == [
        {"path": "t[[]1][*].csv", "fields": ["score", "text"], "types": {"score": "number"}}
    ]
    assert project.ask("show", "t[1]*.csv:1", "--text")["text"] == "text: a\nscore: 1.0"

    assert project.provenance("add", "notes.jsonl", *STATED, "--fields", "text,page").code == 0
    settings = YAML(typ="safe").load(project.root / "provenance.yaml")
    assert [entry["path"] for entry in settings["datasets"]] == ["*.csv", "notes.jsonl", "t[[]1][*].csv"]
    assert settings["datasets"][1]["fields"] == ["text", "page"]


def test_fields_without_settings(project: Project) -> None:
    assert project.provenance("add", "data/docs.jsonl", *STATED, "--fields", "text,page").code == 0
    settings = YAML(typ="safe").load(project.root / "provenance.yaml")
    assert settings == {"version": 1, "datasets": [{"path": "data/docs.jsonl", "fields": ["text", "page"]}]}
    assert project.ask("verify")["ok"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("bad.jsonl", '{"text": "a"}\n{"text": "b', "bad.jsonl:2: "),
        ("bad.jsonl", '{"text": "a"}\n{"text": NaN}\n', "bad.jsonl:2: "),
        ("bad.jsonl", '{"text": "a", "text": "b"}\n', "bad.jsonl:1: "),
        ("bad.jsonl", b'{"text": "a"}\n{"text": "\xff"}\n', "bad.jsonl:2: "),
        ("bad.jsonl", '{"text": "a"}\n["text"]\n', "bad.jsonl:2: "),
        ("bad.jsonl", '{"text": "a", "_parents": ["0"]}\n', "bad.jsonl: the column '_parents' is reserved"),
        ("bad.parquet", b"PAR1" + bytes(100) + b"PAR1", "bad.parquet: "),
        ("bad.csv", 'text\n"a\n', "bad.csv:1: "),
        ("bad.txt", "text", "bad.txt: not a dataset format"),
        ("bad.jsonl.lineage.parquet", "", "bad.jsonl.lineage.parquet: a sidecar"),
    ],
)
def test_bad_input_leaves_nothing_behind(project: Project, name: str, content: str | bytes, problem: str) -> None:
    project.write({name: content})
    assert problem in project.refusal("add", "data/docs.jsonl", name, *STATED, "--fields", "text")


def test_what_cannot_be_added(project: Project, tmp_path: Path) -> None:
    project.write({"dvc.yaml": 'stages: {make: {cmd: "true", outs: [out.jsonl]}}\n', "out.jsonl": lines(ROWS)})
    assert "out.jsonl: made by the stage make" in project.refusal("add", "out.jsonl", *STATED)
    assert "none.jsonl: no such file" in project.refusal("add", "none.jsonl", *STATED)
    assert "not inside the DVC repository" in project.refusal("add", "../out.jsonl", *STATED)
    assert "a field has no name" in project.refusal("add", "data/docs.jsonl", *STATED, "--fields", "text,,page")
    project.run("git", "add", "data/docs.jsonl")
    assert "data/docs.jsonl: tracked by git" in project.refusal(
        "add", "data/more.csv", "data/docs.jsonl", *STATED, "--fields", "text"
    )
    project.write({"provenance.yaml": "datasets: {\n"})
    assert "provenance.yaml: not valid YAML" in project.refusal("add", "data/more.csv", *STATED, "--fields", "text")
    (tmp_path / "elsewhere").mkdir()
    assert "not inside a DVC repository" in project.refusal("add", "x.jsonl", *STATED, folder="../elsewhere")


def test_a_damaged_sidecar_is_made_again(project: Project) -> None:
    project.ask("add", "data/docs.jsonl", *STATED)
    project.write({"data/docs.jsonl.lineage.parquet": b"damaged"})
    project.ask("add", "data/docs.jsonl", *STATED)
    assert project.ask("verify")["ok"]


def test_a_name_that_is_not_utf8_is_refused_in_one_line(project: Project) -> None:
    name = b"latin\xe9.jsonl"
    (project.root / os.fsdecode(name)).write_text('{"text": "x"}\n', encoding="utf-8")
    line = project.refusal("add", os.fsdecode(name), "--origin", "real", "--source", "s")
    assert "not valid UTF-8" in line


@pytest.mark.parametrize("url", ["https://user:pw@example.org/x", "https://example.org/x?token=abc"])
def test_a_secret_in_the_sources_address_is_refused(project: Project, url: str) -> None:
    line = project.refusal("add", "data/docs.jsonl", "--origin", "real", "--source", "s", "--url", url)
    assert "looks like a secret" in line and "pw" not in line and "abc" not in line
