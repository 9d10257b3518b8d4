"""Which columns count is kept along a pipeline and from one version to the next, and every command names them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines

from provenance import sample_id

LONG = "a remark of more than five words on it"
CODES = [{"text": f"task {number}", "code": f"f{number}()", "source": f"{LONG} {number}"} for number in range(3)]
DOCS = [{"text": f"document {number}", "code": "not looked at"} for number in range(2)]
REAL = ("--origin", "real", "--source", "manual")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.new(tmp_path / "repository")


def ran(project: Project, script: str, *dependencies: str, out: str = "out.jsonl") -> str:
    """What `dvc repro` says of a stage that writes ``out`` as ``script``, of which ``read`` is at hand, gives it."""
    body = f"import json\ndef read(name):\n    return [json.loads(line) for line in open(name)]\nrows = {script}\n"
    body += f'open("{out}", "w").writelines(json.dumps(row) + "\\n" for row in rows)\n'
    project.write({"make.py": body})
    named = [word for each in ("make.py", *dependencies) for word in ("-d", each)]
    project.run("provenance", "stage", "add", "--force", "-n", "make", *named, "-o", out, "python", "make.py")
    answer = project.run("dvc", "repro", "--force")
    return answer.stdout + answer.stderr


def content(project: Project, path: str) -> dict[str, Any]:
    found: dict[str, Any] = project.ask("audit", path)["datasets"][0]["content"]
    return found


def origins(project: Project, path: str = "out.jsonl") -> dict[str, str]:
    return {record["sample_id"]: record["origin"] for record in project.records(path) if record["rows"]}


def test_every_command_names_what_counts_and_what_settles_it(project: Project) -> None:
    project.write({"codes.jsonl": lines(CODES)})
    counted = "content fields: code, text; not counted: source"
    settle = "run `provenance add codes.jsonl --fields code,text,source …`"
    warning = f"source reads like text and does not count; if it is content, {settle}"
    added = project.provenance("add", "codes.jsonl", *REAL).stdout
    assert f"  {counted}\n  warning: {warning}\n" in added
    assert project.provenance("add", "codes.jsonl", *REAL).stdout == added
    audit = " ".join(project.provenance("audit", "codes.jsonl").stdout.split())
    assert "content code, text; not counted: source" in audit and warning in audit
    markdown = project.provenance("audit", "codes.jsonl", "--md").stdout
    assert "Content fields: code, text; not counted: source" in markdown and "reads like text" in markdown
    said = ran(
        project, '[{**row, "source": row["source"] + " by a model"} for row in read("codes.jsonl")]', "codes.jsonl"
    )
    assert counted in said and "run `dvc repro --force --single-item make`" in said
    assert (
        "warning: out.jsonl: 3 rows carried with other text than before in what does not count as content (source)"
        in said
    )
    project.write({"stated.jsonl": lines(CODES)})
    declared = project.provenance("declare", "stated.jsonl", "--from", "columns", "--set", "model=writer").stdout
    assert counted in declared and "run `provenance declare stated.jsonl …` again" in declared


def test_settled_by_the_command_nothing_is_left_to_say(project: Project) -> None:
    project.write({"codes.jsonl": lines(CODES)})
    project.provenance("add", "codes.jsonl", *REAL)
    added = project.provenance("add", "codes.jsonl", *REAL, "--fields", "code,text,source").stdout
    assert "content fields: code, source, text\n" in added and "warning" not in added
    # A stage keeps that, so rewritten text under a metadata name is another sample.
    ran(
        project,
        '[{**row, "source": "by a model, in more than five words"} for row in read("codes.jsonl")]',
        "codes.jsonl",
    )
    assert content(project, "out.jsonl")["fields"] == ["code", "source", "text"]
    assert set(origins(project).values()) == {"unknown"}


def test_a_rewritten_answer_is_not_carried(project: Project) -> None:
    project.write({"codes.jsonl": lines(CODES)})
    project.provenance("add", "codes.jsonl", *REAL)
    said = ran(project, '[{**row, "code": "# by a model"} for row in read("codes.jsonl")]', "codes.jsonl")
    assert "0 kept" in said and set(origins(project).values()) == {"unknown"}


def test_inputs_of_text_alone_and_of_text_and_code(project: Project) -> None:
    project.write({"codes.jsonl": lines(CODES), "docs.jsonl": lines(DOCS)})
    project.provenance("add", "docs.jsonl", *REAL, "--fields", "text")
    project.provenance("add", "codes.jsonl", *REAL)
    # Where only the text was declared, code is left out of what is made from it.
    ran(project, 'read("docs.jsonl")', "docs.jsonl")
    assert content(project, "out.jsonl") == {"rule": "named", "fields": ["text"], "beside": ["code"], "text_beside": []}
    assert origins(project) == {sample_id({"text": row["text"]}): "real" for row in DOCS}
    # Code counts in the other input, so it does here: those rows are carried, the others aligned with their parents.
    said = ran(project, 'read("docs.jsonl") + read("codes.jsonl")', "docs.jsonl", "codes.jsonl", out="both.jsonl")
    assert "5 rows (3 carried, 2 aligned)" in said
    assert content(project, "both.jsonl")["fields"] == ["code", "text"]
    found = origins(project, "both.jsonl")
    assert {found[sample_id(row)] for row in CODES} == {"real"}
    assert {found[sample_id(row)] for row in DOCS} == {"real"}
    # Without code they are what they were.
    said = ran(
        project,
        '[{"text": row["text"]} for row in read("docs.jsonl")] + read("codes.jsonl")',
        "docs.jsonl",
        "codes.jsonl",
    )
    assert "5 rows (5 carried)" in said


def test_inputs_of_messages_and_of_prompts_with_completions(project: Project) -> None:
    chats: list[dict[str, Any]] = [
        {"messages": [{"role": "user", "content": f"hello {number}"}]} for number in range(2)
    ]
    pairs: list[dict[str, Any]] = [
        {"prompt": f"question {number}", "completion": f"answer {number}"} for number in range(2)
    ]
    project.write({"chats.jsonl": lines(chats), "pairs.jsonl": lines(pairs)})
    project.provenance("add", "chats.jsonl", "pairs.jsonl", *REAL)
    every = 'dict.fromkeys(("messages", "prompt", "completion"))'
    both = f'[{every} | row for row in read("chats.jsonl") + read("pairs.jsonl")]'
    assert "4 rows (4 carried)" in ran(project, both, "chats.jsonl", "pairs.jsonl")
    assert set(origins(project)) == {sample_id(row) for row in [*chats, *pairs]}
    as_chats = (
        '[{"messages": [{"content": row["prompt"]}, {"content": row["completion"]}]} for row in read("pairs.jsonl")]'
    )
    assert "4 rows (2 carried, 2 unknown)" in ran(
        project, f'read("chats.jsonl") + {as_chats}', "chats.jsonl", "pairs.jsonl"
    )
    renamed = '[{"question": row["prompt"], "answer": row["completion"]} for row in read("pairs.jsonl")]'
    assert "2 rows (2 aligned)" in ran(project, renamed, "pairs.jsonl")
    assert set(origins(project).values()) == {"real"}


def test_a_dataset_added_or_declared_again_keeps_its_choice(project: Project) -> None:
    project.write({"codes.jsonl": lines(CODES), "stated.jsonl": lines(CODES)})
    project.write({"provenance.yaml": "datasets: [{path: '*.jsonl', fields: [text]}]\n"})
    project.provenance("add", "codes.jsonl", *REAL)
    project.provenance("declare", "stated.jsonl", "--from", "columns", "--set", "model=writer")
    project.write({"provenance.yaml": "{}\n"})
    for path in ("codes.jsonl", "stated.jsonl"):
        project.write({path: lines(CODES[:2])})
    project.provenance("add", "codes.jsonl", *REAL)
    project.provenance("declare", "stated.jsonl", "--from", "columns", "--set", "model=writer")
    for path in ("codes.jsonl", "stated.jsonl"):
        assert list(origins(project, path)) == sorted(sample_id({"text": row["text"]}) for row in CODES[:2])
    # What is declared now settles it.
    added = project.provenance("add", "codes.jsonl", *REAL, "--fields", "code", "--json").json()
    assert (added["datasets"][0]["rule"], added["datasets"][0]["fields"]) == ("declared", ["code"])
    assert project.provenance("verify").code == 0


def test_all_columns_of_a_table_count_in_what_is_made_from_it(project: Project) -> None:
    flowers = [{"id": number, "length": number / 2, "species": "iris"} for number in range(3)]
    project.write({"flowers.jsonl": lines(flowers)})
    project.provenance("add", "flowers.jsonl", *REAL)
    assert content(project, "flowers.jsonl")["rule"] == "table"
    ran(project, f'[{{**row, "remark": "{LONG}"}} for row in read("flowers.jsonl")]', "flowers.jsonl")
    assert content(project, "out.jsonl")["fields"] == ["id", "length", "remark", "species"]
    assert json.loads(project.run("dvc", "status", "--json").stdout) == {}
