"""Births as JSON become the columns that a Python object for each value would give."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.capture.birth_columns import births_of_json, with_shared
from provenance.capture.generation import cost_text
from provenance.lineage.schema import birth_schema

_IDS = st.binary(min_size=16, max_size=16)
# No unpaired surrogates, which are never written.
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "row": st.integers(1, 2**62),
    "origin": st.sampled_from(["real", "synthetic", "unknown"]),
    "kind": _TEXTS,
    "activity": st.integers(0, 2**32 - 1),
    "parents": st.lists(_IDS, max_size=3),
    "parent_roles": st.lists(_TEXTS, max_size=3),
    "prompt": _IDS,
    "prompt_text": _TEXTS | st.just("2026-01-01T00:00:00Z"),
    "seed": st.integers(-(2**63), 2**63 - 1),
    "input_tokens": st.integers(0, 2**32 - 1),
    "cost": st.decimals(0, Decimal("9999999999"), places=10),
}
_BIRTHS = st.lists(st.fixed_dictionaries({}, optional=_COLUMNS), max_size=8)


def _json(birth: dict[str, Any]) -> bytes:
    written = dict(birth)
    if "prompt" in birth:
        written["prompt"] = birth["prompt"].hex()
    if "cost" in birth:
        written["cost"] = cost_text(birth["cost"])
    if "parents" in birth:
        written["parents"] = [parent.hex() for parent in birth["parents"]]
    return orjson.dumps(written)


@given(_BIRTHS)
@settings(deadline=None)
def test_each_value_is_what_was_written(births: list[dict[str, Any]]) -> None:
    found = births_of_json([_json(birth) for birth in births])

    assert found.schema == birth_schema()
    assert found.to_pylist() == [dict.fromkeys(found.schema.names) | birth for birth in births]
    found.validate(full=True)


@given(_BIRTHS, st.data())
@settings(deadline=None)
def test_what_rows_share_is_filled_in(births: list[dict[str, Any]], data: st.DataObject) -> None:
    known = data.draw(st.permutations([True] * len(births) + [False] * 3))
    shared = {"origin": "synthetic", "kind": "answer", "source_type": "x", "license": None, "evidence": "observed"}

    found = with_shared(births_of_json([_json(birth) for birth in births]), 11, np.array(known), shared)

    rows = [number for number, is_known in enumerate(known, 11) if is_known]
    expected = []
    for row, birth in zip(rows, births, strict=True):
        # Where a birth states its own origin, that of the others says nothing of its kind.
        filled = {name: shared[name] for name in shared if "origin" not in birth or name not in ("kind", "source_type")}
        expected.append(dict.fromkeys(found.schema.names) | filled | {"activity": 0} | birth | {"row": row})
    assert found.to_pylist() == expected
