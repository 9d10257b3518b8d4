"""What is wrong with a document that people write is reported all at once."""

from pathlib import Path

from support.project import Project

POLICY = """
rules:
  - {id: much-real, value: by_origin.real.fraction, threshold: {at_least: many}, reason: x}
  - {id: few-rows, value: rows, threshold: {at_mst: 1}, severty: warn, reason: x}
"""


def test_a_policy_with_three_typos_takes_one_run(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "project")
    (project.root / "house.yaml").write_text(POLICY)
    answer = project.provenance("audit", "x.jsonl", "--policy", "house.yaml")
    assert answer.code == 2
    assert [line.split(": ")[:3] for line in answer.stderr.splitlines()] == [
        ["error", "house.yaml", "rules.much-real.threshold.at_least"],
        ["error", "house.yaml", "rules.few-rows.threshold"],
        ["error", "house.yaml", "rules.few-rows.severty"],
    ]
