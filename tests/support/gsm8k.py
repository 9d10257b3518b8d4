"""GSM8K with model-made children: real data that is not part of the project.

It lies beside the checkout where it is there, or in the folder that PROVENANCE_GSM8K names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.project import Project, lines

_FOLDER = Path(os.environ.get("PROVENANCE_GSM8K") or Path(__file__).resolve().parents[3] / "shared/data/gsm8k")


def lay_out(project: Project, *, declared: bool) -> None:
    """The human test set, human.jsonl, and its rephrases, rephrased.jsonl; ``declared``: with their parents."""
    human = gsm8k("gsm8k_test.human.jsonl")
    rephrased = gsm8k("gsm8k_test.rephrased.jsonl")
    if declared:
        rephrased = [{**row, "made_from": f"human.jsonl:{number}"} for number, row in enumerate(rephrased, start=1)]
    project.write({"human.jsonl": lines(human), "rephrased.jsonl": lines(rephrased)})
    project.provenance("add", "human.jsonl", "--origin", "real", "--source", "gsm8k", "--license", "MIT")
    if declared:
        project.run("dvc", "add", "--quiet", "rephrased.jsonl")
        options = ("--map", "parents=made_from", "--parents", "human.jsonl", "--set", "kind=rewrite")
        answer = project.provenance("declare", "rephrased.jsonl", "--from", "columns", *options, "--set", "model=gpt-4")
    else:
        answer = project.provenance("add", "rephrased.jsonl", "--origin", "unknown", "--source", "found")
    assert answer.code == 0, answer.stderr


def gsm8k(name: str) -> list[dict[str, Any]]:
    """The rows of one of its files; where it is absent, the test is skipped."""
    path = _FOLDER / name
    if not path.is_file():
        pytest.skip(f"real data is absent: {path}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
