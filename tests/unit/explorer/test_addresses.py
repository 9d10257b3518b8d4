"""Addresses hold any name, and lead back to it."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from provenance.explorer.addresses import address, query, toggled


@pytest.mark.parametrize("name", ["a b", "a/b", "../x", "?x=1#y", "<b onclick=x>", "\u202e", "%2e", 'a"b', "\x1b[31m"])
def test_a_name_comes_back(name: str) -> None:
    found = urlsplit(address("model", name, {"rev": "v1"}))
    assert found.path.count("/") == 2
    assert unquote(found.path.removeprefix("/m/")) == name
    assert found.query == "rev=v1"
    assert found.fragment == ""


def test_what_no_address_can_hold_has_none() -> None:
    assert [address("model", name) for name in (".", "..", "")] == ["", "", ""]


def test_what_is_empty_is_left_out() -> None:
    assert query({"a": "", "b": [], "c": None, "d": ["1", "2"], "e": 3}) == "?d=1&d=2&e=3"
    assert query({}) == ""
    assert parse_qs(query({"from": "model:a&b=c"})[1:]) == {"from": ["model:a&b=c"]}


def test_a_value_is_switched_on_and_off_and_paging_begins_anew() -> None:
    asked = {"origin": ["real"], "after": ["50"]}
    both = toggled(asked, "origin", "mixed")
    assert both == {"origin": ["real", "mixed"]}
    assert toggled(both, "origin", "real") == {"origin": ["mixed"]}
    assert toggled({"origin": ["real"]}, "origin", "real") == {}
    assert asked == {"origin": ["real"], "after": ["50"]}
