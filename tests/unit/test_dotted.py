"""Nested values by dotted names."""

from __future__ import annotations

from provenance.dotted import leaves


def test_what_has_no_names_below_it_is_a_leaf() -> None:
    nested = {"gen": {"temperature": 0.3, "stop": ["a"], "extra": {}}, "seed": None}
    assert list(leaves(nested)) == [("gen.temperature", 0.3), ("gen.stop", ["a"]), ("gen.extra", {}), ("seed", None)]
    assert list(leaves({})) == []
