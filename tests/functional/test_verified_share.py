"""The share of correct solutions, as a verifier's verdicts tell it, on real data."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.gsm8k import gsm8k
from support.measuring import values
from support.project import Project, lines

from provenance.auditing.measures import Part, Subject
from provenance.auditing.measures.verified_share import MEASURE
from provenance.ledger.sidecars import Sidecars
from provenance.repository import Repository

# In percent, as published for the test set with these four models: Cobbe et al. 2021 (arXiv 2110.14168).
CORRECT = {"6b_finetuning": 21.7, "6b_verification": 39.0, "175b_finetuning": 34.7, "175b_verification": 56.3}


def test_correct_rates_of_the_gpt_3_solutions_are_verified_shares(tmp_path: Path) -> None:
    problems = gsm8k("gsm8k_model_solutions.jsonl")
    project = Project.new(tmp_path / "repository")
    for model in CORRECT:
        rows = [
            {
                "question": problem["question"],
                "answer": problem[model]["solution"],
                "correct": str(problem[model]["is_correct"]).lower(),
            }
            for problem in problems
        ]
        project.write({f"{model}.jsonl": lines(rows)})
    project.run("dvc", "add", "--quiet", *(f"{model}.jsonl" for model in CORRECT))
    for model in CORRECT:
        declared = project.provenance(
            *("declare", f"{model}.jsonl", "--from", "columns", "--set", "origin=synthetic", "--set", "kind=answer"),
            *("--set", f"model=gpt-3-{model}", "--map", "verdict=correct", "--set", "verifier=final-answer@1"),
        )
        assert declared.code == 0, declared.stderr
    with Sidecars.open(Repository.open(project.root)) as ledger:
        for model, percent in CORRECT.items():
            part = Part(ledger, ledger.dataset(project.root / f"{model}.jsonl"))
            found = values(MEASURE.measure(Subject(part, tmp_path)))
            assert (found["rows"], found["fraction"], found["with_version_fraction"]) == (1319, 1.0, 1.0)
            assert list(found["by_verifier"]) == ["final-answer@1"]
            assert list(found["by_model"]) == [f"gpt-3-{model}"]
            assert 100 * found["pass_fraction"] == pytest.approx(percent, abs=0.05)
            assert found["passed"] == sum(problem[model]["is_correct"] for problem in problems)
