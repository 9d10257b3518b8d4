"""Sample identity: from the bytes of a dataset to the ids of its samples.

What needs pyarrow is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from provenance.identity.canonical import CANONICAL_FORM, ContentError
from provenance.identity.fields import RESERVED_COLUMNS, WELL_KNOWN_FIELDS
from provenance.identity.formats import is_dataset
from provenance.identity.samples import Identity, SampleBatch, sample_id

if TYPE_CHECKING:
    from provenance.identity.reading import read_row, read_rows
    from provenance.identity.scanning import Scan, scan
    from provenance.identity.stripping import strip_reserved

__all__ = [
    "CANONICAL_FORM",
    "RESERVED_COLUMNS",
    "WELL_KNOWN_FIELDS",
    "ContentError",
    "Identity",
    "SampleBatch",
    "Scan",
    "is_dataset",
    "read_row",
    "read_rows",
    "sample_id",
    "scan",
    "strip_reserved",
]

_LAZY = {
    "Scan": "scanning",
    "read_row": "reading",
    "read_rows": "reading",
    "scan": "scanning",
    "strip_reserved": "stripping",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
