from __future__ import annotations

from typing import Any

import pytest

from provenance.capture.column_values import column_value
from provenance.capture.declaring.importers.columns import Columns
from provenance.errors import ProvenanceError


def test_a_column_is_a_member_or_a_path_into_members() -> None:
    row: dict[str, Any] = {"a": {"b": {"c": 1}}, "a.b": 2}
    assert column_value(row, "a.b") == 2
    assert column_value(row, "a.b.c") == 1
    assert column_value(row, "a.x.c") is None
    assert column_value(row, "a.b.c.d") is None


def test_a_value_with_columns_is_stated_only_where_the_row_has_them() -> None:
    columns = Columns({}, {"response_id": "{id}-{turn}", "license": "MIT", "top_p": "0.9"})
    assert columns.state({"id": "r", "turn": 2}) == {
        "response_id": "r-2",
        "license": "MIT",
        "gen_ai.request.top_p": 0.9,
    }
    assert columns.state({"id": "r", "turn": None})["response_id"] is None


def test_a_prompt_is_its_template_and_what_it_renders_to() -> None:
    columns = Columns({}, {"prompt": "Ask: {q} {{x}}"})
    assert columns.state({"q": "why"}) == {"template": "Ask: {q} {{x}}", "prompt": "Ask: why {x}"}
    assert Columns({}, {"template": "{ anything"}).state({}) == {"template": "{ anything"}


def test_a_column_that_no_row_has_is_an_error_that_lists_the_columns() -> None:
    columns = Columns({"model": "modle"}, {})
    columns.state({"model": "m", "text": "t"})
    with pytest.raises(ProvenanceError, match="data: no column 'modle'; its columns are model, text"):
        columns.check("data", 1)
    columns.check("data", 0)


def test_a_column_that_is_null_throughout_is_a_column() -> None:
    columns = Columns({"model": "m"}, {})
    columns.state({"m": None})
    columns.check("data", 1)


@pytest.mark.parametrize(
    ("mapping", "values", "problem"),
    [
        ({"colour": "c"}, {}, "'colour' is not a field"),
        ({"model": "c"}, {"model": "m"}, "'model' is given twice"),
        ({"top_p": "c"}, {"gen_ai.request.top_p": "1"}, "given twice"),
        ({}, {"license": "{"}, "is not a variable"),
    ],
)
def test_what_cannot_be_stated_is_refused(mapping: dict[str, str], values: dict[str, str], problem: str) -> None:
    with pytest.raises(ProvenanceError, match=problem):
        Columns(mapping, values)
