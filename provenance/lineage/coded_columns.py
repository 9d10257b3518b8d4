"""Columns of Arrow as numbers, 0 where there is no value; without `pyarrow.compute`, which takes long to load."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.int64]


class CodedColumn:
    """Some values of a column that is read piece by piece: texts as dictionaries, or numbers from 0."""

    def __init__(self) -> None:
        self._pieces: list[Codes] = []
        self._places: dict[str, int] = {}
        self._texts: list[str] = []

    @property
    def codes(self) -> Codes:
        return np.concatenate([np.empty(0, np.int64), *self._pieces])

    def value(self, code: int) -> str | int | None:
        """What a code stands for."""
        if not code:
            return None
        return self._texts[code - 1] if self._texts else code - 1

    def add_nulls(self, number: int) -> None:
        self._pieces.append(np.zeros(number, np.int64))

    def add(self, column: pa.ChunkedArray, places: npt.NDArray[np.int64]) -> None:
        """Add the values at ``places`` of the column."""
        array = column.unify_dictionaries().combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            # What has no chunk.
            return
        if not isinstance(array, pa.DictionaryArray):
            self._pieces.append(numbers_from_one(array)[places])
            return
        known = [self._place(text) for text in array.dictionary.to_pylist()]
        self._pieces.append(np.array([0, *known])[numbers_from_one(array.indices)[places]])

    def _place(self, text: str) -> int:
        place = self._places.setdefault(text, len(self._places) + 1)
        if place > len(self._texts):
            self._texts.append(text)
        return place


def numbers_from_one(array: pa.Array) -> Codes:
    """Integers from 0, each one more than it is; 0 for null."""
    validity, values = array.buffers()
    part = slice(array.offset, array.offset + len(array))
    numbers = np.frombuffer(values, array.type.to_pandas_dtype())[part].astype(np.int64) + 1
    if array.null_count:
        numbers *= np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")[part]
    return numbers
