"""What an address asks of rows, and what a birth answers."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.engines.interface import BornAlike
from provenance.errors import ProvenanceError
from provenance.explorer.filters import Filter


def born(**said: Any) -> BornAlike:
    values: dict[str, Any] = dict.fromkeys(BornAlike.__dataclass_fields__)
    return BornAlike(**(values | {"origin": "real", "doubts": (), "costed": False, "with_usage": False} | said))


def test_values_of_one_facet_are_alternatives_and_facets_are_conditions() -> None:
    fits = Filter.of({"origin": ["synthetic", "mixed"], "kind": ["rewrite"]}).fits()
    assert fits(born(origin="synthetic", kind="rewrite")) is True
    assert fits(born(origin="mixed", kind="rewrite")) is True
    assert fits(born(origin="synthetic", kind="answer")) is False
    assert fits(born(origin="real")) is False


def test_what_is_in_doubt_may_fit_unless_another_condition_says_no() -> None:
    asked = Filter.of({"license": ["MIT"], "origin": ["real"]})
    assert asked.fits()(born(doubts=("license",))) is None
    assert asked.fits()(born(doubts=("license",), origin="mixed")) is False
    assert asked.fits(besides="license")(born(doubts=("license",))) is True


def test_nothing_asked_is_fitted_by_all() -> None:
    assert Filter.of({}).fits()(born(doubts=("license",))) is True


@pytest.mark.parametrize("asked", [{"colour": ["red"]}, {"after": ["-1"]}, {"after": ["x"]}, {"after": ["٣"]}])
def test_what_cannot_be_asked_is_refused(asked: dict[str, list[str]]) -> None:
    with pytest.raises(ProvenanceError):
        Filter.of(asked)


def test_what_is_asked_can_be_asked_again() -> None:
    asked = {"origin": ["real"], "from": ["model:a"], "q": ["x"]}
    found = Filter.of(asked | {"after": ["50"], "rev": ["v1"]})
    assert found.asked == asked
    assert found.after == 50
