"""Sample ids of Arrow as numpy sees them, without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa


def bytes_of_ids(ids: pa.FixedSizeBinaryArray) -> npt.NDArray[np.uint8]:
    """``ids``, which has no nulls, as an array of one row for each id and one column for each of its bytes."""
    width = ids.type.byte_width
    first = ids.offset * width
    content = ids.buffers()[1]
    if content is None:
        return np.empty((0, width), np.uint8)
    return np.frombuffer(content, np.uint8)[first : first + len(ids) * width].reshape(-1, width)
