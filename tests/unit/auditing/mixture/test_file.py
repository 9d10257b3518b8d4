from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.schemas import schema_of

from provenance.auditing.mixture.file import Mixture, read_mixture
from provenance.errors import ProvenanceError

SCHEMA = Path(__file__).resolve().parents[4] / "docs/specification/mixture.schema.json"
PART = {"name": "web", "class": "real", "tokens": 10}


def parsed(**part: Any) -> Any:
    return Mixture.model_validate({"name": "m", "parts": [PART | part]}).parts[0]


def test_the_published_schema_is_that_of_the_model() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema_of(Mixture)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1.3T", 1_300_000_000_000),
        ("290B", 290_000_000_000),
        ("12 K", 12_000),
        ("939,344", 939_344),
        (1.3e12, 13 * 10**11),
    ],
)
def test_amounts_are_read_as_tables_print_them(written: Any, amount: int) -> None:
    assert parsed(tokens=written).tokens == amount


@given(st.integers(0, 10**18))
def test_a_count_is_kept_exactly(count: int) -> None:
    assert (
        parsed(tokens=count).tokens == parsed(tokens=str(count)).tokens == parsed(tokens=f"{count:,}").tokens == count
    )


@pytest.mark.parametrize(("written", "share"), [("15%", 0.15), ("0.5 %", 0.005), (0.15, 0.15), (1, 1.0)])
def test_shares_are_numbers_or_percent(written: Any, share: float) -> None:
    assert parsed(share=written).share == pytest.approx(share)


STAGED = "name: m\nparts: [{name: a, class: real, tokens: 1}, {name: b, class: real, tokens: 1}]\n"
REFUSED = [
    ("name: m", "parts: give at least one"),
    ("name: m\nparts: [{name: web, tokens: 1}]", "state the class"),
    ("name: m\nparts: [{class: real, tokens: 1}]", "needs a name"),
    ("name: m\nparts: [{name: web, class: real}]", "needs its rows, tokens or bytes"),
    ("name: m\nparts: [{dataset: a.jsonl, class: real}]", "a dataset's class is read from its lineage"),
    ("name: m\nparts: [{dataset: a.jsonl, license: MIT}]", "a dataset's license is read from its lineage"),
    ("name: m\nparts: [{name: web, class: human, tokens: 1}]", "parts.web.class: "),
    ("name: m\nparts: [{name: web, class: real, tokens: 1.5}]", "parts.web.tokens: "),
    ("name: m\nparts: [{name: web, class: real, tokens: 1.55K T}]", "parts.web.tokens: "),
    ("name: m\nparts: [{name: web, class: real, tokens: -1}]", "parts.web.tokens: "),
    ("name: m\nparts: [{name: web, class: real, tokens: true}]", "parts.web.tokens: "),
    ("name: m\nparts: [{name: web, class: real, tokens: .inf}]", "parts.web.tokens: "),
    ("name: m\nparts: [{name: web, class: real, tokens: 1, share: 15}]", "parts.web.share: "),
    ("name: m\nparts: [{name: web, class: real, tokens: 1, share: .nan}]", "parts.web.share: "),
    ("name: m\nparts: [{name: web, class: real, tokens: 1, epochs: -1}]", "parts.web.epochs: "),
    ("name: m\nparts: [{name: a, class: real, tokens: 1}, {name: a, class: real, tokens: 1}]", "a is there twice"),
    ("name: m\nparts: [{dataset: a, name: x}, {dataset: a, name: y}]", "a is there twice"),
    (
        "name: m\nparts: [{name: a, class: real, tokens: 1, epochs: 1}, {name: b, class: real, tokens: 1}]",
        "b has neither share nor epochs",
    ),
    (
        "name: m\nparts: [{name: a, class: real, tokens: 1, epochs: 1}, {name: b, class: real, tokens: 1, share: 1}]",
        "how much is trained on in all",
    ),
    (f"{STAGED}stages: [{{name: s, trained: 5}}]", "stages.s: say what is trained on"),
    (f"{STAGED}stages: [{{name: s, shares: {{a: 1, b: 0}}}}]", "stages.s: shares need the amount that they are of"),
    (
        f"{STAGED}stages: [{{name: s, epochs: {{a: 1, b: 1, c: 1}}}}]",
        "stages: s trains on c, which is none of the parts",
    ),
    (f"{STAGED}stages: [{{name: s, epochs: {{a: 1}}}}]", "stages: none trains on b"),
    (
        f"{STAGED}stages: [{{name: s, epochs: {{a: 1, b: 1}}}}, {{name: s, epochs: {{a: 1}}}}]",
        "stages: s is there twice",
    ),
    (
        "name: m\nparts: [{name: a, class: real, tokens: 1, epochs: 1}]\nstages: [{name: s, epochs: {a: 1}}]",
        "how much of a is trained on is said in the stages",
    ),
    ("name: m\ncost: {amount: 1, currency: $}", "cost.currency: "),
    ("name: m\ncost: {amount: .nan, currency: USD}", "cost.amount: "),
    ("name: m\nunknown: 1\nparts: []", "unknown: "),
    ("[]", ""),
    ("name: [", "not valid YAML"),
]


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_is_no_mixture_is_refused_with_its_key(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(text)
    with pytest.raises(ProvenanceError) as refused:
        read_mixture(file)
    message = str(refused.value)
    assert message.startswith(f"{file}: ") and problem in message and "\n" not in message


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="m.yaml: the mixture file cannot be read"):
        read_mixture(tmp_path / "m.yaml")
