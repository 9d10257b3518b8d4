"""Every rule of every pack reads a value that its measure does produce: none is UNKNOWN for ever."""

from __future__ import annotations

import pytest
from support.project import Project, lines

from provenance.auditing.measures import measure_names
from provenance.auditing.policy.loading import pack, packs

THINGS = ["kettle", "lamp", "chair", "radio", "clock", "bicycle", "teapot", "ladder", "mirror", "suitcase"]
PLACES = ["kitchen", "garden", "attic", "cellar", "hall", "office", "shed", "porch", "study", "workshop"]
REAL = [
    {"text": f"The {thing} stood in the {place} for {number} years before anyone asked.", "topic": place}
    for number, (thing, place) in enumerate((thing, place) for thing in THINGS for place in PLACES)
]
GENERATE = """
import provenance, yaml
model = provenance.Model(name="org/writer-7b")
with provenance.record("data/made.jsonl", model=model, kind="rewrite") as recorder:
    for row in list(provenance.read("data/real.jsonl"))[: yaml.safe_load(open("params.yaml"))["made"]]:
        topic = row["topic"]
        text = f"In the {topic}, somebody remarks in sentence {row.row}, things were left alone and forgotten."
        recorder.write({"text": text, "topic": topic}, parents=[row], verdict="pass", verifier="other/judge-1b")
"""
PIPELINE = """
stages:
  generate:
    cmd: provenance run -- python generate.py
    deps: [generate.py, data/real.jsonl, data/real.jsonl.lineage.parquet]
    params: [made]
    outs: [data/made.jsonl, data/made.jsonl.lineage.parquet]
  mix:
    cmd: provenance run -- sh -c 'cat data/real.jsonl data/made.jsonl > data/set/mix.jsonl'
    deps: [data/real.jsonl, data/real.jsonl.lineage.parquet, data/made.jsonl, data/made.jsonl.lineage.parquet]
    outs: [data/set/mix.jsonl, data/set/mix.jsonl.lineage.parquet]
"""
CARD = "---\ndataset_info:\n  splits: [{name: mix, num_examples: 200}]\n---\n"
MIXTURE = "name: all\nparts: [{dataset: data/set/mix.jsonl, epochs: 2}]\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Real rows and rewrites with a card, an earlier version, an evaluation set, a mixture file and a student."""
    project = Project.new(tmp_path_factory.mktemp("packs") / "repository")
    project.write(
        {
            "data/real.jsonl": lines(REAL),
            "data/test.jsonl": lines([{"text": "Who was the first that asked about the lamp?"}]),
        }
    )
    project.write({"data/set/README.md": CARD, "mixture.yaml": MIXTURE, "dvc.yaml": PIPELINE, "generate.py": GENERATE})
    for name in ("real", "test"):
        project.provenance("add", f"data/{name}.jsonl", "--origin", "real", "--source", "library", "--license", "MIT")
    for made in (10, 100):
        project.commit()
        project.write({"params.yaml": f"made: {made}\n"})
        project.run("dvc", "repro", "--quiet")
    project.ask("model", "add", "org/writer-7b", "--license", "MIT")
    project.ask("model", "add", "org/student-1b", "--trained-on", "data/set/mix.jsonl")
    return project


@pytest.mark.parametrize("name", packs())
def test_every_rule_finds_its_value(project: Project, name: str) -> None:
    rules = {rule.id: rule for rule in pack(name).rules}
    assert {measure for rule in rules.values() for measure in rule.measures} <= set(measure_names())
    document = project.ask(
        *("audit", "data/set/mix.jsonl", "--policy", name, "--mixture", "mixture.yaml", "--since", "HEAD"),
        *("--by", "topic", "--reference", "data/real.jsonl", "--evaluation", "data/test.jsonl"),
    )
    findings = {finding["rule"]: finding for finding in document["findings"]}
    assert findings.keys() == rules.keys()
    unread = {rule: finding["message"] for rule, finding in findings.items() if finding["observed"] is None}
    assert not unread
