"""`reuse`: what was generated before, of the same prompt and parents by the same model, is not generated again."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from support.recording import LIBRARY, lines, records

import provenance
from provenance.capture import reading
from provenance.errors import ProvenanceError
from provenance.lineage.records import Header
from provenance.lineage.sidecar import open_sidecar

MODEL = provenance.Model(name="writer", revision="1")
PROMPT = provenance.Prompt(name="ask", template="Ask about: {text}")
SAID: dict[str, Any] = {"model": MODEL, "prompt": PROMPT, "kind": "answer", "parameters": {"temperature": 0.5}}
JOURNALS = Path(".dvc/tmp/provenance/journals")


@pytest.fixture
def collect(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterable[int]], str]:
    """Records documents with these numbers."""

    def collect_documents(numbers: Iterable[int]) -> str:
        # Each run of the script is a process of its own, which remembers what it read.
        monkeypatch.setattr(reading, "_read_here", {})
        with provenance.record("data/documents.jsonl", source=LIBRARY) as recorder:
            for number in numbers:
                recorder.write({"text": f"document {number}"})
        return "data/documents.jsonl"

    return collect_documents


class BoomError(Exception):
    pass


def generate(path: str = "made.jsonl", *, each: int = 1, calls: int = 10**6, **said: Any) -> int:
    """Make ``each`` rows of every document; how many calls to the model that took. More than ``calls`` fail."""
    made = 0
    with provenance.record(path, **(SAID | {"reuse": True} | said)) as recorder:
        for document in provenance.read("data/documents.jsonl"):
            for number in range(each):
                asked: dict[str, Any] = {
                    "key": f"{document.sample_id}-{number}",
                    "parents": [document],
                    "prompt_variables": {"text": document["text"]},
                }
                if recorder.done(asked["key"]) or recorder.reuse(**asked):
                    continue
                if made == calls:
                    raise BoomError
                made += 1
                row = {"text": f"answer {number} to {document['text']}", "page": number}
                recorder.write(row, usage={"input_tokens": 7, "output_tokens": 3}, cost=0.5, **asked)
    return made


def header(path: str = "made.jsonl") -> Header:
    return open_sidecar(Path(f"{path}.lineage.parquet")).header


@pytest.mark.parametrize("path", ["made.jsonl", "made.parquet", "made.csv"])
def test_five_more_rows_cost_five_calls(collect: Callable[[Iterable[int]], str], path: str) -> None:
    collect(range(10))
    assert generate(path) == 10
    (first,) = [activity for activity in header(path).activities if activity.type == "generation"]
    before = {record["sample_id"]: record for record in records(path) if record["rows"]}
    assert generate(path) == 0
    collect(range(15))
    assert generate(path) == 5
    found = {record["sample_id"]: record for record in records(path) if record["rows"]}
    assert len(found) == 15
    now = header(path)
    of_first = now.activities.index(first)
    for sample, record in before.items():
        # As it was made then: by the same activity, which says when; nothing else of the record has changed.
        assert found[sample] | {"activity": record["activity"]} == record
        assert found[sample]["activity"] == of_first
    (last,) = [activity for activity in now.activities if activity.taken_over and activity.started != first.started][
        -1:
    ]
    assert last.taken_over is not None
    assert first.id in last.taken_over
    made_now = [now.activities[record["activity"]] for sample, record in found.items() if sample not in before]
    assert made_now == [last] * 5


def test_a_purge_at_the_root_pays_for_nothing_again(collect: Callable[[Iterable[int]], str]) -> None:
    collect(range(10))
    generate()
    rows = lines("made.jsonl")
    collect([number for number in range(10) if number != 4])
    assert generate() == 0
    assert lines("made.jsonl") == [row for row in rows if not row["text"].endswith("document 4")]


@pytest.mark.parametrize(
    "changed",
    [
        {"model": provenance.Model(name="writer", revision="2")},
        {"model": provenance.Model(name="other", revision="1")},
        {"prompt": provenance.Prompt(name="ask", template="Tell about: {text}")},
        {"parameters": {"temperature": 0.6}},
        {"parameters": {}},
        {"kind": "rewrite"},
        {"license": "MIT"},
    ],
)
def test_what_differs_in_how_it_is_made_is_made_again(
    collect: Callable[[Iterable[int]], str], changed: dict[str, Any]
) -> None:
    collect(range(3))
    assert generate() == 3
    assert generate(**changed) == 3
    assert generate(**changed) == 0
    assert generate(**changed, reuse=False) == 3


def test_what_says_nothing_of_the_making_may_differ(collect: Callable[[Iterable[int]], str]) -> None:
    collect(range(3))
    generate()
    licensed = provenance.Model(name="writer", revision="1", license="Apache-2.0")
    renamed = provenance.Prompt(name="question", template=PROMPT.template)
    assert generate(model=licensed, prompt=renamed, keep_prompts=True) == 0


def test_other_parents_roles_or_seeds_are_other_rows(collect: Callable[[Iterable[int]], str]) -> None:
    collect(range(2))
    one, two = (row.sample_id for row in provenance.read("data/documents.jsonl"))
    variables = {"text": "x"}
    with provenance.record("made.jsonl", **SAID, reuse=True) as recorder:
        assert not recorder.reuse(parents=[one], prompt_variables=variables, seed=1)
        recorder.write({"text": "a"}, parents=[one], prompt_variables=variables, seed=1)
    asked: list[tuple[dict[str, Any], bool]] = [
        ({"parents": [two], "seed": 1}, False),
        ({"parents": [one, two], "seed": 1}, False),
        ({"parents": [(one, "context")], "seed": 1}, False),
        ({"parents": [one], "seed": 2}, False),
        ({"parents": [one]}, False),
        ({"parents": [one], "seed": 1, "license": "MIT"}, False),
        ({"parents": [one], "seed": 1}, True),
        ({"parents": [one], "seed": 1}, False),
    ]
    with provenance.record("made.jsonl", **SAID, reuse=True) as recorder:
        for said, is_taken in asked:
            assert recorder.reuse(prompt_variables=variables, **said) is is_taken
        with pytest.raises(ProvenanceError, match="reuse: give prompt_variables= as to write"):
            recorder.reuse(parents=[one])
    assert lines("made.jsonl") == [{"text": "a"}]


def test_several_rows_of_one_prompt_are_taken_over_one_by_one_also_after_a_kill(
    collect: Callable[[Iterable[int]], str],
) -> None:
    collect(range(3))
    assert generate(each=2) == 6
    rows = lines("made.jsonl")
    collect(range(4))
    with pytest.raises(BoomError):
        generate(each=2, calls=1)
    assert generate(each=2) == 1
    assert lines("made.jsonl")[:6] == rows
    assert len(lines("made.jsonl")) == 8
    assert {file.suffix for file in JOURNALS.iterdir()} == {".lock"}


def test_of_equal_rows_each_is_taken_over_once(collect: Callable[[Iterable[int]], str]) -> None:
    collect(range(1))

    def run(rows: list[dict[str, Any]]) -> int:
        made = 0
        with provenance.record("made.jsonl", model=MODEL, prompt="Tell a joke.", reuse=True) as recorder:
            for row in rows:
                if not recorder.reuse():
                    made += 1
                    recorder.write(row)
        return made

    jokes = [{"text": text, "page": page} for page, text in enumerate("aabcab")]
    assert [run(jokes), run(jokes), run([*jokes, {"text": "d", "page": 9}])] == [6, 0, 1]
    assert sorted(row["page"] for row in lines("made.jsonl")) == [0, 1, 2, 3, 4, 5, 9]


def test_rows_that_several_births_made_are_taken_over_where_they_are_equal(
    collect: Callable[[Iterable[int]], str],
) -> None:
    collect(range(2))
    documents = list(provenance.read("data/documents.jsonl"))

    def run(text: str) -> int:
        made = 0
        with provenance.record("made.jsonl", **SAID, reuse=True) as recorder:
            for number, document in enumerate(documents):
                asked: dict[str, Any] = {"parents": [document], "prompt_variables": {"text": document["text"]}}
                if not recorder.reuse(**asked):
                    made += 1
                    # Equal as samples; in a column beside the content they may differ.
                    recorder.write({"text": "yes", "source": text.format(number)}, **asked)
        return made

    assert [run("same"), run("same")] == [2, 0]
    Path("made.jsonl").unlink()
    Path("made.jsonl.lineage.parquet").unlink()
    assert [run("{}"), run("{}")] == [2, 2]


def test_it_needs_to_know_model_and_prompt(dvc_repository: Path) -> None:
    for said in ({"model": MODEL}, {"source": LIBRARY}):
        with (
            pytest.raises(ProvenanceError, match="made.jsonl: reuse=True goes with model= and prompt="),
            provenance.record("made.jsonl", reuse=True, **said),
        ):
            pytest.fail("recording began")


SCRIPT = """
import provenance
with provenance.record("made.jsonl", model=provenance.Model(name="m"), prompt="About {text}", reuse=True) as recorder:
    for document in provenance.read("data/documents.jsonl"):
        asked = {"parents": [document], "prompt_variables": {"text": document["text"]}}
        if not recorder.reuse(**asked):
            with open("calls.log", "a") as log:
                log.write("x")
            recorder.write({"text": "to " + document["text"]}, **asked)
"""


def test_in_a_stage_the_last_version_is_what_dvc_has_recorded(
    collect: Callable[[Iterable[int]], str], run: Callable[..., str]
) -> None:
    Path("make.py").write_text(SCRIPT, encoding="utf-8")
    documents = collect(range(3))
    outs = ["-o", "made.jsonl", "-o", "made.jsonl.lineage.parquet"]
    run("dvc", "stage", "add", "-q", "-n", "make", "-d", documents, *outs, sys.executable, "make.py")
    run("dvc", "repro", "-q")
    collect(range(5))
    run("dvc", "repro", "-q")
    assert Path("calls.log").read_text(encoding="utf-8") == "x" * 5
    assert [row["text"] for row in lines("made.jsonl")] == [f"to document {number}" for number in range(5)]
    # DVC deletes the outs ahead of the stage; without its cache, what was paid for is not paid for again unasked.
    for file in Path(".dvc/cache/files").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.unlink()
    collect(range(6))
    with pytest.raises(AssertionError, match="dvc fetch made.jsonl made.jsonl.lineage.parquet"):
        run("dvc", "repro", "-q")
    assert Path("calls.log").read_text(encoding="utf-8") == "x" * 5


def blocks(section: str) -> list[str]:
    """The Python of a section of docs/recording.md."""
    page = (Path(__file__).parents[2] / "docs/recording.md").read_text(encoding="utf-8")
    (text,) = re.findall(rf"^## {re.escape(section)}\n(.*?)^## ", page, re.MULTILINE | re.DOTALL)
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_documentation_does_what_it_says(collect: Callable[[Iterable[int]], str]) -> None:
    asked: list[str] = []

    def call(prompt: str) -> Any:
        asked.append(prompt)
        usage = {"prompt_tokens": 5, "completion_tokens": 2}
        return types.SimpleNamespace(text=f"why {prompt.splitlines()[-1]}?", usage=usage)

    model = {"generate": call, "generate_all": lambda prompts: [call(prompt) for prompt in prompts]}
    (batches,) = blocks("Many rows at once: `recorder.write_batch`")
    (reusing,) = blocks("Rows of the last version: `recorder.reuse`")
    collect(range(5))
    exec(batches, dict(model))  # noqa: S102 - our own
    assert [row["question"] for row in provenance.read("data/questions.parquet")] == [
        f"why document {number}?" for number in range(5)
    ]
    assert {record["input_tokens"] for record in records("data/questions.parquet") if record["rows"]} == {5}
    asked.clear()
    exec(reusing, dict(model))  # noqa: S102
    assert len(asked) == 5
    collect(range(10))
    exec(reusing, dict(model))  # noqa: S102
    assert len(asked) == 10
