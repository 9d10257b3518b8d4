from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.schemas import schema_of

from provenance.documents import parse_tracked
from provenance.errors import RepositoryError
from provenance.settings import Settings

SCHEMA = Path(__file__).resolve().parents[2] / "docs/specification/settings.schema.json"


def parsed(text: str) -> Settings:
    return parse_tracked(text, "provenance.yaml", Settings)


def test_the_schema_in_the_documentation_is_that_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema_of(Settings)


def test_the_last_entry_that_fits_all_datasets_counts() -> None:
    settings = parsed("about: [{path: '*', name: all}, {path: data/*, name: data}, {path: data/a.jsonl, name: a}]")
    assert settings.about_all(["data/a.jsonl"]).name == "a"
    assert settings.about_all(["data/a.jsonl", "data/b.jsonl"]).name == "data"
    assert settings.about_all(["data/a.jsonl", "c.jsonl"]).name == "all"
    assert parsed("about: [{path: data/*, name: data}]").about_all(["c.jsonl"]).name is None


def test_what_is_stated_of_a_model_goes_by_its_label_first() -> None:
    (about,) = parsed(
        "about: [{path: '*', generators: [{model: m, on_market: true}, {model: m@2, on_market: false}]}]"
    ).about
    stated = [about.generator("m", label) for label in ("m@1", "m@2")]
    assert [each and each.on_market for each in stated] == [True, False]
    assert about.generator("n", "n") is None


@pytest.mark.parametrize(
    "text", ["{path: '*', nam: x}", "{path: '*', name: ' '}", "{name: x}", "{path: '*', purposes: [x]}"]
)
def test_what_is_no_statement_is_refused(text: str) -> None:
    with pytest.raises(RepositoryError, match="about"):
        parsed(f"about: [{text}]")
