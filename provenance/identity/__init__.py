"""Sample identity: from the bytes of a dataset to the ids of its samples.

Each name is imported when it is first used, since most of this package is not needed by those who only look at ids.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.identity.canonical import CANONICAL_FORM, ContentError
    from provenance.identity.field_names import RESERVED_COLUMNS
    from provenance.identity.fields import Settled
    from provenance.identity.file_ids import FileIds
    from provenance.identity.names import KNOWN_SUFFIXES, SIDECAR_SUFFIX, is_dataset, sidecar_path
    from provenance.identity.reading import file_id, read_row, read_rows, row_id
    from provenance.identity.rewriting import strip_reserved, write_rows
    from provenance.identity.samples import Identity, SampleBatch, sample_id
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
    "CANONICAL_FORM": "canonical",
    "KNOWN_SUFFIXES": "names",
    "RESERVED_COLUMNS": "field_names",
    "SIDECAR_SUFFIX": "names",
    "ContentError": "canonical",
    "FileIds": "file_ids",
    "Identity": "samples",
    "SampleBatch": "samples",
    "Scan": "scanning",
    "Settled": "fields",
    "file_id": "reading",
    "is_dataset": "names",
    "read_row": "reading",
    "read_rows": "reading",
    "row_id": "reading",
    "sample_id": "samples",
    "scan": "scanning",
    "sidecar_path": "names",
    "strip_reserved": "rewriting",
    "write_rows": "rewriting",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
