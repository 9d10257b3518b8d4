from __future__ import annotations

from pathlib import Path

import pytest
from support.measuring import take, values
from support.sidecars import Words, record, sample

from provenance.auditing.measures import Measured, NotMeasured
from provenance.auditing.measures.judge_generator import MEASURE
from provenance.lineage.records import Agent
from provenance.repository import Repository

WORDS = Words(agents=(Agent(name="meta-llama/Llama-3.1-8B", revision="1"), Agent(name="gpt-4o")))


def test_a_judge_of_the_same_family_shows(repository: Repository, tmp_path: Path) -> None:
    found = take(
        repository,
        tmp_path,
        MEASURE,
        [
            record(sample(1), 3, origin="synthetic", agent=0, verifier="Llama-3.3-70B-Instruct"),
            record(sample(2), 1, origin="synthetic", agent=0, verifier="meta-llama/Llama-3.1-8B@1"),
            record(sample(3), 2, origin="synthetic", agent=1, verifier="meta-llama/Llama-3.1-8B@1"),
            record(sample(4), 2, origin="synthetic", agent=1, verifier="pytest@9"),
            record(sample(5), 9, origin="synthetic", agent=1),
        ],
        WORDS,
    )
    assert values(found) == {
        "rows": 4,
        "fraction": pytest.approx(4 / 8),
        "same_model_rows": 1,
        "pairs": {"meta-llama/Llama-3.1-8B@1": {"Llama-3.3-70B-Instruct": 3, "meta-llama/Llama-3.1-8B@1": 1}},
    }
    assert isinstance(found, Measured)
    assert [each.sample_id for each in found.outstanding] == [sample(1)]


def test_without_verifiers_there_are_no_judges(repository: Repository, tmp_path: Path) -> None:
    found = take(repository, tmp_path, MEASURE, [record(sample(1), origin="synthetic", agent=0)], WORDS)
    assert found == NotMeasured("mix.jsonl: no row has both a model and a verifier")
