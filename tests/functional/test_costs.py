"""What a pipeline cost, as its user reads it: in a terminal, in JSON and in Markdown."""

from __future__ import annotations

import sys
from pathlib import Path

from support.project import Project

GENERATE = """
import provenance

with provenance.record("ten.jsonl", model=provenance.Model(name="m")) as recorder:
    for number in range(10):
        recorder.write({"text": ("yes", "no")[number % 2]}, cost=0.1)
"""
DERIVE = """
import json

rows = [{"text": f"{number} of ten", "_parents": f"ten.jsonl:{number}"} for number in (1, 2)]
open("two.jsonl", "w").writelines(json.dumps(row) + "\\n" for row in rows)
"""


def test_ten_calls_of_two_texts_cost_what_ten_calls_cost(tmp_path: Path) -> None:
    project = Project.new(tmp_path / "repository")
    project.write({"generate.py": GENERATE, "derive.py": DERIVE})
    for name, read, out in (("generate", (), "ten.jsonl"), ("derive", ("-d", "ten.jsonl"), "two.jsonl")):
        arguments = ("-n", name, "-d", f"{name}.py", *read, "-o", out, sys.executable, f"{name}.py")
        assert project.provenance("stage", "add", *arguments).code == 0
    project.run("dvc", "repro", "--quiet")
    amounts = ("amount", "amount_of_rows_left", "at_most_amount_of_rows_left", "rows_costed")
    ten, two = (project.ask("audit", name, "--measures", "cost")["datasets"][0] for name in ("ten.jsonl", "two.jsonl"))
    assert [ten["cost"][name] for name in amounts] == ["1", "1", "1", 10]
    assert [two["cost"][name] for name in amounts] == ["1", None, None, 0]
    assert [ten["measures"]["cost"][name] for name in amounts] == [1.0, 1.0, 1.0, 10]
    assert "cost: 1 (known for 10 of 10 rows)" in project.provenance("audit", "ten.jsonl").stdout
    for as_markdown in ((), ("--md",)):
        said = project.provenance("audit", "two.jsonl", *as_markdown).stdout
        assert "cost: 1; of the rows that are left: not known (known for 0 of 2 rows)" in said
    assert [each["cost"] for each in project.ask("show", "ten.jsonl:1")["records"]] == ["0.1"]
