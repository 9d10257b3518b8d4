"""Addresses hold any name, and lead back to it."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from provenance.explorer.addresses import address, as_asked, query, toggled


@pytest.mark.parametrize("name", ["a b", "a/b", "../x", "?x=1#y", "<b onclick=x>", "\u202e", "%2e", 'a"b', "\x1b[31m"])
def test_a_name_comes_back(name: str) -> None:
    found = urlsplit(address("model", name, {"rev": "v1"}))
    assert found.path.count("/") == 2
    assert unquote(found.path.removeprefix("/m/")) == name
    assert found.query == "rev=v1"
    assert found.fragment == ""


@pytest.mark.parametrize("name", ["a b", "a/b", "../../x", "?x=1#y", "50%", "%2e", 'a"b', "\x1b[31m", "日本"])
def test_the_address_of_a_page_is_found_again_in_its_request(name: str) -> None:
    asked = address("model", name)
    assert as_asked({"path": unquote(asked), "raw_path": asked.encode()}) == asked


def test_a_request_names_no_other_host_and_no_markup() -> None:
    assert as_asked({"raw_path": b"//example.org/x"}) == "/example.org/x"
    assert as_asked({"raw_path": b'/\\example.org/"><script>'}) == "/%5Cexample.org/%22%3E%3Cscript%3E"


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
