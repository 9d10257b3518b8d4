"""`provenance run` in the stages of a real pipeline, reproduced by DVC."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.project import Project, lines

from provenance import sample_id

DOCS = [{"text": f"document {number}", "page": number} for number in range(1, 6)]

RECORD = """
import provenance
with provenance.record("data/pairs.jsonl", model=provenance.Model(name="writer", revision="1")) as recorder:
    for document in provenance.read("data/docs.jsonl"):
        row = {"question": f"What is {document['text']}?", "answer": f"It is page {document['page']}."}
        recorder.write(row, parents=[document])
"""
# Knows nothing of provenance, but for the ids that it was given.
MIX = """
import csv, json
import pyarrow, pyarrow.parquet
docs, pairs = ([json.loads(line) for line in open(f"data/{name}.jsonl")] for name in ("docs", "pairs"))
first, second = json.load(open("ids.json"))[:2]
rows = [
    pairs[0],
    {**docs[2], "page": 99, "split": "train"},
    docs[2],
    {"text": "by place", "_parents": "data/docs.jsonl:1"},
    {"text": "by id", "_parents": [first]},
    {"text": "by both", "_parents": [second, "data/pairs.jsonl:2"]},
    {"text": "from nowhere"},
]
open("data/mix.jsonl", "w").writelines(json.dumps(row) + "\\n" for row in rows)
lists = [[given] if isinstance(given, str) else given for given in (row.get("_parents") for row in rows)]
columns = ["text", "question", "answer", "split", "_parents"]
with open("data/mix.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows({**row, "_parents": json.dumps(list_) if list_ else None} for row, list_ in zip(rows, lists))
table = {name: [row.get(name) for row in rows] for name in columns} | {"_parents": lists}
pyarrow.parquet.write_table(pyarrow.table(table), "data/mix.parquet")
"""
REWRITE = """
import json
rows = [json.loads(line) for line in open("../data/docs.jsonl")]
changed = [{"text": row["text"].upper(), "_parents": f"../data/docs.jsonl:{n}"} for n, row in enumerate(rows, 1)]
open("upper.jsonl", "w").writelines(json.dumps(row) + "\\n" for row in changed)
"""
REDUCE = """
import json
docs, pairs = ([json.loads(line) for line in open(f"data/{name}.jsonl")] for name in ("docs", "pairs"))
questions = [{"question": row["question"]} for row in pairs]
labelled = [{"text": row["text"], "answer": "yes"} for row in docs]
for name, rows in {"questions": questions, "labelled": labelled}.items():
    open(f"data/{name}.jsonl", "w").writelines(json.dumps(row) + "\\n" for row in rows)
"""


def stage(script: str, deps: Sequence[str], outs: Sequence[str], **options: Any) -> dict[str, Any]:
    """A stage whose datasets have sidecars."""
    return {
        "cmd": f"provenance run -- python {script}",
        "deps": [script, *(name for dep in deps for name in (dep, f"{dep}.lineage.parquet"))],
        "outs": [name for out in outs for name in (out, f"{out}.lineage.parquet")],
        **options,
    }


PAIRS = "data/pairs.jsonl"
STAGES = {
    "record": stage("record.py", ["data/docs.jsonl"], [PAIRS]),
    "mix": stage("mix.py", ["data/docs.jsonl", PAIRS], ["data/mix.jsonl", "data/mix.csv", "data/mix.parquet"]),
    "rewrite": stage("rewrite.py", ["../data/docs.jsonl"], ["upper.jsonl"], wdir="work"),
    "reduce": stage("reduce.py", ["data/docs.jsonl", PAIRS], ["data/questions.jsonl", "data/labelled.jsonl"]),
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The pipeline, reproduced once and committed; a test that changes it changes a copy."""
    project = Project.new(tmp_path_factory.mktemp("running") / "repository")
    project.write(
        {
            "data/docs.jsonl": lines(DOCS),
            "ids.json": json.dumps([sample_id({"text": doc["text"]}) for doc in DOCS]),
            "record.py": RECORD,
            "mix.py": MIX,
            "work/rewrite.py": REWRITE,
            "reduce.py": REDUCE,
            "dvc.yaml": json.dumps({"stages": STAGES}),  # JSON is YAML
        }
    )
    added = project.provenance("add", "data/docs.jsonl", "--origin", "real", "--source", "library", "--license", "MIT")
    assert added.code == 0, added
    project.commit()
    told = project.run("dvc", "repro").stderr
    assert "data/mix.jsonl: 7 rows (3 carried, 3 derived, 1 unknown), 3 ancestors" in told
    assert "data/pairs.jsonl: lineage recorded by its command" in told
    assert "data/docs.jsonl: of 5 rows, 1 kept, 2 changed, 2 dropped" in told
    project.commit()
    return project


def by_sample(project: Project, dataset: str) -> dict[str, dict[str, Any]]:
    return {record["sample_id"]: record for record in project.records(dataset)}


@pytest.mark.parametrize("dataset", ["data/mix.jsonl", "data/mix.csv", "data/mix.parquet"])
def test_each_row_is_explained(pipeline: Project, dataset: str) -> None:
    pairs = {record["sample_id"] for record in pipeline.records(PAIRS) if record["rows"]}
    of_doc = [sample_id({"text": doc["text"]}) for doc in DOCS]
    records = by_sample(pipeline, dataset)

    def seen(text: str) -> tuple[Any, ...]:
        record = records[sample_id({"text": text})]
        return record["origin"], record["rows"], record["depth"], record["evidence"]

    assert seen("document 3") == ("real", 2, 0, "declared")
    assert seen("by place") == seen("by id") == ("real", 1, 0, "observed")
    assert seen("by both") == ("mixed", 1, 1, "observed")
    assert seen("from nowhere") == ("unknown", 1, None, None)
    assert records[sample_id({"text": "by place"})]["parents"] == [of_doc[0]]
    assert records[sample_id({"text": "by id"})]["parents"] == [of_doc[0]]
    (generated,) = [record for id_, record in records.items() if record["rows"] and id_ in pairs]
    assert (generated["origin"], generated["depth"], generated["parents"]) == ("synthetic", 1, [of_doc[0]])
    first, second = records[sample_id({"text": "by both"})]["parents"]
    assert first == of_doc[1] and second in pairs
    assert sum(record["rows"] for record in records.values()) == 7
    ancestors = {id_ for id_, record in records.items() if not record["rows"]}
    assert ancestors == {of_doc[0], of_doc[1], second}


def test_lineage_is_the_same_in_every_format(pipeline: Project) -> None:
    jsonl, csv, parquet = (
        [{**record, "activity": None} for record in pipeline.records(f"data/mix.{suffix}")]
        for suffix in ("jsonl", "csv", "parquet")
    )
    assert jsonl == csv == parquet


def test_reserved_columns_are_stripped_and_all_else_stays(pipeline: Project) -> None:
    assert pq.read_table(pipeline.root / "data/mix.parquet").column_names == ["text", "question", "answer", "split"]
    assert (pipeline.root / "data/mix.csv").read_text().splitlines()[0] == "text,question,answer,split"
    rows = [json.loads(line) for line in (pipeline.root / "data/mix.jsonl").read_text().splitlines()]
    assert rows[1] == {"text": "document 3", "page": 99, "split": "train"}
    assert rows[3] == {"text": "by place"}


def test_references_are_paths_as_the_script_opens_them(pipeline: Project) -> None:
    records = by_sample(pipeline, "work/upper.jsonl")
    for doc in DOCS:
        record = records[sample_id({"text": str(doc["text"]).upper()})]
        assert (record["origin"], record["parents"]) == ("real", [sample_id({"text": doc["text"]})])


def test_rows_with_fewer_or_more_fields_are_aligned(pipeline: Project) -> None:
    pairs = by_sample(pipeline, PAIRS)
    questions = [record for record in pipeline.records("data/questions.jsonl") if record["rows"]]
    assert {record["origin"] for record in questions} == {"synthetic"}
    assert {record["parents"][0] for record in questions} == {id_ for id_, record in pairs.items() if record["rows"]}
    labelled = [record for record in pipeline.records("data/labelled.jsonl") if record["rows"]]
    assert {record["origin"] for record in labelled} == {"unknown"}, "nobody said who labelled them"
    assert all(len(record["parents"]) == 1 for record in labelled)


def test_what_the_recorder_wrote_is_left_alone(pipeline: Project) -> None:
    birth = pipeline.ask("show", f"{PAIRS}:1")["records"][0]
    assert (birth["activity"]["type"], birth["agent"]["name"], birth["evidence"]) == (
        "generation",
        "writer",
        "observed",
    )
    stage_run = birth["activity"]["stage"]
    assert (stage_run["name"], stage_run["command"]) == ("record", "provenance run -- python record.py")


def test_all_is_verified_and_nothing_is_left_to_do(pipeline: Project) -> None:
    assert pipeline.ask("verify")["ok"]
    assert "didn't change" in pipeline.run("dvc", "repro").stdout
    assert pipeline.run("git", "status", "--short").stdout == ""


def test_experiments(pipeline: Project, tmp_path: Path) -> None:
    project = Project.at(tmp_path / "copy")
    project.run("git", "clone", "--quiet", str(pipeline.root), ".")
    project.run("dvc", "cache", "dir", "--local", str(pipeline.root / ".dvc" / "cache"))
    project.run("dvc", "checkout", "--quiet")
    project.write({"mix.py": MIX.replace("from nowhere", "from an experiment")})
    project.run("dvc", "exp", "run", "--temp", "--name", "apart")
    assert "from nowhere" in (project.root / "data/mix.jsonl").read_text()
    new = sample_id({"text": "from an experiment"})
    assert project.ask("show", new, "--rev", "apart")["records"][0]["origin"] == "unknown"
    assert project.ask("verify", "data/mix.jsonl", "--rev", "apart")["ok"]

    project.run("dvc", "exp", "run", "--name", "here")
    assert project.ask("show", new)["occurrences"] == [
        {"dataset": f"data/mix.{suffix}", "rows": 1} for suffix in ("csv", "jsonl", "parquet")
    ]
    assert project.ask("verify")["ok"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with one stage, whose command the test is to give; it depends on data outside, too."""
    project = Project.new(tmp_path / "repository")
    (tmp_path / "outside.jsonl").write_text(lines([{"text": "outside"}]))
    make = stage("make.py", [], ["out.jsonl"])
    make["deps"] = ["../outside.jsonl"]
    project.write({"dvc.yaml": json.dumps({"stages": {"make": make, "bare": {"cmd": "true", "outs": ["bare.jsonl"]}}})})
    return project


def test_exit_code_of_the_command_is_passed_on(project: Project) -> None:
    for script, code in {"exit 7": 7, "kill -9 $$": 137}.items():
        answer = project.provenance("run", "--", "sh", "-c", f"echo '{{}}' > out.jsonl; {script}", stage="make")
        assert (answer.code, answer.stderr) == (code, "")
    assert not (project.root / "out.jsonl.lineage.parquet").exists()


def test_a_failed_stage_fails_for_dvc(project: Project) -> None:
    project.write({"make.py": "raise SystemExit(7)"})
    assert "exited with 7" in project.run("dvc", "repro", "make", code=255).stderr


def test_what_cannot_be_run_or_completed(project: Project) -> None:
    echo = ("run", "--", "sh", "-c")
    assert "runs inside a DVC stage" in project.refusal("run", "--", "true")
    assert "no dataset out with a sidecar" in project.refusal("run", "--", "true", stage="bare")
    assert "no-such-command: cannot be run" in project.refusal("run", "--", "no-such-command", stage="make")
    assert "out.jsonl: stage make declares it as an out" in project.refusal("run", "--", "true", stage="make")

    def refusal(content: str) -> str:
        project.write({"out.jsonl": content})
        return project.refusal(*echo, "true", stage="make")

    assert "out.jsonl:2: " in refusal('{"text": "a"}\n{"text": "b\n')
    assert "out.jsonl:1: _parents names 'nonsense'" in refusal('{"text": "a", "_parents": "nonsense"}\n')
    assert "'x.jsonl' is not a dataset this stage depends on" in refusal('{"text": "a", "_parents": "x.jsonl:1"}\n')
    assert refusal('{"text": "a", "_parents": [1]}\n').startswith("error: ")


def test_quiet_and_a_command_without_output(project: Project) -> None:
    script = """echo '{"text": "a"}' > out.jsonl"""
    assert project.provenance("run", "--", "sh", "-c", script, stage="make").stderr == (
        "out.jsonl: 1 row (1 unknown), 0 ancestors\ncontent fields: text\n"
    )
    quiet = project.provenance("run", "-q", "--", "sh", "-c", script, stage="make")
    assert (quiet.code, quiet.stdout, quiet.stderr) == (0, "", "")
    assert project.provenance("run", stage="make").code == 2


def test_the_sidecar_of_the_last_run_is_not_believed_for_equal_bytes(project: Project) -> None:
    """DVC leaves outs with `persist` where they are, and what was read may be known to be something else by now."""
    stage = {"cmd": "provenance run -- cp docs.jsonl out.jsonl", "deps": ["docs.jsonl", "docs.jsonl.lineage.parquet"]}
    outs = [{name: {"persist": True}} for name in ("out.jsonl", "out.jsonl.lineage.parquet")]
    project.write({"docs.jsonl": lines(DOCS), "dvc.yaml": json.dumps({"stages": {"make": stage | {"outs": outs}}})})
    project.provenance("add", "docs.jsonl", "--origin", "real", "--source", "web")
    project.run("dvc", "repro", "--quiet", "make")
    project.provenance("add", "docs.jsonl", "--origin", "synthetic", "--source", "bot")

    again = project.run("dvc", "repro", "make").stderr

    assert "out.jsonl: 5 rows (5 carried)" in again
    (dataset,) = project.ask("audit", "out.jsonl")["datasets"]
    assert dataset["by_origin"]["real"]["rows"] == 0, "what is left there may be of either version"
    assert dataset["by_origin"]["ambiguous"]["rows"] == 5
    for name in ("out.jsonl", "out.jsonl.lineage.parquet"):
        (project.root / name).unlink()
    project.run("dvc", "repro", "--quiet", "make")
    (dataset,) = project.ask("audit", "out.jsonl")["datasets"]
    assert dataset["by_origin"]["synthetic"]["rows"] == 5
