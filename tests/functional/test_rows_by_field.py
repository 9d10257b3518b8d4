"""Rows that people name by a column they know, and the affected rows that they look at, in a real repository."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.project import Project, lines

import provenance

DOCUMENTS = [
    {"doc_id": f"KB-{number:04}", "year": 2000 + number % 2, "text": f"article {number}"} for number in range(6)
]
STAGE = """
import provenance
with provenance.record("answers.jsonl", model=provenance.Model(name="writer"), kind="answer") as recorder:
    for row in provenance.read("documents.csv"):
        for n in (1, 2):
            recorder.write({"text": f"answer {n} to " + row["text"]}, parents=[row])
"""
PIPELINE = """
stages:
  answers:
    cmd: provenance run -- python answers.py
    deps: [answers.py, documents.csv, documents.csv.lineage.parquet]
    outs: [answers.jsonl, answers.jsonl.lineage.parquet]
"""


def table(rows: list[dict[str, Any]]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Six documents in a CSV file with ids, two answers to each; other rows in JSON Lines."""
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    project.write({"documents.csv": table(DOCUMENTS), "other.jsonl": lines([{"year": 2001, "text": "something else"}])})
    project.write({"dvc.yaml": PIPELINE, "answers.py": STAGE})
    for path in ("documents.csv", "other.jsonl"):
        assert project.provenance("add", path, "--origin", "real", "--source", "kb").code == 0
    project.run("dvc", "repro", "--quiet")
    project.commit()
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def test_a_row_is_named_by_a_column_where_only_one_has_its_value(project: Project) -> None:
    by_row = project.ask("show", "documents.csv:4")["sample_id"]
    assert project.ask("show", "field:doc_id=KB-0003")["sample_id"] == by_row
    assert project.ask("trace", "field:doc_id=KB-0003")["sample_id"] == by_row
    several = project.provenance("trace", "field:year=2001")
    assert several.code == 2 and "fits more than one sample, take one of them: " in several.stderr
    assert several.stderr.count(" in documents.csv") + several.stderr.count(" in other.jsonl") >= 2


def test_the_log_follows_a_row_that_a_column_names(project: Project) -> None:
    found = project.ask("log", "field:doc_id=KB-0003")
    assert found["sample_id"] == project.ask("show", "documents.csv:4")["sample_id"]
    assert [entry["event"] for entry in found["entries"]] == ["appeared"]


def test_a_column_of_objects_has_nothing_to_compare(project: Project) -> None:
    project.write({"nested.jsonl": lines([{"meta": {"lang": "de"}, "text": "with an object"}])})
    project.provenance("add", "nested.jsonl", "--origin", "real", "--source", "kb")
    answer = project.provenance("impact", "field:meta=de")
    assert answer.code == 2 and "the column meta has no text, numbers or truth values to compare" in answer.stderr


def test_impact_of_a_column_s_value_in_data_of_any_format(project: Project) -> None:
    found = project.ask("impact", "field:year=2001")
    assert found["selected"] == 4 and found["descendants"] == 6
    affected = {each["path"]: each["affected_rows"] for each in found["datasets"]}
    assert affected == {"answers.jsonl": 6, "documents.csv": 3, "other.jsonl": 1}


def test_affected_rows_are_listed_with_what_they_say(project: Project) -> None:
    found = project.ask("impact", "field:doc_id=KB-0003", "--rows")
    assert [(row["place"], row["text"], row["certain"]) for row in found["rows"]] == [
        ("answers.jsonl:7", "answer 1 to article 3", True),
        ("answers.jsonl:8", "answer 2 to article 3", True),
        ("documents.csv:4", "article 3", True),
    ]
    assert found["not_here"] == []
    said = project.provenance("impact", "field:doc_id=KB-0003", "--rows").stdout
    assert "answers.jsonl:8" in said and "answer 2 to article 3" in said and "may be" not in said


def test_rows_of_equal_text_of_which_only_some_are_affected_may_be(project: Project) -> None:
    project.write({"copies.jsonl": lines([{"text": "article 3"}, {"text": "article 9"}])})
    project.provenance("add", "copies.jsonl", "--origin", "real", "--source", "elsewhere")
    found = project.ask("impact", "source:kb", "--rows")
    assert not [row for row in found["rows"] if row["place"] == "copies.jsonl:1"]
    assert "copies.jsonl:1" in [row["place"] for row in project.ask("impact", "source:elsewhere", "--rows")["rows"]]


def test_a_revocation_keeps_the_samples_and_not_the_column(project: Project) -> None:
    by_row = project.ask("show", "documents.csv:4")["sample_id"]
    entry = project.ask("revoke", "field:doc_id=KB-0003", "--reason", "withdrawn")
    assert entry["selectors"] == [f"sample:{by_row}"]
    (stored,) = YAML(typ="safe").load((project.root / "provenance.revocations.yaml").read_text())["revocations"]
    assert stored["selectors"] == [f"sample:{by_row}"]


def test_the_history_follows_the_sample_and_not_the_row(project: Project) -> None:
    rows = [{"doc_id": "KB-0099", "year": 2001, "text": "a new first article"}, *DOCUMENTS]
    project.write({"documents.csv": table(rows)})
    project.provenance("add", "documents.csv", "--origin", "real", "--source", "kb")
    project.run("dvc", "repro", "--quiet")
    project.commit()
    found = project.ask("impact", "sample:documents.csv:1", "--history")
    assert {entry["path"] for entry in found["history"]} == {"documents.csv", "answers.jsonl"}
    assert len({entry["commit"] for entry in found["history"]}) == 1


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("field:doc_id=KB-9999", "no row of this revision has this doc_id"),
        ("field:nowhere=1", "no dataset has the column nowhere; known: doc_id, text, year"),
        ("field:year=1999.0", "no row of this revision has this year; a number or truth value is compared as 1999"),
        ("field:year=True", "a number or truth value is compared as true"),
        ("field:doc_id", "write field:NAME=VALUE"),
        ("field:=1", "write field:NAME=VALUE"),
    ],
)
def test_what_fits_nothing_is_said_in_one_line(project: Project, selector: str, message: str) -> None:
    answer = project.provenance("impact", selector)
    assert answer.code == 2 and message in answer.stderr and "Traceback" not in answer.stderr


def test_data_that_is_not_here_leaves_the_question_open(project: Project) -> None:
    (project.root / "documents.csv").unlink()
    project.run("rm", "-rf", ".dvc/cache")
    answer = project.provenance("impact", "field:doc_id=KB-0003")
    assert answer.code == 2 and "documents.csv: its data is not here" in answer.stderr


CLEAN = """
import csv, json
with open("documents.csv", newline="") as read, open("clean.jsonl", "w") as written:
    for row in csv.DictReader(read):
        row["text"] = row["text"].upper() if row["doc_id"] != "KB-0000" else row["text"]
        written.write(json.dumps(row) + "\\n")
"""
CLEANED = """
stages:
  clean:
    cmd: provenance run -- python clean.py
    deps: [clean.py, documents.csv, documents.csv.lineage.parquet]
    outs: [clean.jsonl, clean.jsonl.lineage.parquet]
"""


def test_a_key_that_rows_have_already_says_where_changed_rows_came_from(project: Project) -> None:
    settings = {"provenance.yaml": "version: 1\ndatasets:\n- {path: clean.jsonl, key: doc_id}\n"}
    project.write({**settings, "dvc.yaml": CLEANED, "clean.py": CLEAN})
    project.run("dvc", "repro", "--quiet")
    (record,) = project.ask("show", "clean.jsonl:4")["records"]
    assert record["parents"] == [project.ask("show", "documents.csv:4")["sample_id"]]
    assert (record["origin"], record["evidence"]) == ("real", "declared")
    assert record["activity"]["keyed_on"] == "doc_id"
    (audited,) = project.ask("audit", "clean.jsonl")["datasets"]
    assert audited["by_origin"]["real"]["rows"] == 6


def test_sql_has_the_columns_of_the_data_that_are_named(project: Project) -> None:
    question = (
        "SELECT v.value, s.origin, v.row FROM field_values v JOIN samples s USING (dataset, sample_id) "
        "WHERE field = 'doc_id' AND value >= 'KB-0004' ORDER BY 1"
    )
    rows = project.ask("query", "--field", "doc_id", "--field", "year", question)["rows"]
    assert [tuple(row.values()) for row in rows] == [("KB-0004", "real", 5), ("KB-0005", "real", 6)]
    counted = "SELECT field, value, count(*) AS n FROM field_values GROUP BY ALL ORDER BY ALL"
    rows = project.ask("query", "--field", "year", counted)["rows"]
    assert [tuple(row.values()) for row in rows] == [("year", "2000", 3), ("year", "2001", 4)]
    missing = project.provenance("query", counted)
    assert missing.code == 2 and "name the columns of the data that it is to have: --field NAME" in missing.stderr
    unknown = project.provenance("query", "--field", "uid", counted)
    assert unknown.code == 2 and "no dataset has the column uid; known: " in unknown.stderr
    with provenance.Ledger.open(project.root) as ledger:
        found = ledger.sql("SELECT sample_id FROM field_values WHERE value = $of", {"of": "KB-0003"}, fields=["doc_id"])
        assert found.read_all()["sample_id"].to_pylist() == [project.ask("show", "documents.csv:4")["sample_id"]]


def test_a_column_with_an_equals_sign_is_quoted(project: Project) -> None:
    project.write({"signs.jsonl": lines([{"a=b": "c", 'd"=': 7.0, "text": "signs"}])})
    assert project.provenance("add", "signs.jsonl", "--origin", "real", "--source", "kb").code == 0
    by_row = project.ask("show", "signs.jsonl:1")["sample_id"]
    for name in ('field:"a=b"=c', 'field:"d""="=7'):
        assert project.ask("show", name)["sample_id"] == by_row
