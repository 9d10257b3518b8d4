"""The commands that answer questions, in a real DVC repository: docs, pairs written from them, and a mix of both."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.workbench import DERIVATION, Workbench, identifier
from typer.testing import CliRunner

from provenance.cli import app
from provenance.repository import Repository

DOCS = [{"text": "pop removes the last item"}, {"text": "push\x1b[2J\u202e appends"}]
PAIRS = [{"text": "What does pop do?"}, {"text": "What does push do?"}]
MIX = [PAIRS[1], DOCS[0], PAIRS[0], DOCS[0]]


@pytest.fixture
def project(dvc_repository: Path, commit: Callable[[], str]) -> Path:
    """The repository with the three datasets committed, each with its sidecar."""
    bench = Workbench(dvc_repository)
    docs = bench.collected("docs.jsonl", DOCS)
    pairs = bench.generated("pairs.jsonl", PAIRS, [[identifier(DOCS[0])], [identifier(DOCS[1])]], [docs])
    mix = bench.dataset("mix.jsonl", MIX)
    bench.complete(mix, dependencies=[docs, pairs], derivation=DERIVATION)
    (dvc_repository / "pairs.jsonl.births.parquet").unlink()
    names = ["docs.jsonl", "pairs.jsonl", "mix.jsonl"]
    Repository.open().add([*names, *(f"{name}.lineage.parquet" for name in names)])
    commit()
    return dvc_repository


def ask(*arguments: str) -> Any:
    """What the command answers as JSON."""
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code in (0, 1), done.output
    return json.loads(done.stdout)


def say(*arguments: str) -> str:
    """What the command says to people."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    return done.stdout


def fail(*arguments: str) -> str:
    """The one line on standard error of a command that ends with 2."""
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def test_status(project: Path) -> None:
    states = {each["path"]: each for each in ask("status")["datasets"]}
    assert {path: (each["state"], each["rows"]) for path, each in states.items()} == {
        "docs.jsonl": ("ok", 2),
        "pairs.jsonl": ("ok", 2),
        "mix.jsonl": ("ok", 4),
    }
    assert states["mix.jsonl"]["by_origin"] == {
        "real": {"rows": 2, "fraction": 0.5},
        "synthetic": {"rows": 2, "fraction": 0.5},
    }
    assert "real 50.0%, synthetic 50.0%" in say("status")

    (project / "mix.jsonl").write_text('{"text": "other"}\n')
    (project / "docs.jsonl.lineage.parquet").unlink()
    (project / "docs.jsonl.lineage.parquet.dvc").unlink()
    states = {each["path"]: each["state"] for each in ask("status")["datasets"]}
    assert states == {"docs.jsonl": "missing", "pairs.jsonl": "ok", "mix.jsonl": "stale"}
    assert "missing" in say("status")
    assert {each["state"] for each in ask("status", "--rev", "HEAD")["datasets"]} == {"ok"}


def test_show(project: Path) -> None:
    answer = ask("show", "mix.jsonl:2", "--text")
    assert answer["sample_id"] == identifier(DOCS[0])
    assert answer["occurrences"] == [{"dataset": "docs.jsonl", "rows": 1}, {"dataset": "mix.jsonl", "rows": 2}]
    assert [each["origin"] for each in answer["records"]] == ["real"]
    assert answer["records"][0]["source"]["name"] == "library"
    assert answer["text"] == DOCS[0]["text"]
    assert ask("show", answer["sample_id"][:8])["records"] == answer["records"]
    said = say("show", identifier(DOCS[1]), "--text")
    assert "in docs.jsonl: 1 row\n" in said
    assert "push\\x1b[2J\\u202e appends" in said


def test_trace(project: Path) -> None:
    up = ask("trace", "mix.jsonl:1")
    assert [(node["sample_id"], node["origin"], node["depth"]) for node in up["nodes"]] == [
        (identifier(PAIRS[1]), "synthetic", 1),
        (identifier(DOCS[1]), "real", 0),
    ]
    assert up["nodes"][0]["model"] == "writer@1"
    assert up["edges"] == [{"child": identifier(PAIRS[1]), "parent": identifier(DOCS[1]), "role": "derived_from"}]
    down = ask("trace", "docs.jsonl:2", "--down", "--depth", "1")
    assert [node["sample_id"] for node in down["nodes"]] == [identifier(DOCS[1]), identifier(PAIRS[1])]
    tree = say("trace", "mix.jsonl:1", "--text").splitlines()
    assert tree[0].startswith(f"{identifier(PAIRS[1])[:12]} synthetic (rewrite), depth 1, model writer@1")
    assert tree[1].startswith(f"└── derived_from: {identifier(DOCS[1])[:12]} real, depth 0, source library")
    assert "push\\x1b[2J\\u202e appends" in tree[1]
    assert say("trace", "mix.jsonl:1", "--dot").startswith("digraph")
    assert say("trace", "mix.jsonl:1", "--mermaid").startswith("flowchart")


def test_a_long_chain_is_shown_as_far_as_it_can_be_read(dvc_repository: Path) -> None:
    drafts = [{"text": f"draft {number}"} for number in range(15)]
    parents = [[], *([identifier(draft)] for draft in drafts[:-1])]
    Workbench(dvc_repository).generated("drafts.jsonl", drafts, parents)
    (dvc_repository / "drafts.jsonl.births.parquet").unlink()
    Repository.open().add(["drafts.jsonl", "drafts.jsonl.lineage.parquet"])
    lines = say("trace", "drafts.jsonl:15").splitlines()
    assert [line.split("derived_from: ")[1][:12] for line in lines[1:-2]] == [
        identifier(draft)[:12] for draft in reversed(drafts[2:-1])
    ]
    assert lines[-2:] == [
        " " * 48 + "└── … 1 more",
        "2 more ancestors not shown, up to 14 steps away; --depth N shows N steps, --json has all",
    ]
    assert len(say("trace", "drafts.jsonl:15", "--depth", "14").splitlines()) == 15
    assert len(ask("trace", "drafts.jsonl:15")["nodes"]) == 15
    assert say("trace", "drafts.jsonl:1", "--down").splitlines()[-1].startswith("2 more descendants not shown")


def test_impact(project: Path) -> None:
    answer = ask("impact", "sample:docs.jsonl:1", "--ids", "ids.txt")
    through = {"affected_through_models": 0, "certainly_affected_through_models": 0}
    assert answer == {
        "selected": 1,
        "descendants": 1,
        "datasets": [
            {"path": path, "rows": rows, "affected_rows": affected, "certainly_affected_rows": affected} | through
            for path, rows, affected in (("docs.jsonl", 2, 1), ("mix.jsonl", 4, 3), ("pairs.jsonl", 2, 1))
        ],
        "through_models": {"descendants": 0, "models": []},
    }
    assert (project / "ids.txt").read_text().split() == sorted([identifier(DOCS[0]), identifier(PAIRS[0])])
    assert "selected: 1 sample; descendants: 1\n" in say("impact", "sample:docs.jsonl:1")


def test_audit(project: Path, run: Callable[..., str]) -> None:
    answer = ask("audit", "mix.jsonl", "--metrics", "out/metrics.json", "--plots", "out/plots")
    (dataset,) = answer["datasets"]
    assert (answer["verdict"], answer["findings"]) == (None, [])
    assert dataset["rows"] == len(MIX)
    for breakdown in ("by_origin", "by_license", "by_depth", "by_evidence"):
        assert sum(share["rows"] for share in dataset[breakdown].values()) == len(MIX)
    assert dataset["by_model"]["writer@1"]["rows"] == dataset["by_source"]["library"]["rows"] == 2
    shown = json.loads(run("dvc", "metrics", "show", "--json", "out/metrics.json"))
    numbers = shown[""]["data"]["out/metrics.json"]["data"]["mix_jsonl"]
    assert numbers["by_model"]["writer_1"]["fraction"] == 0.5
    plots = {path.stem for path in (project / "out" / "plots").iterdir()}
    assert plots == {*(name for name in dataset if name.startswith("by_")), "measures", "findings", "mixture"}
    run("dvc", "plots", "show", "out/plots/by_origin.json", "-x", "fraction", "-y", "group", "--out", "out/html")
    assert "| writer\\@1 | 2 | 50.0% |" in say("audit", "mix.jsonl", "--md")
    assert "by origin" in say("audit", "mix.jsonl", "--tables")

    (project / "mix.jsonl").write_text('{"text": "other"}\n')
    assert "mix.jsonl: its sidecar was made for a file of md5" in fail("audit", "mix.jsonl")
    assert ask("audit", "mix.jsonl", "--rev", "HEAD")["datasets"] == [dataset]


def test_verify(project: Path) -> None:
    assert ask("verify") == {
        "ok": True,
        "datasets": ["docs.jsonl", "mix.jsonl", "pairs.jsonl"],
        "skipped": [],
        "problems": [],
        "warnings": [],
    }
    assert "3 datasets verified" in say("verify")
    data = project / "mix.jsonl"
    data.write_bytes(data.read_bytes().replace(b"What does pop", b"What does pip"))
    done = CliRunner().invoke(app, ["verify", "mix.jsonl", "--json"])
    assert done.exit_code == 1
    problems = json.loads(done.stdout)["problems"]
    assert ("mix.jsonl", 3) in {(problem["path"], problem["row"]) for problem in problems}
    assert CliRunner().invoke(app, ["verify", "docs.jsonl"]).exit_code == 0
    warned = CliRunner().invoke(app, ["impact", "origin:real"])
    assert (warned.exit_code, warned.stderr.splitlines()) == (
        0,
        ["warning: mix.jsonl: changed since its sidecar was made; its rows are counted as they were"],
    )
    assert CliRunner().invoke(app, ["impact", "origin:real", "-q"]).output == ""
    assert CliRunner().invoke(app, ["verify", "--rev", "HEAD"]).exit_code == 0


def test_answers_at_a_revision_need_no_checkout(project: Path, commit: Callable[[], str]) -> None:
    before = ask("trace", "mix.jsonl:1")
    for path in [*project.glob("*.jsonl"), *project.glob("*.parquet")]:
        path.unlink()
    assert ask("trace", "mix.jsonl:1", "--rev", "HEAD") == before
    assert ask("show", "mix.jsonl:2", "--text", "--rev", "HEAD")["text"] == DOCS[0]["text"]
    assert ask("impact", "dataset:docs.jsonl", "--rev", "HEAD")["datasets"][1]["affected_rows"] == len(MIX)


def test_bad_input_is_one_line_and_exit_2(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "mix.jsonl:5: " in fail("show", "mix.jsonl:5")
    assert "mix.jsonl:0: " in fail("trace", "mix.jsonl:0")
    assert "such git revision" in fail("status", "--rev", "nowhere")
    assert "neither a sample id" in fail("show", "\x1b[2J\u202eabc")
    assert "not a dataset that DVC tracks; datasets are" in fail("audit", "nothing.jsonl")
    assert "not inside the DVC repository" in fail("verify", "../../etc/passwd")
    assert "no such source" in fail("impact", "source:none")
    assert "cannot work there" in fail("status", "--repo", str(tmp_path / "none"))
    (project / "pairs.jsonl.lineage.parquet").unlink()
    shutil.copy(project / "docs.jsonl", project / "pairs.jsonl.lineage.parquet")
    assert "pairs.jsonl.lineage.parquet: not a readable Parquet file" in fail("show", "pairs.jsonl:1")
    monkeypatch.chdir(tmp_path)
    assert "not inside a DVC repository" in fail("status")


def test_one_sidecar_that_cannot_be_used_hides_nothing_of_the_others(project: Path) -> None:
    sidecars = [project / f"{name}.jsonl.lineage.parquet" for name in ("docs", "pairs")]
    content = sidecars[1].read_bytes()
    sidecars[1].unlink()
    shutil.copy(sidecars[0], sidecars[1])
    said = "pairs.jsonl: its sidecar is that of another dataset, docs.jsonl"
    done = CliRunner().invoke(app, ["status", "--json"])
    assert done.exit_code == 2 and said in done.stderr
    states = {each["path"]: each["state"] for each in json.loads(done.stdout)["datasets"]}
    assert states == {"docs.jsonl": "ok", "mix.jsonl": "ok", "pairs.jsonl": "unusable"}
    done = CliRunner().invoke(app, ["verify", "--json"])
    assert done.exit_code == 2 and said in done.stderr
    assert json.loads(done.stdout)["datasets"] == ["docs.jsonl", "mix.jsonl"]
    answered = CliRunner().invoke(app, ["impact", "origin:real"])
    assert answered.exit_code == 0 and said in answered.stderr
    sidecars[1].write_bytes(content)
    assert ask("verify")["ok"]


def test_a_sidecar_that_was_not_pulled_is_not_verified_in_silence(project: Path) -> None:
    (project / "pairs.jsonl.lineage.parquet").unlink()
    shutil.rmtree(project / ".dvc/cache")
    done = CliRunner().invoke(app, ["verify"])
    assert done.exit_code == 2
    assert "pairs.jsonl: its sidecar is not on this machine; fetch it with `dvc pull" in done.stderr


def test_a_sidecar_other_than_the_one_dvc_recorded_is_told(project: Path) -> None:
    sidecar = project / "docs.jsonl.lineage.parquet"
    table = pq.read_table(sidecar)
    sidecar.unlink()
    pq.write_table(table, sidecar, compression="none")
    (problem,) = ask("verify", "docs.jsonl")["problems"]
    assert problem["path"] == "docs.jsonl (sidecar)" and "not the one that DVC has recorded" in problem["problem"]


def test_a_dataset_without_sidecar(project: Path) -> None:
    (project / "bare.jsonl").write_text('{"text": "bare"}\n')
    Repository.open().add(["bare.jsonl"])
    assert "bare.jsonl: no sidecar here" in fail("audit", "bare.jsonl")
    assert "bare.jsonl: no sidecar here" in fail("verify", "bare.jsonl")
    answer = ask("verify")
    assert (answer["ok"], answer["skipped"]) == (True, [{"path": "bare.jsonl", "reason": "no sidecar"}])
    assert "not verified, no sidecar: bare.jsonl" in say("verify")


def test_another_folder_and_repo_give_the_same_answer(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ask("trace", "mix.jsonl:1")
    (project / "below").mkdir()
    monkeypatch.chdir(project / "below")
    assert ask("trace", "../mix.jsonl:1") == expected
    monkeypatch.chdir(tmp_path)
    assert ask("trace", "mix.jsonl:1", "--repo", str(project)) == expected


def test_a_closed_pipe_is_no_error(project: Path) -> None:
    program = "from provenance.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "status"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
