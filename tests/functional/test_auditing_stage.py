"""The audit as a DVC stage: a gate in `dvc repro`, its numbers in `dvc metrics diff`, its pictures in `dvc plots`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.project import Project, lines

PIPELINE = """
stages:
  mix:
    cmd: provenance run -- python mix.py
    deps: [mix.py, data/real.jsonl, data/real.jsonl.lineage.parquet, data/made.jsonl, data/made.jsonl.lineage.parquet]
    params: [rows]
    outs: [data/mix.jsonl, data/mix.jsonl.lineage.parquet]
  audit:
    cmd: >-
      provenance audit -q data/mix.jsonl --policy policy.yaml --mixture mixture.yaml
      --metrics audit/metrics.json --plots audit/plots --verdict audit/verdict.json
    deps: [data/mix.jsonl, data/mix.jsonl.lineage.parquet, policy.yaml, mixture.yaml]
    metrics: [{audit/metrics.json: {cache: false}}]
    outs: [audit/plots, {audit/verdict.json: {cache: false}}]
  train:
    cmd: echo trained > model.txt
    deps: [audit/verdict.json, data/mix.jsonl]
    outs: [model.txt]
plots:
  - By origin: {template: provenance_composition, x: fraction, y: {audit/plots/by_origin.json: group}}
  - Mixture: {template: provenance_mixture, x: fraction, y: {audit/plots/mixture.json: group}}
"""
MIX = """
import yaml
params = yaml.safe_load(open("params.yaml"))["rows"]
with open("data/mix.jsonl", "w") as out:
    for name in ("real", "made"):
        out.writelines(open(f"data/{name}.jsonl").readlines()[: params[name]])
"""
POLICY = """
extends: [baseline]
rules:
  - {id: a-fifth-real, value: by_origin.real.fraction, threshold: {at_least: 0.2}, reason: so}
"""
MIXTURE = """
name: the model's diet
parts: [{dataset: data/mix.jsonl, epochs: 3}, {name: web, class: real, rows: 40, epochs: 1}]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A pipeline that mixes 10 real and 10 made rows, audits the mix and trains; it has run and is committed."""
    project = Project.new(tmp_path_factory.mktemp("made") / "repository")
    real = [{"text": f"real {row}"} for row in range(10)]
    made = [{"text": f"made {row}", "model": "org/small", "kind": "from_scratch"} for row in range(100)]
    project.write({"data/real.jsonl": lines(real), "data/made.jsonl": lines(made)})
    project.provenance("init")
    project.provenance("add", "data/real.jsonl", "--origin", "real", "--source", "library")
    project.run("dvc", "add", "--quiet", "data/made.jsonl")
    project.provenance("declare", "data/made.jsonl", "--from", "columns", "--map", "model=model", "--map", "kind=kind")
    project.write({"dvc.yaml": PIPELINE, "mix.py": MIX, "policy.yaml": POLICY, "mixture.yaml": MIXTURE})
    mixed(project, made=10)
    project.run("dvc", "repro", "--quiet")
    project.commit()
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A copy of it, to be changed."""
    return made.copied(tmp_path / "repository")


def mixed(project: Project, made: int) -> None:
    project.write({"params.yaml": f"rows: {{real: 10, made: {made}}}\n"})


def test_metrics_diff_compares_the_audits_of_two_revisions(project: Project) -> None:
    mixed(project, made=30)
    project.run("dvc", "repro", "--quiet")
    compared = json.loads(project.run("dvc", "metrics", "diff", "HEAD", "--json").stdout)
    changed = compared["audit/metrics.json"]
    real = changed["data_mix_jsonl.by_origin.real.fraction"]
    assert (real["old"], real["new"], real["diff"]) == (0.5, 0.25, -0.25)
    assert "data_mix_jsonl.verdict.passes" not in changed, "it passes, before and after"
    assert changed["mixture_yaml.by_origin.real.exposure_fraction"]["old"] == pytest.approx(70 / 100)


def test_what_the_policy_forbids_stops_the_pipeline_before_training(project: Project) -> None:
    trained = (project.root / "model.txt").stat().st_mtime_ns
    mixed(project, made=50)
    stopped = project.run("dvc", "repro", code=255)
    assert "failed to reproduce 'audit'" in stopped.stdout + stopped.stderr
    assert (project.root / "model.txt").stat().st_mtime_ns == trained
    numbers = json.loads((project.root / "audit/metrics.json").read_text())["data_mix_jsonl"]
    assert (numbers["verdict"]["passes"], numbers["verdict"]["blocked"]) == (0, 1)
    assert json.loads((project.root / "audit/verdict.json").read_text())["verdict"] == "BLOCKED"
    mixed(project, made=10)
    project.run("dvc", "repro", "--quiet")


def test_plots_of_two_revisions_are_shown(project: Project) -> None:
    project.run("git", "tag", "before")
    mixed(project, made=30)
    project.run("dvc", "repro", "--quiet")
    answer = project.run("dvc", "plots", "diff", "before", "workspace", "--json").stdout
    plots = {name: plot["content"] for name, (plot,) in json.loads(answer)["data"].items()}

    def drawn(name: str, *keys: str) -> dict[tuple[str, ...], float]:
        return {tuple(row[key] for key in keys): row["fraction"] for row in plots[name]["data"]["values"]}

    by_origin = drawn("By origin", "rev", "group")
    assert (by_origin["before", "real"], by_origin["workspace", "real"]) == (0.5, 0.25)
    mixture = drawn("Mixture", "rev", "breakdown", "group", "weighting")
    assert mixture["before", "by_origin", "real", "unique"] == pytest.approx(50 / 60)
    assert mixture["before", "by_origin", "real", "exposure"] == pytest.approx(70 / 100)
    assert plots["Mixture"]["transform"] == [{"filter": "datum.breakdown == 'by_origin'"}]
    assert "DVC_METRIC" not in json.dumps(plots)
    page = project.run("dvc", "plots", "diff", "before", "--out", "html").stdout
    assert "vega" in Path(page.strip().removeprefix("file://")).read_text().lower()
