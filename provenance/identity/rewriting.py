"""Rewriting a dataset: without its reserved columns, or without some of its rows; all else stays as it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from provenance.errors import DataError
from provenance.identity.field_names import RESERVED_COLUMNS
from provenance.identity.formats import open_file, open_reader
from provenance.identity.formats.interface import one_line
from provenance.identity.samples import Identity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def strip_reserved(path: str | os.PathLike[str]) -> bool:
    """Rewrite the dataset at ``path`` without the reserved columns; False, and nothing written, where it has none.

    Raises:
        DataError: the dataset cannot be read; it is left as it was.
    """
    return open_reader(path, Identity()).strip(RESERVED_COLUMNS)


def write_rows(path: str | os.PathLike[str], kept: npt.NDArray[np.bool_], target: Path) -> None:
    """Write to the file ``target``, in the same format, those rows of the file ``path`` for which ``kept`` is true.

    ``kept`` has a value for each row, in order; it may be memory-mapped.

    Raises:
        DataError: the file cannot be read, or rows cannot be taken out of its format.
    """
    try:
        open_file(path, Identity()).write_rows(kept, target)
    except pa.ArrowNotImplementedError as error:
        problem = f"rows cannot be taken out of columns of its types ({one_line(error)})"
        raise DataError(path, None, f"{problem}; write the dataset again as Parquet or JSON Lines") from None
