from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import provenance
from provenance.arguments import require
from provenance.capture.generation import stated_token_counts
from provenance.errors import ProvenanceError


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"model": "gpt-4"}, "model: expected Model, got str 'gpt-4'; write provenance.Model(name="),
        ({"source": "web"}, "source: expected Source, got str 'web'; write provenance.Source(name="),
        ({"prompt": 3}, "prompt: expected Prompt or str, got int 3"),
        ({"parameters": "hot"}, "parameters: expected Mapping, got str 'hot'"),
        ({"license": True}, "license: expected str, got bool True"),
    ],
)
def test_record_names_the_argument_and_what_fits(tmp_path: Path, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ProvenanceError) as raised, provenance.record(tmp_path / "x.jsonl", **arguments):
        pass
    assert str(raised.value).startswith(problem)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"from_": 3}, "from_: expected str, got int 3"),
        ({"mapping": ["model"]}, "mapping: expected Mapping, got list"),
        ({"values": {"model": 4}}, "values['model']: expected str, got int 4"),
        ({"using": "run.json"}, "using: expected list or tuple, got str 'run.json'; for a single one, [PATH]"),
        ({"parents": [b"x"]}, "parents: expected str or PathLike, got bytes"),
    ],
)
def test_declare_names_the_argument_and_what_fits(tmp_path: Path, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ProvenanceError) as raised:
        provenance.declare(tmp_path / "x.jsonl", **arguments)
    assert str(raised.value).startswith(problem)


def test_sample_id_takes_a_row() -> None:
    text: Any = "a"
    with pytest.raises(ProvenanceError, match="row: expected Mapping, got str 'a'"):
        provenance.sample_id(text)


@pytest.mark.parametrize("usage", [7, "12 tokens", {"prompt_toks": 3}])
def test_usage_without_a_count_is_refused(usage: object) -> None:
    with pytest.raises(ProvenanceError, match="usage: .* has no token count; expected one of input_tokens, prompt_tok"):
        stated_token_counts(usage)
    assert stated_token_counts({}) == {}
    assert stated_token_counts({"prompt_tokens": 3, "total_tokens": 3}) == {"input_tokens": 3}


def test_true_is_no_number() -> None:
    require("seed", 1, int)
    with pytest.raises(ProvenanceError, match="seed: expected int, got bool True"):
        require("seed", True, int)
