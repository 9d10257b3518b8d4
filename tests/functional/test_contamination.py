"""Contamination on real repositories: what is found and said, what is in doubt, and the index that is kept."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.measuring import values
from support.project import Project, lines

from provenance.auditing.contamination import suites
from provenance.auditing.contamination.building import build
from provenance.auditing.measures import Measured, NotMeasured, Part, Subject
from provenance.auditing.measures.contamination import MEASURE
from provenance.ledger.sidecars import Sidecars
from provenance.repository import Repository

PICK = random.Random(6)
WORDS = ["".join(PICK.choice("abcdefghij") for _ in range(7)) for _ in range(3000)]


def say(count: int) -> str:
    return " ".join(PICK.choice(WORDS) for _ in range(count))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.new(tmp_path / "repository")


def add(project: Project, name: str, rows: list[dict[str, Any]], *options: str) -> None:
    project.write({name: lines(rows)})
    assert project.provenance("add", name, "--origin", "real", "--source", "test", *options).code == 0


@contextmanager
def subject(project: Project, audited: str, *evaluations: str) -> Iterator[Subject]:
    with Sidecars.open(Repository.open(project.root)) as ledger:
        parts = [Part(ledger, ledger.dataset(project.root / name)) for name in (audited, *evaluations)]
        yield Subject(parts[0], ledger.folder, evaluations=tuple(parts[1:]))


def measure(project: Project, audited: str, *evaluations: str) -> Measured | NotMeasured:
    with subject(project, audited, *evaluations) as asked:
        return MEASURE.measure(asked)


def reason(found: Measured | NotMeasured) -> str:
    assert isinstance(found, NotMeasured), found
    return found.reason


def test_a_finding_names_what_a_person_needs_to_judge_it(project: Project) -> None:
    asked = [{"question": say(14), "answer": say(2)} for _ in range(8)]
    words = asked[5]["question"].split()
    changed = " ".join([*words[:6], "another", *words[7:]])
    chats = [[say(9), say(20)], [asked[2]["question"], "no idea"], [f"{say(6)} {changed} {say(5)}", say(3)]]
    train = [
        {"messages": [{"role": "user", "content": one}, {"role": "assistant", "content": other}]}
        for one, other in chats
    ]
    add(project, "test.jsonl", asked)
    add(project, "train.jsonl", train)
    audit = project.provenance(
        "audit", "train.jsonl", "--evaluation", "test.jsonl", "--policy", "contamination", "--json"
    )
    assert audit.code == 1
    found = audit.json()
    measured = found["datasets"][0]["measures"]["contamination"]
    assert (measured["rows_by_text"], measured["rows_by_copy"], measured["training_rows"]) == (2, 1, 2)
    assert measured["evaluations"]["test.jsonl"] == {
        "rows": 8,
        "by_text": 2,
        "by_copy": 1,
        "by_13gram": 1,
        "fraction": 0.25,
        "contaminated": True,
        "not_looked_for": 0,
        "only_with_more": 0,
        "only_whole": 0,
        "only_word_for_word": 0,
    }
    rule = next(each for each in found["findings"] if each["rule"] == "no-evaluation-text")
    copied, inexact = (sample["details"] for sample in rule["samples"])
    assert [sample["place"] for sample in rule["samples"]] == ["train.jsonl:2", "train.jsonl:3"]
    assert copied | {"bits": 0} == {
        "training_row": 2,
        "evaluation": "test.jsonl",
        "evaluation_row": 3,
        "further_evaluation_rows": 0,
        "side": "question",
        "copy": "word for word as a whole field",
        "degree": 1.0,
        "bits": 0,
        "words": asked[2]["question"],
    }
    assert (inexact["training_row"], inexact["evaluation_row"], inexact["copy"]) == (3, 6, "inexactly")
    assert inexact["words"] == " ".join([*words[:6], "…", *words[7:]])
    assert 0.8 < inexact["degree"] < 0.99
    words_of_it = project.provenance(
        "audit", "train.jsonl", "--evaluation", "test.jsonl", "--policy", "contamination"
    ).stdout
    assert "row 2 has the question of row 3 of test.jsonl" in " ".join(words_of_it.split())
    options = ("--policy", "contamination", "--sarif", "found.sarif")
    assert project.provenance("audit", "train.jsonl", "--evaluation", "test.jsonl", *options).code == 1
    sarif = json.loads((project.root / "found.sarif").read_text())
    result = next(each for each in sarif["runs"][0]["results"] if each["ruleId"] == "no-evaluation-text")
    assert result["properties"]["samples"][0]["evaluation_row"] == 3
    assert asked[2]["question"] in result["message"]["text"]


def test_columns_that_do_not_count_are_looked_through(project: Project) -> None:
    asked = [{"question": say(14)} for _ in range(4)]
    add(project, "test.jsonl", asked)
    rows = [{"prompt": each["question"], "output": say(9), "extra_info": {"of": say(3)}} for each in asked[:2]]
    add(project, "declared.jsonl", rows, "--fields", "output")
    add(project, "named.jsonl", [{"text": say(9), "extra_info": {"question": each["question"]}} for each in asked])
    for name, copied in (("declared.jsonl", 2), ("named.jsonl", 4)):
        assert values(measure(project, name, "test.jsonl"))["rows_by_copy"] == copied
    purged = project.provenance("purge", "declared.jsonl", "--evaluation", "test.jsonl", "--dry-run")
    assert purged.code == 0 and "2 rows" in purged.stdout


def test_text_beside_the_content_alone_clears_nothing(project: Project) -> None:
    add(project, "test.jsonl", [{"question": say(14)}])
    add(project, "images.jsonl", [{"image": f"{number}.png", "label": number, "id": say(3)} for number in range(3)])
    assert reason(measure(project, "images.jsonl", "test.jsonl")) == "images.jsonl: has no text"


def test_naming_an_evaluation_set_asks_about_it_whatever_the_policy(project: Project) -> None:
    rows = [{"text": say(12)} for _ in range(5)]
    add(project, "test.jsonl", rows)
    add(project, "train.jsonl", rows)
    options = ("audit", "train.jsonl", "--json", "--evaluation", "test.jsonl")
    for policy in ((), ("--policy", "baseline")):
        found = project.provenance(*options, *policy).json()["datasets"][0]["measures"]
        assert found["contamination"]["rows_by_copy"] == found["lineage_contamination"]["rows"] == 5
        assert found["evaluation_siblings"]["rows"] == found["evaluation_from_training"]["evaluation_rows"] == 0
    said = project.provenance("audit", "train.jsonl", "--evaluation", "test.jsonl", "--policy", "baseline").stdout
    assert "rows of evaluation sets that are found in its text: 5" in said
    assert "rows that are, or were made from, rows of evaluation sets: 5" in said
    assert "contamination" not in project.ask("audit", "train.jsonl")["datasets"][0]["measures"]
    add(project, "short.jsonl", [{"question": "why not?"}])
    said = project.provenance("audit", "train.jsonl", "--evaluation", "short.jsonl").stdout
    assert "not looked for in its text, or only in some forms: 1" in said


def test_an_evaluation_set_that_says_nothing_is_an_error_unless_rules_say_so(project: Project) -> None:
    add(project, "marks.jsonl", [{"question": "?!"}])
    add(project, "train.jsonl", [{"text": say(9)}])
    options = ("audit", "train.jsonl", "--evaluation", "marks.jsonl")
    for policy in ((), ("--policy", "baseline")):
        assert project.refusal(*options, *policy).strip() == (
            "error: marks.jsonl: has no text in its content fields to look for; so contamination, which "
            "--evaluation asks for, cannot be measured"
        )
    findings = project.provenance(*options, "--policy", "contamination", "--json").json()["findings"]
    assert {each["rule"]: each["status"] for each in findings}["no-evaluation-text"] == "UNKNOWN"


def test_what_was_not_looked_for_is_in_doubt_by_set_and_level(project: Project) -> None:
    add(
        project,
        "few.jsonl",
        [{"question": "yes"}, {"question": "mitochondria"}, *({"question": say(9)} for _ in range(8))],
    )
    add(project, "many.jsonl", [{"question": "42"}, *({"question": say(9)} for _ in range(99))])
    add(project, "train.jsonl", [{"text": say(30)} for _ in range(5)])
    found = measure(project, "train.jsonl", "few.jsonl", "many.jsonl")
    assert isinstance(found, Measured)
    every = found.doubts["rows_by_text"]
    assert every.more == 3
    assert every.why == (
        "rows that were not found are looked for (few.jsonl: 1 row not at all, as they say too little, 1 row only as a "
        "whole field or line; many.jsonl: 1 row not at all, as they say too little)"
    )
    assert found.doubts["at_degree.75"] == every
    assert found.doubts["rows_by_copy"].more == 3
    # 1 of 10 rows may make more than 2% of the first set; 1 of 100 cannot.
    assert found.doubts["contaminated_sets"].more == 1
    assert "many.jsonl" not in found.doubts["contaminated_sets"].why
    verdict = project.provenance(
        "audit", "train.jsonl", "--evaluation", "few.jsonl", "--policy", "contamination", "--json"
    ).json()
    statuses = {each["rule"]: each["status"] for each in verdict["findings"]}
    assert statuses["no-evaluation-text"] == statuses["no-evaluation-copy"] == "UNKNOWN"
    assert statuses["not-made-from-evaluation"] == "CLEARED"
    add(project, "holding.jsonl", [{"text": "mitochondria"}, {"text": "yes"}])
    held = values(measure(project, "holding.jsonl", "few.jsonl"))
    assert (held["rows_by_text"], held["evaluations"]["few.jsonl"]["only_whole"]) == (1, 0)


def test_what_cannot_be_compared_is_one_line(project: Project) -> None:
    add(project, "train.jsonl", [{"text": say(9)} for _ in range(5)])
    add(project, "numbers.jsonl", [{"text": number} for number in range(30)])
    add(project, "one.jsonl", [{"question": say(9)}])
    add(project, "empty.jsonl", [])
    add(project, "marks.jsonl", [{"question": "?!"}])
    project.write({"images/1.txt": "one", "images/2.txt": "two"})
    assert project.provenance("add", "images", "--origin", "real", "--source", "test").code == 0
    assert reason(measure(project, "train.jsonl")) == "no evaluation set is named; name one with --evaluation"
    assert reason(measure(project, "numbers.jsonl", "one.jsonl")) == "numbers.jsonl: has no text"
    nothing = "has no text in its content fields to look for"
    assert reason(measure(project, "train.jsonl", "one.jsonl", "marks.jsonl")) == f"marks.jsonl: {nothing}"
    assert reason(measure(project, "train.jsonl", "empty.jsonl")) == ("empty.jsonl: has no rows to look for")
    assert reason(measure(project, "train.jsonl", "images")).endswith(
        "its samples are files, which are not read as text"
    )
    assert reason(measure(project, "images", "one.jsonl")).endswith("its samples are files, which are not read as text")
    assert values(measure(project, "train.jsonl", "one.jsonl"))["rows_by_text"] == 0
    itself = values(measure(project, "train.jsonl", "train.jsonl"))
    assert (itself["rows_by_copy"], itself["greatest_fraction"]) == (5, 1.0)


def test_formats_may_differ(project: Project) -> None:
    rows = [{"question": say(9), "answer": say(3)} for _ in range(6)]
    pq.write_table(pa.Table.from_pylist(rows), project.root / "test.parquet")
    assert project.provenance("add", "test.parquet", "--origin", "real", "--source", "test").code == 0
    project.write({"train.csv": "instruction,output\n" + "".join(f"{row['question']},other\n" for row in rows)})
    assert project.provenance("add", "train.csv", "--origin", "real", "--source", "test").code == 0
    assert values(measure(project, "train.csv", "test.parquet"))["rows_by_copy"] == 6


def test_the_index_is_kept_and_built_again_when_damaged(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"question": say(9)} for _ in range(6)]
    add(project, "test.jsonl", rows)
    add(project, "train.jsonl", [{"text": row["question"]} for row in rows[:4]])
    built: list[str] = []

    def counting(sets: Any, draft: Any) -> None:
        built.extend(name for name, _ in sets)
        build(sets, draft)

    monkeypatch.setattr(suites, "build", counting)

    def found() -> int:
        return int(values(measure(project, "train.jsonl", "test.jsonl"))["rows_by_copy"])

    assert [found(), found()] == [4, 4]
    assert built == ["test.jsonl"]
    folder = project.root / ".dvc/tmp/provenance" / suites.FOLDER
    (words,) = folder.glob("*/words")
    words.write_bytes(bytes(len(words.read_bytes())))
    assert found() == 4
    assert built == ["test.jsonl"] * 2
    # Another content is another index; the training data has no part in it.
    add(project, "train.jsonl", [{"text": say(4)}])
    assert found() == 0
    assert built == ["test.jsonl"] * 2
    add(project, "test.jsonl", rows[:3])
    assert found() == 0
    assert built == ["test.jsonl"] * 3
    assert project.ask("index", "--gc")["removed"]["folders"] >= 2
    assert list((project.root / ".dvc/tmp/provenance" / suites.FOLDER).iterdir()) == []


def kept(project: Project, name: str) -> list[str]:
    return [json.loads(line)["text"] for line in (project.root / name).read_text().splitlines()]


def test_contaminating_rows_are_purged_with_tombstones(project: Project) -> None:
    asked = [say(20) for _ in range(4)]
    words = asked[1].split()
    changed = " ".join([*words[:6], *PICK.sample(WORDS, 4), *words[10:]])
    rewritten = say(15)
    train = [say(12), f"{say(4)} {asked[0]} {say(3)}", changed, say(30)]
    add(project, "test.jsonl", [{"text": text} for text in asked])
    add(project, "train.jsonl", [{"text": text} for text in [*train, asked[2]]])
    project.write({"from_test.jsonl": lines([{"text": rewritten, "made_from": "test.jsonl:4"}, {"text": say(9)}])})
    project.run("dvc", "add", "--quiet", "from_test.jsonl")
    stated = ("--from", "columns", "--map", "parents=made_from", "--parents", "test.jsonl", "--set", "origin=synthetic")
    assert (
        project.provenance("declare", "from_test.jsonl", *stated, "--set", "kind=rewrite", "--set", "model=m").code == 0
    )

    options = ("train.jsonl", "--evaluation", "test.jsonl")
    would = project.ask("purge", *options, "--dry-run")
    assert would == {
        "dataset": "train.jsonl",
        "out": "train.jsonl",
        "kept": 2,
        "dropped": 3,
        "certain": 3,
        "equal_rows": 0,
        "reasons": {"is, or was made from, a row of test.jsonl": 1, "reads like a row of test.jsonl": 2},
        "finished": 0,
        "not_looked_for": {},
    }
    assert kept(project, "train.jsonl") == [*train, asked[2]]
    strict = project.ask("purge", *options, "--degree", "0.95", "--dry-run")
    assert strict["dropped"] == 2
    assert "reads like a row of test.jsonl, at degree 0.95 or more" in strict["reasons"]

    said = project.provenance("purge", *options).stdout
    assert "3 rows went, 2 rows stay" in said
    assert kept(project, "train.jsonl") == [train[0], train[3]]
    assert project.provenance("verify", "train.jsonl").code == 0
    measured = values(measure(project, "train.jsonl", "test.jsonl"))
    assert measured["rows_by_text"] == 0
    with Sidecars.open(Repository.open(project.root)) as ledger:
        activities = ledger.dataset(project.root / "train.jsonl").sidecar.header.activities
    assert [each.parameters["found_by"] for each in activities if each.type == "purge"] == ["lineage", "text"]

    assert project.ask("purge", "from_test.jsonl", "--evaluation", "test.jsonl", "-o", "clean.jsonl")["dropped"] == 1
    assert rewritten not in kept(project, "clean.jsonl")


def test_rows_of_an_evaluation_set_at_another_revision_are_purged(project: Project) -> None:
    asked = [say(20) for _ in range(3)]
    add(project, "test.jsonl", [{"text": text} for text in asked[:2]])
    add(project, "train.jsonl", [{"text": text} for text in (asked[0], f"{say(4)} {asked[1]}", asked[2], say(12))])
    commit = project.commit()
    project.run("git", "tag", "v1")
    add(project, "test.jsonl", [{"text": asked[2]}])
    # As an audit finds them.
    audited = project.ask("audit", "train.jsonl", "--evaluation", "test.jsonl@v1")["datasets"][0]
    assert audited["measures"]["contamination"]["rows_by_text"] == 2
    found = project.ask("purge", "train.jsonl", "--evaluation", "test.jsonl@v1", "--evaluation", "test.jsonl")
    then = f"test.jsonl@{commit[:12]}"
    assert found["reasons"] == {
        f"is, or was made from, a row of {then}": 1,
        "is, or was made from, a row of test.jsonl": 1,
        f"reads like a row of {then}": 1,
    }
    assert (found["dropped"], len(kept(project, "train.jsonl"))) == (3, 1)
    assert project.provenance("verify", "train.jsonl").code == 0
    with Sidecars.open(Repository.open(project.root)) as ledger:
        activities = ledger.dataset(project.root / "train.jsonl").sidecar.header.activities
    purges = [each.parameters for each in activities if each.type == "purge"]
    assert [each.get("evaluation_commit") for each in purges] == [commit, None, commit, None]
    assert {each["evaluation"] for each in purges} == {"test.jsonl"}
    # Rows that were there before go, too, those that came since stay.
    add(project, "test.jsonl", [{"text": text} for text in (asked[0], say(15))])
    assert project.ask("purge", "test.jsonl", "--evaluation", "test.jsonl@v1")["kept"] == 1
    assert "gone" in project.refusal("purge", "train.jsonl", "--evaluation", "test.jsonl@gone")


def test_what_cannot_be_purged_is_one_line(project: Project) -> None:
    add(project, "test.jsonl", [{"text": say(9)}])
    add(project, "numbers.jsonl", [{"text": 7}])
    add(project, "marks.jsonl", [{"text": "?!"}])
    itself = project.refusal("purge", "test.jsonl", "--evaluation", "test.jsonl")
    assert "test.jsonl: is the evaluation set itself, of which no row would be left" in itself
    assert "marks.jsonl: has no text" in project.refusal("purge", "numbers.jsonl", "--evaluation", "marks.jsonl")
    assert "gone.jsonl" in project.refusal("purge", "test.jsonl", "--evaluation", "gone.jsonl")
    assert "a degree is more than 0" in project.refusal(
        "purge", "numbers.jsonl", "--evaluation", "test.jsonl", "--degree", "1.5"
    )
    assert project.provenance("purge", "test.jsonl", "--degree", "0.5").code == 2
    assert project.ask("purge", "numbers.jsonl", "--evaluation", "test.jsonl")["dropped"] == 0
    # That nothing was found says nothing of what was not looked for.
    add(project, "short.jsonl", [{"text": "yes"}, {"text": "42"}, {"text": say(9)}])
    said = project.provenance("purge", "numbers.jsonl", "--evaluation", "short.jsonl", "--dry-run").stdout
    assert said == (
        "numbers.jsonl: 0 rows would go, 1 row stays\n  short.jsonl: 2 rows say too little to be looked for in text\n"
    )
