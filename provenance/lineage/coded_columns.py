"""Columns of Arrow as numbers, 0 where there is no value; without `pyarrow.compute`, which takes long to load."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.int64]


class CodedColumn:
    """The values at ``places`` of a ``column``, a dictionary of texts or numbers from 0; None: each is null."""

    def __init__(self, column: pa.ChunkedArray | None, places: npt.NDArray[np.int64]) -> None:
        self._texts: list[str] | None = None
        if column is None:
            self.codes: Codes = np.zeros(len(places), np.int64)
            return
        array = column.unify_dictionaries().combine_chunks()
        if not isinstance(array, pa.DictionaryArray):
            self.codes = numbers_from_one(array, places)
            return
        texts = array.dictionary.to_pylist()
        # A text may stand in a dictionary twice.
        self._texts = list(dict.fromkeys(texts))
        code_of = {text: number for number, text in enumerate(self._texts, 1)}
        codes = np.array([0, *(code_of[text] for text in texts)], np.int64)
        self.codes = codes[numbers_from_one(array.indices, places)]

    def value(self, code: int) -> str | int | None:
        """What a code stands for."""
        if not code:
            return None
        return code - 1 if self._texts is None else self._texts[code - 1]


def numbers_from_one(array: pa.Array, places: npt.NDArray[np.int64] | None = None) -> Codes:
    """Integers from 0, each one more than it is; 0 for null. ``places``: of which, None: of all."""
    validity, values = array.buffers()
    part = slice(array.offset, array.offset + len(array))
    numbers = np.frombuffer(values, array.type.to_pandas_dtype())[part]
    numbers = (numbers if places is None else numbers[places]).astype(np.int64)
    numbers += 1
    if array.null_count:
        valid = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little")[part]
        numbers *= valid if places is None else valid[places]
    return numbers
