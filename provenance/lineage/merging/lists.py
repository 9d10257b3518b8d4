"""Columns of lists, as the length of each list and all their values."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.lineage.merging.numbering import Numbers


def lengths_of(column: pa.ListArray) -> Numbers:
    """The length of each list; of null, 0."""
    lengths: Numbers = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths


def null_as_empty(column: pa.ListArray, kind: pa.ListType) -> pa.ListArray:
    """The column with empty lists for nulls, as of type ``kind``."""
    offsets = np.zeros(len(column) + 1, np.int32)
    np.cumsum(lengths_of(column), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), column.flatten().cast(kind.value_type))


def empty_lists(count: int, kind: pa.ListType) -> pa.ListArray:
    """``count`` empty lists."""
    return pa.ListArray.from_arrays(pa.array(np.zeros(count + 1, np.int32)), pa.array([], kind.value_type))
