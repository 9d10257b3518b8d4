"""The demo pipeline: what `make demo` shows, held true."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from typing import Any

import pyarrow.parquet as pq
from support.project import Project

MIX, TRAIN = "data/mix.parquet", "data/train.parquet"
REVISIONS = ["first-prompt", "worked-example", "withdrawal"]


def first_revised(project: Project) -> str:
    """The id of a row of the mix that the model wrote and then revised."""
    rows = {record["sample_id"] for record in project.records("data/revised.jsonl") if record["rows"]}
    return str(min(rows & {record["sample_id"] for record in project.records(MIX) if record["rows"]}))


def test_every_row_of_the_mix_is_accounted_for(demo: Project) -> None:
    (mix,) = demo.ask("audit", MIX)["datasets"]
    assert mix["rows"] == pq.ParquetFile(demo.root / MIX).metadata.num_rows
    for breakdown in ("by_origin", "by_license", "by_depth", "by_evidence"):
        assert sum(share["rows"] for share in mix[breakdown].values()) == mix["rows"]
    assert set(mix["by_origin"]) == {"real", "synthetic"}
    assert set(mix["by_depth"]) == {"0", "1", "2"}
    assert mix["by_origin"]["real"]["rows"] == 40
    assert mix["real_rooted_fraction"] == 1.0
    assert mix["measures"]["dangling_parents"]["samples"] == 0
    assert mix["by_model"]["SmolLM2-135M-Instruct@Q4_1"]["rows"] == mix["by_origin"]["synthetic"]["rows"]


def test_a_revised_row_is_traced_to_the_docstring_and_the_model(demo: Project) -> None:
    row = first_revised(demo)
    answer = demo.ask("trace", row, "--text")
    nodes = {node["sample_id"]: node for node in answer["nodes"]}
    start, *_, root = answer["nodes"]
    assert (start["sample_id"], start["depth"], start["kind"]) == (row, 2, "self_revision")
    assert start["model"] == "SmolLM2-135M-Instruct@Q4_1"
    assert (root["origin"], root["depth"], root["source"], root["stage"]) == ("real", 0, "python-stdlib", "collect")
    docs = [json.loads(line)["text"] for line in (demo.root / "data/documents.jsonl").read_text().splitlines()]
    assert len(docs) >= 2000
    assert any(root["text"].endswith(f"text: {text}") for text in docs)
    # Nodes come in the order of the walk, edges by id: the first is not always that of the row asked for.
    (parent,) = [edge["parent"] for edge in answer["edges"] if edge["child"] == row]
    pair = nodes[parent]
    assert (pair["depth"], pair["kind"], pair["prompt"]) == (1, "rewrite", "question-answer")
    affected = {
        each["path"]: each["affected_rows"] for each in demo.ask("impact", f"sample:{root['sample_id']}")["datasets"]
    }
    assert affected[MIX] and affected["data/synthetic.jsonl"] == affected["data/revised.jsonl"] == 1


def test_a_generation_is_recorded_in_full(demo: Project) -> None:
    record = demo.ask("show", "data/synthetic.jsonl:1")["records"][0]
    activity, agent = record["activity"], record["agent"]
    assert record["input_tokens"] > 0 and record["output_tokens"] > 0 and record["seed"] == 1 and record["prompt"]
    assert (agent["license"], agent["provider"], len(agent["weights_digest"]) >= 64) == (
        "Apache-2.0",
        "llama.cpp",
        True,
    )
    assert activity["parameters"]["gen_ai.request.temperature"] == 0.3
    assert activity["stage"]["parameters"]["generate"]["rows"] == 6
    assert set(activity["stage"]["dependencies"]) >= {"demo/generate.py", "data/documents.jsonl"}
    assert activity["git"] == {"head": demo.run("git", "rev-parse", "before").stdout.strip(), "dirty": False}
    assert {"xllamacpp", "python", "dvc-provenance"} <= set(activity["packages"])
    assert activity["started"] < activity["ended"]
    assert "Question: What does {object}" in record["plan"]["template"]
    for sidecar in (demo.root / "data").glob("*.lineage.parquet"):
        metadata = str(pq.ParquetFile(sidecar).metadata.metadata)
        assert str(demo.root) not in metadata and "site-packages" not in metadata


def test_each_revision_is_in_the_log(demo: Project) -> None:
    entries = demo.ask("log", TRAIN)["entries"]
    tagged = [demo.run("git", "rev-parse", tag).stdout.strip() for tag in REVISIONS]
    assert [entry["commit"] for entry in reversed(entries)] == tagged


def test_the_difference_shows_what_the_prompt_gained(demo: Project) -> None:
    told = demo.provenance("diff", *REVISIONS[:2], "data/synthetic.jsonl").stdout
    assert "+Text: math.sqrt: Return the square root of x." in told
    assert "0 kept" in told


def test_what_was_withdrawn_is_in_the_mix_and_not_in_what_is_trained_on(demo: Project) -> None:
    affected = {each["path"]: each["affected_rows"] for each in demo.ask("impact", "--revoked")["datasets"]}
    assert affected[MIX] >= 2 and not affected.get(TRAIN)
    mix, train = (demo.ask("audit", each)["datasets"][0]["rows"] for each in (MIX, TRAIN))
    assert train == mix - affected[MIX]
    assert demo.provenance("audit", MIX, "--policy", "demo/policy.yaml").code == 1
    assert demo.provenance("audit", TRAIN, "--policy", "demo/policy.yaml").code == 0


def test_the_commands_that_it_names_at_its_end_work(demo: Project, copy_of_demo: Project) -> None:
    told = (demo.root.parents[2] / "told").read_text()
    named = [shlex.split(line) for line in told[told.index("To look around") :].splitlines() if line.startswith("  ")]
    assert named[0] == ["cd", str(demo.root)]
    assert [command[1] for command in named[2:]] == ["log", "diff", "diff", "report", "explore"]
    for command in named[2:-1]:
        copy_of_demo.run(*command)
    assert (copy_of_demo.root / "report.html").exists()
    with subprocess.Popen(
        named[-1], cwd=copy_of_demo.root, env=copy_of_demo.environment, stdout=subprocess.PIPE, text=True
    ) as explorer:
        assert explorer.stdout is not None
        address = explorer.stdout.readline()
        explorer.terminate()
    assert address.startswith("http://127.0.0.1:")


def test_nothing_is_left_to_do(demo: Project) -> None:
    assert "Data and pipelines are up to date." in demo.run("dvc", "repro").stdout
    assert demo.run("git", "status", "--short").stdout == ""
    assert demo.ask("verify")["ok"]
    assert {each["state"] for each in demo.ask("status")["datasets"]} == {"ok"}


def test_metrics_and_plots_follow_the_composition(copy_of_demo: Project) -> None:
    project = copy_of_demo
    shown = json.loads(project.run("dvc", "metrics", "show", "--json").stdout)
    (numbers,) = shown[""]["data"]["audit/metrics.json"]["data"].values()
    before = numbers["by_origin"]["real"]["rows"]
    assert before in (39, 40)  # what was withdrawn may be one of those drawn
    text = (project.root / "params.yaml").read_text()
    project.write({"params.yaml": text.replace("rows: 40", "rows: 30")})
    project.run("dvc", "repro")
    changes = json.loads(project.run("dvc", "metrics", "diff", "--json").stdout)["audit/metrics.json"]
    change = changes["data_train_parquet.by_origin.real.rows"]
    assert change["old"] == before and change["new"] in (29, 30)

    for command in (("show",), ("diff", "HEAD")):
        plots = json.loads(project.run("dvc", "plots", *command, "--json").stdout)["data"]
        values: list[dict[str, Any]] = plots["Composition by origin"][0]["content"]["data"]["values"]
        real = {value["rev"]: value["rows"] for value in values if value["group"] == "real"}
        assert real["workspace"] == change["new"] and real.get("HEAD", before) == before


def test_what_is_kept_for_speed_can_be_changed_or_deleted(copy_of_demo: Project) -> None:
    project = copy_of_demo
    row = first_revised(project)
    before = project.ask("trace", row), project.ask("audit", MIX)
    scratch = project.root / ".dvc/tmp/provenance"
    for file in [*scratch.rglob("*"), scratch / "ledger", scratch / "journals" / "x.jsonl"]:
        if not file.is_dir():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"not what it was")
    assert (project.ask("trace", row), project.ask("audit", MIX)) == before
    shutil.rmtree(scratch)
    assert (project.ask("trace", row), project.ask("audit", MIX)) == before
    assert "up to date" in project.run("dvc", "status").stdout
