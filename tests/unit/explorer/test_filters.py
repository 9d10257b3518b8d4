"""What an address asks of rows, and what a birth answers."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.engines.answers import BornAlike
from provenance.errors import ProvenanceError
from provenance.explorer.filters import Filter, groups_by_facet
from provenance.lineage.words import AMBIGUOUS

GROUPS = groups_by_facet(["ask", None])


def born(**said: Any) -> BornAlike:
    values: dict[str, Any] = dict.fromkeys(BornAlike.__dataclass_fields__)
    return BornAlike(**(values | {"origin": "real", "doubts": (), "costed": False, "with_usage": False} | said))


def test_values_of_one_facet_are_alternatives_and_facets_are_conditions() -> None:
    fits = Filter.of({"origin": ["synthetic", "mixed"], "kind": ["rewrite"]}).fits(GROUPS)
    assert fits(born(origin="synthetic", kind="rewrite")) is True
    assert fits(born(origin="mixed", kind="rewrite")) is True
    assert fits(born(origin="synthetic", kind="answer")) is False
    assert fits(born(origin="real")) is False


def test_what_is_in_doubt_may_fit_unless_another_condition_says_no() -> None:
    asked = Filter.of({"license": ["MIT"], "origin": ["real"]})
    assert asked.fits(GROUPS)(born(doubts=("license",))) is None
    assert asked.fits(GROUPS)(born(doubts=("license",), origin="mixed")) is False
    assert asked.fits(GROUPS, besides="license")(born(doubts=("license",))) is True


def test_nothing_asked_is_fitted_by_all() -> None:
    assert Filter.of({}).fits(GROUPS)(born(doubts=("license",))) is True


@pytest.mark.parametrize("asked", [{"colour": ["red"]}, {"after": ["-1"]}, {"after": ["x"]}, {"after": ["٣"]}])
def test_what_cannot_be_asked_is_refused(asked: dict[str, list[str]]) -> None:
    with pytest.raises(ProvenanceError):
        Filter.of(asked)


def test_what_is_asked_can_be_asked_again() -> None:
    asked = {"origin": ["real"], "from": ["model:a"], "q": ["x"]}
    found = Filter.of(asked | {"after": ["50"], "rev": ["v1"]})
    assert found.asked == asked
    assert found.after == 50


def test_rows_have_the_prompt_of_their_activity_where_a_model_made_them() -> None:
    prompt = GROUPS["prompt"]
    assert prompt(born(origin="synthetic", activity=0)) == "ask"
    assert prompt(born(origin="synthetic", activity=1)) == "unstated"
    assert prompt(born(origin="real", activity=1)) is None
    assert prompt(born(origin="unknown", doubts=("origin",))) == AMBIGUOUS


def test_rows_without_a_stage_are_of_no_step() -> None:
    assert GROUPS["stage"](born(stage="mix")) == "mix"
    assert GROUPS["stage"](born()) is None
