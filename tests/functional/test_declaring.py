"""`provenance declare`: on what real packages leave, and in repositories."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.generators import left_by
from support.recording import collect_documents, records

import provenance
from provenance.capture import reading
from provenance.errors import DataError, ProvenanceError, RepositoryError, SidecarError
from provenance.lineage.sidecar import open_sidecar

STUB = "stub-model-2026-01-31"


@pytest.fixture
def repository(dvc_repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(reading, "_read_here", {})
    return dvc_repository


def write_rows(path: str, rows: Sequence[Mapping[str, object]]) -> str:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def born(dataset: Path | str) -> list[dict[str, Any]]:
    """The records that bear rows, each with its activity, model and template."""
    header = open_sidecar(Path(f"{dataset}.lineage.parquet")).header
    agents = {agent.id: agent for agent in header.agents}
    plans = {plan.id: plan for plan in header.plans}
    found = [record for record in records(str(dataset)) if record["rows"]]
    for record in found:
        activity = None if record["activity"] is None else header.activities[record["activity"]]
        agent = agents.get(activity.agent or "") if activity else None
        plan = plans.get(activity.plan or "") if activity else None
        record |= {
            "model": agent and agent.name,
            "parameters": activity.parameters if activity else {},
            "template": plan and plan.template,
            "price": activity.price if activity else None,
        }
    return found


def shares(dataset: Path | str) -> dict[str, float]:
    """Of the dataset's rows, the part that has a model, a prompt, parents and usage."""
    found = born(dataset)
    rows = sum(record["rows"] for record in found)
    has = {"model": "model", "prompt": "prompt", "parents": "parents", "usage": "output_tokens"}
    return {name: sum(record["rows"] for record in found if record[column]) / rows for name, column in has.items()}


def test_distilabel(repository: Path) -> None:
    folder = left_by("distilabel", repository)
    seeds = [{"doc_id": f"d{number}", "text": f"Seed {number}"} for number in range(4)]
    seed_file = write_rows("seeds.jsonl", seeds)
    provenance.declare(
        folder / "answers.jsonl",
        "distilabel:answer",
        mapping={"parent_key": "doc_id"},
        parents=[seed_file],
        parent_key="doc_id",
    )
    assert shares(folder / "answers.jsonl") == {"model": 1, "prompt": 1, "parents": 1, "usage": 1}
    assert {record["model"] for record in born(folder / "answers.jsonl")} == {STUB}
    expected = {provenance.sample_id({"text": f"Seed {number}"}) for number in range(4)}
    assert {record["parents"][0] for record in born(folder / "answers.jsonl")} == expected


def test_distilabel_does_not_take_the_judges_metadata_for_the_answers(repository: Path) -> None:
    judged = left_by("distilabel", repository) / "judged.jsonl"
    with pytest.raises(ProvenanceError, match="name the task that made the samples"):
        provenance.declare(judged, "distilabel")
    assert provenance.declare(judged, "distilabel:answer").stated == 0
    assert {record["origin"] for record in born(judged)} == {"unknown"}


def test_data_designer(repository: Path) -> None:
    data = left_by("data_designer", repository) / "topics/parquet-files/batch_00000.parquet"
    provenance.declare(data, "data_designer", keep_prompts=True)
    assert shares(data) == {"model": 1, "prompt": 1, "parents": 0, "usage": 0}
    record = born(data)[0]
    assert record["template"] == "You are brief.\n\nWrite about {{ topic }}."
    assert json.loads(record["prompt_text"])[0] == {"content": "You are brief.", "role": "system"}
    assert record["parameters"] == {"gen_ai.request.temperature": 0.6, "gen_ai.request.max_tokens": 64}


def test_curator(repository: Path) -> None:
    folder = left_by("curator", repository)
    questions = [{"doc_id": f"d{number}", "question": f"What is topic {number}?"} for number in range(4)]
    seeds = write_rows("questions.jsonl", questions)
    answers = folder / "answers.jsonl"
    provenance.declare(answers, "curator", using=[folder / "cache"], parents=[seeds], parent_key="doc_id")
    assert shares(answers) == {"model": 1, "prompt": 1, "parents": 1, "usage": 1}
    assert all(record["response_id"].startswith("chatcmpl-") for record in born(answers))
    # The package writes 0 for a model that it has no price of.
    assert {record["cost"] for record in born(answers)} == {None}


def test_openai_batch(repository: Path) -> None:
    folder = left_by("openai_batch", repository)
    answers = folder / "answers.jsonl"
    provenance.declare(answers, "openai_batch", using=[folder / "input.jsonl", folder / "output.jsonl"])
    assert shares(answers) == {"model": 1, "prompt": 1, "parents": 0, "usage": 1}
    assert {record["seed"] for record in born(answers)} == {7}
    provenance.declare(answers, "openai_batch", using=[folder / "output.jsonl"])
    assert shares(answers) == {"model": 1, "prompt": 0, "parents": 0, "usage": 1}


def test_otel_spans(repository: Path) -> None:
    folder = left_by("otel_spans", repository)
    answers = folder / "answers.jsonl"
    provenance.declare(answers, "otel_spans", using=[folder / "spans.jsonl"], keep_prompts=True)
    assert shares(answers) == {"model": 1, "prompt": 1, "parents": 0, "usage": 1}
    assert {record["prompt_text"] for record in born(answers)} == {f"What is topic {n}?" for n in range(4)}
    assert born(answers)[0]["parameters"]["gen_ai.request.max_tokens"] == 32


@pytest.mark.parametrize(
    ("version", "part", "seed"),
    [
        # It left no response ids, so it is joined on the answer.
        ("openllmetry-0.16.9", "otel_spans:answer=llm.completions.0.content", None),
        ("openllmetry-0.40.14", "otel_spans", None),
        ("openllmetry-0.62.4", "otel_spans", None),
        ("openinference-0.1.66", "otel_spans", 7),
    ],
)
def test_spans_of_other_conventions(repository: Path, version: str, part: str, seed: int | None) -> None:
    folder = left_by(f"otel_conventions/{version}", repository)
    answers = folder / "answers.jsonl"
    provenance.declare(answers, part, using=[folder / "spans.jsonl"], keep_prompts=True)
    assert shares(answers) == {"model": 1, "prompt": 1, "parents": 0, "usage": 1}
    assert {record["prompt_text"] for record in born(answers)} == {f"What is topic {n}?" for n in range(4)}
    assert {(record["model"], record["input_tokens"], record["seed"]) for record in born(answers)} == {(STUB, 7, seed)}
    assert born(answers)[0]["parameters"] == {"gen_ai.request.max_tokens": 32, "gen_ai.request.temperature": 0.2}


def test_curator_0_1_20(repository: Path) -> None:
    folder = left_by("curator-0.1.20", repository)
    answers = folder / "answers.jsonl"
    provenance.declare(answers, "curator", using=[folder / "cache"])
    assert shares(answers) == {"model": 1, "prompt": 1, "parents": 0, "usage": 1}


def test_a_cache_that_does_not_tell_rows_is_an_error(repository: Path) -> None:
    cache = left_by("curator-0.1.20", repository) / "cache" / "run" / "responses_0.jsonl"
    responses = [json.loads(line) for line in cache.read_text(encoding="utf-8").splitlines()]
    older = [{k: v for k, v in response.items() if k != "parsed_response_message"} for response in responses]
    write_rows(str(cache), older)
    with pytest.raises(ProvenanceError, match="before 0.1.20"):
        provenance.declare(cache.parents[2] / "answers.jsonl", "curator", using=[cache])


@pytest.mark.parametrize(
    ("batch_line", "identifier"),
    [
        ({"id": "batch_req_1", "custom_id": "0", "response": {"body": {"id": "c1", "model": "m1"}}}, "c1"),
        ({"custom_id": "0", "result": {"type": "succeeded", "message": {"id": "msg_1", "model": "m1"}}}, "msg_1"),
        ({"response": {"responseId": "g1", "modelVersion": "m1"}}, "g1"),
    ],
)  # fmt: skip
def test_curators_batch_mode(repository: Path, batch_line: dict[str, Any], identifier: str) -> None:
    row = {"question": "q", "answer": "a"}
    response = {"parsed_response_message": [row], "raw_response": batch_line, "generic_request": {"model": "alias"}}
    cache, answers = write_rows("cache/responses_0.jsonl", [response]), write_rows("answers.jsonl", [row])
    provenance.declare(answers, "curator", using=[cache])
    assert [(record["model"], record["response_id"]) for record in born(answers)] == [("m1", identifier)]


def test_distilabel_1_3_2(repository: Path) -> None:
    answers = left_by("distilabel-1.3.2", repository) / "answers.jsonl"
    provenance.declare(answers, "distilabel:answer")
    assert shares(answers) == {"model": 1, "prompt": 0, "parents": 0, "usage": 0}


def test_branches_in_parquet_are_told_apart(repository: Path) -> None:
    rows = [
        {
            "text": f"answer {n}",
            "model_name": f"m-{task}",
            "distilabel_metadata": {f"raw_output_{task}": "x", f"statistics_{task}": {"input_tokens": 3}},
        }
        for n, task in enumerate("abab")
    ]
    pq.write_table(pa.Table.from_pylist(rows), "two.parquet")
    provenance.declare("two.parquet", "distilabel:a")
    assert sorted(str(record["model"]) for record in born("two.parquet")) == ["None", "None", "m-a", "m-a"]


def test_datatrove(repository: Path) -> None:
    folder = left_by("datatrove", repository)
    rewrites, rollouts = folder / "rewrites.jsonl", folder / "rollouts.jsonl"
    provenance.declare(
        rewrites, "datatrove", values={"model": STUB}, parents=[folder / "documents.jsonl"], parent_key="id"
    )
    assert shares(rewrites) == {"model": 1, "prompt": 0, "parents": 1, "usage": 1}
    # The text of these is what the model was given.
    assert provenance.declare(rollouts, "datatrove").stated == 0


@pytest.mark.parametrize(
    ("card", "told"),
    [("synthetic", ("synthetic", "CC-BY-4.0", 1)), ("human", ("real", "MIT", 0))],
)
def test_hugging_face(repository: Path, card: str, told: tuple[str, str, int]) -> None:
    data = left_by("hugging_face", repository) / card / "data.parquet"
    provenance.declare(data, "hugging_face")
    assert {(r["origin"], r["license"], r["depth"]) for r in born(data)} == {told}
    names = {source.name for source in open_sidecar(Path(f"{data}.lineage.parquet")).header.sources}
    assert names == {"Rewritten Docs" if card == "synthetic" else "Docs"}


def test_columns_constants_and_templates(repository: Path) -> None:
    documents = collect_documents()
    ids = [provenance.sample_id({"text": f"document {number}"}) for number in range(5)]
    rows: list[dict[str, Any]] = [
        {
            "text": "a",
            "by": "gpt",
            "from": [f"{documents}:1", ids[1]],
            "used": {"in": 7},
            "topic": "tea",
            "most_similar": "z",
        },
        {"text": "b", "by": None, "from": json.dumps([ids[2]]), "used": {}, "topic": None, "most_similar": "a"},
        {"text": "c", "by": None, "from": None, "used": None, "topic": None, "most_similar": "a"},
    ]
    dataset = write_rows("data/x.jsonl", rows)
    declared = provenance.declare(
        dataset,
        mapping={"model": "by", "parents": "from", "input_tokens": "used.in"},
        values={"prompt": "Write about {topic}", "temperature": "0.7", "provider": "openai"},
        parents=[documents],
    )
    assert (declared.stated, declared.completion.unknown, declared.completion.dangling) == (2, 1, 0)
    found = {record["sample_id"]: record for record in born(dataset)}
    a, b, c = (found[provenance.sample_id(row)] for row in rows)
    assert (a["origin"], a["parents"], a["model"], a["input_tokens"]) == ("synthetic", ids[:2], "gpt", 7)
    assert (a["depth"], a["real_rooted"], a["template"]) == (1, True, "Write about {topic}")
    assert a["parameters"] == {"gen_ai.request.temperature": 0.7}
    assert a["prompt"] is not None and a["prompt_text"] is None
    # A derivation without a model keeps its parents' origin.
    assert (b["origin"], b["parents"], b["prompt"], b["license"]) == ("real", [ids[2]], None, "MIT")
    assert (c["origin"], c["evidence"], c["parents"]) == ("unknown", None, [])


def test_parents_by_key_are_exact_and_many_to_one(repository: Path) -> None:
    documents: list[dict[str, Any]] = [{"text": f"d{n}", "id": n} for n in (0, 1, 2, 2)]
    parents = write_rows("docs.jsonl", documents)
    rows: list[dict[str, Any]] = [
        {"text": "x", "of": 1},
        {"text": "y", "of": 1.0},
        {"text": "z", "of": "1"},
        {"text": "w", "of": [0, 2]},
        {"text": "v", "of": "01"},
    ]
    dataset = write_rows("x.jsonl", rows)
    options: dict[str, Any] = {"mapping": {"parent_key": "of"}, "parents": [parents], "parent_key": "id"}
    declared = provenance.declare(dataset, values={"model": "m"}, **options)
    ids = [provenance.sample_id({"text": f"d{n}"}) for n in range(3)]
    found = {record["sample_id"]: record for record in born(dataset)}
    x, y, z, w, v = (found[provenance.sample_id(row)] for row in rows)
    # As a key in provenance.yaml, it is compared as text.
    assert x["parents"] == y["parents"] == z["parents"] == [ids[1]]
    assert w["parents"] == [ids[0], ids[2]]
    # No row has the id "01": the parent dangles, and what follows from it is not known.
    assert declared.unmatched == 1 and len(v["parents"]) == 1 and v["depth"] is None

    write_rows("docs.jsonl", [{"text": "d0", "id": 1}, {"text": "d1", "id": 1}])
    with pytest.raises(DataError, match=r"x.jsonl:1: parent_key '1' fits more than one entry"):
        provenance.declare(dataset, **options)


def test_what_was_observed_stays_and_what_was_declared_is_replaced(repository: Path) -> None:
    with provenance.record("a.jsonl", model=provenance.Model(name="seen")) as recorder:
        recorder.write({"text": "x"})
    provenance.declare("a.jsonl", values={"model": "told"})
    told = [(r["rows"], r["evidence"], r["agent"]) for r in records("a.jsonl")]
    assert [(rows, evidence) for rows, evidence, _ in told] == [(1, "observed"), (0, "declared")]
    assert {r["model"] for r in born("a.jsonl")} == {"seen"}
    provenance.declare("a.jsonl", values={"model": "other"})
    names = {agent.name for agent in open_sidecar(Path("a.jsonl.lineage.parquet")).header.agents}
    assert names == {"seen", "other"}
    before = Path("a.jsonl.lineage.parquet").read_bytes()
    provenance.declare("a.jsonl", values={"model": "other"})
    assert Path("a.jsonl.lineage.parquet").read_bytes() == before


def test_what_was_declared_of_other_rows_stays(repository: Path) -> None:
    write_rows("mix.jsonl", [{"text": "a", "m": "gpt"}, {"text": "b", "n": "claude"}, {"text": "c", "o": "real"}])
    provenance.declare("mix.jsonl", mapping={"model": "m"})
    provenance.declare("mix.jsonl", mapping={"origin": "o"})
    provenance.declare("mix.jsonl", mapping={"model": "n"})
    assert [
        (r["origin"], r["model"], r["evidence"]) for r in sorted(born("mix.jsonl"), key=lambda r: str(r["model"]))
    ] == [
        ("real", None, "declared"),
        ("synthetic", "claude", "declared"),
        ("synthetic", "gpt", "declared"),
    ]


def test_the_sidecar_is_tracked_where_the_dataset_is(repository: Path, run: Callable[..., str]) -> None:
    dataset = write_rows("data/x.jsonl", [{"text": "a"}])
    assert not provenance.declare(dataset, values={"origin": "real"}).tracked
    run("dvc", "add", "--quiet", dataset)
    assert provenance.declare(dataset, values={"origin": "real"}).tracked
    assert Path("data/x.jsonl.lineage.parquet.dvc").is_file()


STAGE = """stages:
  make:
    cmd:
      - {python} make.py
      - {python} -m provenance declare x.jsonl --from columns --set model=m
    outs:
      - x.jsonl
{sidecar}"""


def test_in_a_stage_the_sidecar_is_one_of_its_outs(repository: Path, run: Callable[..., str]) -> None:
    Path("make.py").write_text("open('x.jsonl', 'w').write('{}')".format('{"text": "a"}'), encoding="utf-8")
    out = "      - x.jsonl.lineage.parquet\n"
    Path("dvc.yaml").write_text(STAGE.format(python=sys.executable, sidecar=out), encoding="utf-8")
    run("dvc", "repro", "--quiet")
    assert born("x.jsonl")[0]["model"] == "m"
    activity = open_sidecar(Path("x.jsonl.lineage.parquet")).header.activities[0]
    assert activity.stage is not None and activity.stage.name == "make"
    declared = provenance.declare("x.jsonl", values={"model": "other"})
    assert (declared.stage, born("x.jsonl")[0]["model"]) == ("make", "other")
    assert run("dvc", "status", "--json").strip() == "{}"


@pytest.mark.parametrize(
    ("row", "mapping", "problem"),
    [
        ({"text": "a", "n": "many"}, {"input_tokens": "n"}, "x.jsonl:1: input_tokens: 'many' is not a whole number"),
        ({"text": "a", "n": -1}, {"output_tokens": "n"}, "x.jsonl:1: .*output_tokens is -1, not a number of tokens"),
        ({"text": "a", "n": "gpt"}, {"model": "nn"}, "x.jsonl: no column 'nn'; its columns are n, text"),
        ({"text": "a", "n": "gpt"}, {"colour": "n"}, "'colour' is not a field"),
        ({"text": "a", "n": "../../etc/x.jsonl:1"}, {"parents": "n"}, "x.jsonl:1: .*not inside the DVC repository"),
        ({"text": "a", "n": "x.jsonl:9"}, {"parents": "n"}, "x.jsonl:1: .*there is no such row"),
        ({"text": "a", "n": "abc"}, {"parents": "n"}, "neither a whole sample id nor PATH:ROW"),
        ({"text": "a", "n": "[1"}, {"parents": "n"}, "starts like a JSON list"),
        ({"text": "a", "n": "fake"}, {"kind": "n"}, "kind: 'fake' is not one of rewrite"),
        ({"text": "a", "n": "sk-abcdefgh12345678"}, {"model": "text", "gen_ai.request.x": "n"}, "looks like a secret"),
    ],
)
def test_bad_input_is_told_and_writes_nothing(
    repository: Path, row: dict[str, Any], mapping: dict[str, str], problem: str
) -> None:
    dataset = write_rows("x.jsonl", [row])
    with pytest.raises(ProvenanceError, match=problem):
        provenance.declare(dataset, mapping=mapping)
    assert not Path("x.jsonl.lineage.parquet").exists()


def test_a_dataset_of_parents_that_is_not_there_is_told(repository: Path) -> None:
    dataset = write_rows("x.jsonl", [{"text": "a"}])
    with pytest.raises(RepositoryError, match="none.jsonl: no such dataset; --parents"):
        provenance.declare(dataset, values={"model": "m"}, parents=["none.jsonl"])


def test_cycles_among_rows_are_an_error(repository: Path) -> None:
    dataset = write_rows("x.jsonl", [{"text": "a", "p": "x.jsonl:2"}, {"text": "b", "p": "x.jsonl:1"}])
    with pytest.raises(SidecarError, match="is its own ancestor"):
        provenance.declare(dataset, mapping={"parents": "p"})


def test_the_command(repository: Path, run: Callable[..., str]) -> None:
    write_rows("data/x.jsonl", [{"text": "a", "by": "m"}, {"text": "b", "by": None}])
    Path("data").joinpath("sub").mkdir()
    command = [sys.executable, "-m", "provenance", "declare", "../x.jsonl", "--from", "columns", "--map", "model=by"]
    told = json.loads(run(*command, "--repo", "data/sub", "--json"))
    assert (told["path"], told["rows"], told["stated"], told["unknown"]) == ("data/x.jsonl", 2, 1, 1)
    assert told["tracked"] is False


def test_a_price_goes_into_the_activity(repository: Path) -> None:
    Path("prices.yaml").write_text(
        "version: 3\ndated: 2026-01-31\ncurrency: USD\nmodels:\n  m: {input: 0.15, output: 0.6}\n", encoding="utf-8"
    )
    dataset = write_rows("x.jsonl", [{"text": "a", "by": "m"}, {"text": "b", "by": "n"}])
    provenance.declare(dataset, mapping={"model": "by"}, prices="prices.yaml")
    prices = {record["model"]: record["price"] for record in born(dataset)}
    assert prices["n"] is None
    assert (str(prices["m"].input), prices["m"].table, prices["m"].version) == ("0.15", "prices.yaml", "3")
    with provenance.record("y.jsonl", model=provenance.Model(name="m"), prices="prices.yaml") as recorder:
        recorder.write({"text": "c"}, usage={"input_tokens": 10, "output_tokens": 1})
    assert born("y.jsonl")[0]["price"] == prices["m"]


def test_a_directory_of_files(repository: Path) -> None:
    for name in ("a.txt", "b.txt"):
        Path("files").mkdir(exist_ok=True)
        Path("files", name).write_text(name, encoding="utf-8")
    declared = provenance.declare("files", values={"model": "m", "kind": "answer"}, mapping={"response_id": "path"})
    assert (declared.stated, declared.completion.unknown) == (2, 0)
    assert sorted(record["response_id"] for record in records("files")) == ["a.txt", "b.txt"]
