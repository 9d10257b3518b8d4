"""Arrow arrays with some values taken out."""

from __future__ import annotations

import pyarrow as pa
import pytest

from provenance.identity.arrow_values import null_where


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.binary(4), pa.list_(pa.string())])
@pytest.mark.parametrize("where", [[True, False], [False, True], [True, True], [False, False], [None, True]])
@pytest.mark.parametrize("start", [0, 1, 2])
def test_nulls_take_the_place_of_values_of_a_slice_too(kind: pa.DataType, where: list[bool | None], start: int) -> None:
    values = ["aaaa", "bbbb", "cccc", None]
    array = pa.array([[each] for each in values] if pa.types.is_list(kind) else values, kind)
    part = array.slice(start, 2)
    made = null_where(pa.array(where, pa.bool_()), part)
    made.validate(full=True)
    kept = zip(where, part.to_pylist(), strict=True)
    assert made.to_pylist() == [value if is_null is False else None for is_null, value in kept]
    chunked = null_where(pa.array(where, pa.bool_()), pa.chunked_array([part.slice(0, 1), part.slice(1)]))
    assert chunked.to_pylist() == made.to_pylist()
