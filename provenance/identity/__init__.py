"""Sample identity: from the bytes of a dataset to the ids of its samples.

What needs pyarrow is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from provenance.identity.canonical import CANONICAL_FORM, ContentError
from provenance.identity.field_names import RESERVED_COLUMNS
from provenance.identity.fields import Settled
from provenance.identity.names import KNOWN_SUFFIXES, SIDECAR_SUFFIX, is_dataset, sidecar_path
from provenance.identity.samples import Identity, SampleBatch, sample_id

if TYPE_CHECKING:
    from provenance.identity.file_ids import FileIds
    from provenance.identity.reading import file_id, read_row, read_rows, row_id
    from provenance.identity.rewriting import strip_reserved, write_rows
    from provenance.identity.scanning import Scan, scan

__all__ = [
    "CANONICAL_FORM",
    "KNOWN_SUFFIXES",
    "RESERVED_COLUMNS",
    "SIDECAR_SUFFIX",
    "ContentError",
    "FileIds",
    "Identity",
    "SampleBatch",
    "Scan",
    "Settled",
    "file_id",
    "is_dataset",
    "read_row",
    "read_rows",
    "row_id",
    "sample_id",
    "scan",
    "sidecar_path",
    "strip_reserved",
    "write_rows",
]

_LAZY = {
    "FileIds": "file_ids",
    "Scan": "scanning",
    "file_id": "reading",
    "read_row": "reading",
    "read_rows": "reading",
    "row_id": "reading",
    "scan": "scanning",
    "strip_reserved": "rewriting",
    "write_rows": "rewriting",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
