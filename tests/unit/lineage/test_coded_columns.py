"""Columns as numbers are what Arrow's own values are, at the places that are asked for."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from provenance.lineage.coded_columns import CodedColumn, numbers_from_one


def values(column: pa.ChunkedArray | None, places: list[int]) -> list[object]:
    coded = CodedColumn(column, np.array(places, np.int64))
    return [coded.value(int(code)) for code in coded.codes]


def test_texts_of_several_dictionaries_in_which_one_stands_twice() -> None:
    twice = pa.DictionaryArray.from_arrays(pa.array([0, None, 1, 2]), pa.array(["a", "b", "a"]))
    other = pa.DictionaryArray.from_arrays(pa.array([1, 0]), pa.array(["b", "c"]))

    for column in (pa.chunked_array([twice]), pa.chunked_array([twice, other])):
        places = list(range(0, len(column), 2))
        assert values(column, places) == [column.to_pylist()[place] for place in places]
        codes = CodedColumn(column, np.arange(4)).codes
        assert codes[0] == codes[3] != codes[2]
        assert codes[1] == 0


@pytest.mark.parametrize("nulls", [True, False])
def test_numbers_of_a_slice(nulls: bool) -> None:
    numbers = [None if nulls and n % 3 == 0 else n for n in range(40)]
    part = pa.array(numbers, pa.int32()).slice(5, 30)

    assert numbers_from_one(part).tolist() == [0 if n is None else n + 1 for n in numbers[5:35]]
    assert values(pa.chunked_array([part]), [0, 1, 29]) == [numbers[5], numbers[6], numbers[34]]


def test_no_column_is_nulls() -> None:
    assert values(None, [3, 9]) == [None, None]
