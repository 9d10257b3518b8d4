"""Columns of births in a batch's line give what each birth alone gives."""

from __future__ import annotations

from typing import Any

import orjson

from provenance.capture.birth_columns import births_of_json
from provenance.capture.recording.batch_births import Column, births_of_columns, coded, of_ids
from provenance.capture.recurring import placed

_ONE, _TWO = "0" * 31 + "1", "f" * 32


def read(*batches: tuple[dict[str, Column], int]) -> list[dict[str, Any]]:
    parsed = [(orjson.loads(orjson.dumps(columns)), count) for columns, count in batches]
    found: list[dict[str, Any]] = births_of_columns(parsed).to_pylist()
    return found


def as_each(*births: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = births_of_json([orjson.dumps(birth) for birth in births]).to_pylist()
    return found


def test_each_form_of_a_column_is_read() -> None:
    columns = {
        "seed": [7, None, -1],
        "cost": coded((0.5, 0.25, 0.5), str),
        "parents": of_ids(_ONE + _TWO + _TWO, (2, 0, 1)),
        "parent_roles": [["a", "b"], None, None],
        "prompt": {"of": [None, _ONE], "at": [1, 0, 1]},
    }
    assert read((columns, 3)) == as_each(
        {"seed": 7, "cost": "0.5", "parents": [_ONE, _TWO], "parent_roles": ["a", "b"], "prompt": _ONE},
        {"seed": None, "cost": "0.25"},
        {"seed": -1, "cost": "0.5", "parents": [_TWO], "prompt": _ONE},
    )


def test_batches_with_other_columns_are_joined() -> None:
    assert read(({"seed": [1]}, 1), ({}, 2), ({"parents": of_ids("", (0, 0))}, 2)) == as_each({"seed": 1}, *[{}] * 4)


def test_values_that_recur_have_one_place() -> None:
    values = ["b", "a", "b", "c", "a"]
    different, places = placed(values)
    assert different == ["b", "a", "c"]
    assert [different[place] for place in places] == values
