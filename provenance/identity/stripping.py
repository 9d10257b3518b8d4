"""Taking the reserved columns out of a dataset, once what they say has been recorded."""

from __future__ import annotations

import os

from provenance.identity.fields import RESERVED_COLUMNS
from provenance.identity.formats import open_reader
from provenance.identity.samples import Identity


def strip_reserved(path: str | os.PathLike[str]) -> bool:
    """Rewrite the dataset at ``path`` without the reserved columns; False, and nothing written, where it has none.

    Raises:
        DataError: the dataset cannot be read; it is left as it was.
    """
    return open_reader(path, Identity()).strip(RESERVED_COLUMNS)
