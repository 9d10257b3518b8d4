"""The report of a dataset some rows of which two models may have written: what it says is between bounds."""

from __future__ import annotations

import html
import re

import pytest
from support.project import Project

_GENERATE = """
import sys
import provenance
name, license = sys.argv[1:]
model = provenance.Model(name=name, license=license, output_terms=license)
with provenance.record(f"{name}.jsonl", model=model, kind="from_scratch") as recorder:
    for number in range(6):
        usage = {"input_tokens": 10, "output_tokens": 2}
        recorder.write({"text": "Yes." if number < 4 else f"{name} says {number}"}, usage=usage)
"""
_MIX = """
lines = [line for name in ("m1", "m2") for line in open(f"{name}.jsonl")]
open("mix.jsonl", "w").writelines(lines[2:6] + lines[8:])
"""
_POLICY = """
rules:
  - {id: licensed, value: by_license.unknown.rows, threshold: {at_most: 0}, severity: warn, reason: so}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """``mix.jsonl`` has 2 rows of each model's own, and 4 that are equal and that either may have written."""
    project = Project.new(tmp_path_factory.mktemp("equal") / "repository")
    project.write({"generate.py": _GENERATE, "mix.py": _MIX, "policy.yaml": _POLICY})
    for name, licence in (("m1", "Apache-2.0"), ("m2", "llama3.1")):
        command = ("python", "generate.py", name, licence)
        added = project.provenance("stage", "add", "-n", name, "-d", "generate.py", "-o", f"{name}.jsonl", *command)
        assert added.code == 0
    inputs = ("-d", "m1.jsonl", "-d", "m2.jsonl", "-d", "mix.py")
    assert project.provenance("stage", "add", "-n", "mix", *inputs, "-o", "mix.jsonl", "python", "mix.py").code == 0
    project.run("dvc", "repro", "--quiet")
    return project


@pytest.fixture(scope="module")
def said(project: Project) -> str:
    answer = project.provenance("report", "mix.jsonl", "--policy", "policy.yaml", "-o", "report.html")
    assert answer.stdout == "report.html: CLEARED, with 1 warning\n"
    body = (project.root / "report.html").read_text(encoding="utf-8").partition("</style>")[2]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


def test_who_wrote_them_is_certain_where_all_births_are_of_one_origin(said: str) -> None:
    assert "A language model wrote all of its rows." in said
    head = said.partition("The same as a table")[0]
    assert "synthetic 100% 8 rows" in head.replace("100.0%", "100%")
    assert "unknown 5" not in head and "unknown 4" not in head


def test_obligations_have_both_ends(said: str) -> None:
    assert "Apache-2.0 the model m1 2 to 6 2 to 6" in said
    assert re.search(r"llama\S+ terms of m2 for what it writes 2 to 6 2 to 6", said)


def test_the_flow_has_the_rows_by_what_each_dataset_says_itself(said: str) -> None:
    for model, rows in (("m1", 6), ("m2", 6)):
        assert f"model {model} {model} {model}.jsonl 0 {rows}" in said
    assert "model m1 m2" not in said
