from __future__ import annotations

import hashlib
import os
import pickle
from typing import TYPE_CHECKING

import pytest

from provenance import Model, Prompt
from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_prompt_substitutes_variables_and_keeps_doubled_braces() -> None:
    prompt = Prompt(name="json", template='{{"text": "{text}"}} {text} {n}')
    assert prompt.render(text="a", n=3) == '{"text": "a"} a 3'
    assert prompt.variables == {"text", "n"}


def test_a_long_template_is_cut_where_it_is_only_shown() -> None:
    shown = repr(Prompt(name="ask", template="y" * 300))
    assert shown.startswith("Prompt(name='ask', template='yyy") and "..." in shown and len(shown) < 120


@pytest.mark.parametrize("template", ["plain 100%", "{a}", "{a} of {a}", "{a} 100% {b}"])
def test_many_are_rendered_as_each(template: str) -> None:
    prompt = Prompt(name="p", template=template)
    for values in (("x", 1, (1, 2), "%s {b}", None), ("x", 1, "x", "1"), (1, True, 1.0)):
        many = [dict.fromkeys(sorted(prompt.variables), value) for value in values]
        texts, places = prompt.rendered_many(many)
        assert [texts[place] for place in places] == [prompt.render(**variables) for variables in many]
    assert pickle.loads(pickle.dumps(prompt)).render(**many[0]) == prompt.render(**many[0])  # noqa: S301 - our own
    with pytest.raises(ProvenanceError, match="has no variable 'c'"):
        prompt.rendered_many([*many, {"c": 1}])


def test_a_value_is_never_interpreted_again() -> None:
    prompt = Prompt(name="p", template="{a}{b}")
    assert prompt.render(a="{b}", b="{{{a.__class__}") == "{b}{{{a.__class__}"


def test_a_variable_may_be_called_self() -> None:
    assert Prompt(name="p", template="{self}{name}").render(self="x", name="y") == "xy"


@pytest.mark.parametrize("template", ["{a.b}", "{a[0]}", "{a!r}", "{a:>3}", "{}", "{0}", "{", "}", "{ a }", "{a{b}}"])
def test_anything_but_a_plain_name_is_refused(template: str) -> None:
    with pytest.raises(ProvenanceError, match=r"^prompt 'p': .* is not a variable"):
        Prompt(name="p", template=template)


def test_missing_and_unknown_variables_are_named() -> None:
    prompt = Prompt(name="p", template="{a} {b}")
    with pytest.raises(ProvenanceError, match="needs the variable 'b'"):
        prompt.render(a=1)
    with pytest.raises(ProvenanceError, match="has no variable 'c'"):
        prompt.render(a=1, b=2, c=3)


def test_weights_are_known_by_their_digest_not_their_path(tmp_path: Path) -> None:
    weights = tmp_path / "weights.gguf"
    weights.write_bytes(b"weights")
    agent = Model(name="m", revision="1", weights=weights).agent()
    assert agent.weights_digest == f"sha256:{hashlib.sha256(b'weights').hexdigest()}"
    assert str(tmp_path) not in agent.model_dump_json()


def test_weights_that_change_get_another_digest(tmp_path: Path) -> None:
    weights = tmp_path / "weights.gguf"
    weights.write_bytes(b"one")
    first = Model(name="m", weights=weights).agent()
    weights.write_bytes(b"two")
    os.utime(weights, ns=(1, 1))
    assert Model(name="m", weights=weights).agent().weights_digest != first.weights_digest


def test_weights_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="none.gguf: the weights cannot be read: No such file"):
        Model(name="m", weights=tmp_path / "none.gguf").agent()
    with pytest.raises(ProvenanceError, match="the weights cannot be read: Is a directory"):
        Model(name="m", weights=tmp_path).agent()
