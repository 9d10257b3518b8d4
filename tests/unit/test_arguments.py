from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import provenance
from provenance.arguments import require, warn
from provenance.errors import ProvenanceError, ProvenanceWarning
from provenance.lineage import records


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"model": "gpt-4"}, "model: expected Model, got str 'gpt-4'; write provenance.Model(name="),
        ({"source": "web"}, "source: expected Source, got str 'web'; write provenance.Source(name="),
        ({"prompt": 3}, "prompt: expected Prompt or str, got int 3"),
        ({"parameters": "hot"}, "parameters: expected Mapping, got str 'hot'"),
        ({"parameters": {1: 2}}, "parameters: name: expected str, got int 1"),
        ({"license": True}, "license: expected str, got bool True"),
        ({"keep_prompts": "yes"}, "keep_prompts: expected bool, got str 'yes'"),
        ({"prices": 3}, "prices: expected str or PathLike, got int 3"),
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
        ({"values": {3: "x"}}, "values: name: expected str, got int 3"),
        (
            {"values": {"license": " "}},
            "values['license']: expected text, got ' '; leave it out where nothing is stated",
        ),
        ({"keep_prompts": 1}, "keep_prompts: expected bool, got int 1"),
        ({"progress": 1}, "progress: expected a function of a number of rows, got 1"),
    ],
)
def test_declare_names_the_argument_and_what_fits(tmp_path: Path, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ProvenanceError) as raised:
        provenance.declare(tmp_path / "x.jsonl", **arguments)
    assert str(raised.value).startswith(problem)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"name": 3}, "model: its name: expected str, got int 3"),
        ({"name": ""}, "model: its name: expected text, got ''"),
        ({"name": "m", "revision": b"1"}, "model: its revision: expected str, got bytes b'1'"),
        ({"name": "m", "license": ["MIT"]}, "model: its license: expected str, got list ['MIT']"),
        ({"name": "m", "weights": 3}, "model: its weights: expected str or PathLike, got int 3"),
    ],
)
def test_a_model_names_the_part_and_what_fits(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ProvenanceError) as raised:
        provenance.Model(**arguments)
    assert str(raised.value).startswith(problem)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"name": None, "template": "x"}, "prompt: its name: expected str, got NoneType None"),
        ({"name": "p", "template": ["x"]}, "prompt: its template: expected str, got list ['x']"),
    ],
)
def test_a_prompt_names_the_part_and_what_fits(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ProvenanceError) as raised:
        provenance.Prompt(**arguments)
    assert str(raised.value) == problem


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"name": None}, "source: its name: expected str, got NoneType None"),
        ({"name": "s", "url": 4}, "source: its url: expected str, got int 4"),
        ({"name": "s", "license": ""}, "source: its license: expected text, got ''; leave it out where"),
        ({"name": "s", "collected_at": 5}, "source: its collected_at: expected date or str, got int 5"),
        ({"name": "s", "collected_at": "soon"}, "source: its collected_at is 'soon', not a day or time such as"),
    ],
)
def test_a_source_names_the_part_and_what_fits(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ProvenanceError) as raised:
        provenance.Source(**arguments)
    assert str(raised.value).startswith(problem)
    assert "\n" not in str(raised.value)


def test_a_source_is_that_of_the_record() -> None:
    stated = provenance.Source(name="s", collected_at="2026-01-31")
    assert stated.id == records.Source(name="s", collected_at=datetime(2026, 1, 31)).id  # noqa: DTZ001 - as stated


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"row": "a"}, "row: expected Mapping, got str 'a'"),
        ({"fields": "text"}, "fields: expected list or tuple, got str 'text'; for a single one, [NAME]"),
        ({"fields": ["txt"]}, "fields: expected some of ['text'], got ['txt']"),
        ({"digest": ["sha256"]}, "digest: expected str, got list ['sha256']"),
    ],
)
def test_sample_id_names_the_argument_and_what_fits(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ProvenanceError) as raised:
        provenance.sample_id(**({"row": {"text": "a"}} | arguments))
    assert str(raised.value) == problem


def test_read_and_audit_take_paths(tmp_path: Path) -> None:
    number: Any = 7
    with pytest.raises(ProvenanceError, match="path: expected str or PathLike, got int 7"):
        next(provenance.read(number))
    with pytest.raises(ProvenanceError, match="repo: expected str or PathLike, got int 7"):
        provenance.audit(repo=number)
    with pytest.raises(ProvenanceError, match="repo: '.*nowhere' is not a folder"):
        provenance.audit(repo=tmp_path / "nowhere")


def test_true_is_no_number() -> None:
    require("seed", 1, int)
    with pytest.raises(ProvenanceError, match="seed: expected int, got bool True"):
        require("seed", True, int)


def test_a_warning_is_of_the_line_that_called() -> None:
    with pytest.warns(ProvenanceWarning, match="said") as caught:
        warn("said")
    assert caught[0].filename == __file__
