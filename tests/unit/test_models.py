from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.schemas import schema_of

from provenance.documents import parse_tracked
from provenance.errors import RepositoryError, UnknownReferenceError
from provenance.models import ModelRegister, RegisteredModel

SCHEMA = Path(__file__).resolve().parents[2] / "docs/specification/models.schema.json"
REGISTER = """version: 1
models:
  - name: writer
    license: Apache-2.0
  - name: writer
    revision: "2"
    base: writer
    trained_on:
      - path: data/mix.jsonl
        md5: 0123456789abcdef0123456789abcdef
        sidecar_md5: fedcba9876543210fedcba9876543210
  - name: judge
    revision: a
    base: writer@2
"""


def parsed(text: str) -> ModelRegister:
    return parse_tracked(text, "provenance.models.yaml", ModelRegister)


def test_the_schema_in_the_documentation_is_that_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema_of(ModelRegister)


def test_a_model_goes_by_its_label_or_by_a_name_that_is_enough() -> None:
    register = parsed(REGISTER)
    assert register.named("writer@2").revision == "2"
    assert register.named("writer").revision is None
    assert register.named("judge").label == "judge@a"
    with pytest.raises(
        UnknownReferenceError, match="nobody: no such model is registered; registered: writer, writer@2"
    ):
        register.named("nobody")
    several = ModelRegister(models=(RegisteredModel(name="m", revision="1"), RegisteredModel(name="m", revision="2")))
    with pytest.raises(UnknownReferenceError, match="m: there is more than one such model; registered: m@1, m@2"):
        several.named("m")


def test_a_model_without_revision_stands_for_all_that_are_not_registered() -> None:
    register = parsed(REGISTER)
    fits = {
        (name, revision): model.label if (model := register.fitting(name, revision)) else None
        for name, revision in (("writer", "2"), ("writer", "3"), ("writer", None), ("judge", "a"), ("judge", None))
    }
    assert list(fits.values()) == ["writer@2", "writer", "writer", "judge@a", None]
    assert register.fitting("nobody", None) is None


def test_the_line_of_bases() -> None:
    register = parsed(REGISTER)
    assert [model.label for model in register.lineage(register.named("judge"))] == ["judge@a", "writer@2", "writer"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('revision: "2"', "provider: x", "models.writer.provider: Extra inputs"),
        ('    revision: "2"\n', "", "writer is registered twice"),
        ("base: writer@2", "base: ghost", "judge@a: its base ghost is not registered"),
        (
            "    license: Apache-2.0",
            "    base: judge@a",
            "a model cannot be made from itself: writer from judge@a from writer@2 from writer",
        ),
        ("base: writer@2", "base: judge@a", "a model cannot be made from itself: judge@a from judge@a"),
        ("base: writer@2", 'base: "{x}"', "its base {x} is not registered"),
        (
            "0123456789abcdef0123456789abcdef",
            "../../secret",
            "models.writer.trained_on.data/mix.jsonl.md5: String should match",
        ),
        ("name: judge", "name: ''", "models.3.name: String should have at least 1"),
        ("name: judge", "name: ' '", "models.3.name: it says nothing"),
        ("name: judge", 'name: "a\\nb"', "models.3.name: it has control characters"),
        ("license: Apache-2.0", "license: ' '", "license: it says nothing"),
        ("license: Apache-2.0", "trained_on_external: ['']", "trained_on_external.1: String should have at least 1"),
        ("version: 1", "version: 2", "version: Input should be 1"),
        ("models:", "models: [", "not valid YAML"),
        ("version: 1", "a: !!python/object/apply:os.system [id]", "not valid YAML"),
    ],
)
def test_a_register_that_is_none_is_told_by_key(old: str, new: str, problem: str) -> None:
    with pytest.raises(RepositoryError) as caught:
        parsed(REGISTER.replace(old, new, 1))
    assert str(caught.value).startswith("provenance.models.yaml: ")
    assert problem in str(caught.value)
