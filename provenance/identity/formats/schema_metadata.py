"""Arrow schemas: whether their names can be used, and what other tools keep in their metadata."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import DataError
from provenance.identity.arrow_values import require_distinct
from provenance.identity.canonical import ContentError

if TYPE_CHECKING:
    import pyarrow as pa


def require_usable_names(schema: pa.Schema, path: Path) -> None:
    """Raise DataError where a name, at any depth, is not text, or two columns have one name."""
    try:
        require_distinct(schema.names)
        for kind in schema.types:
            _read_names(kind)
    except ContentError as error:
        raise DataError(path, None, f"columns: {error.problem}") from None
    except UnicodeDecodeError:
        raise DataError(path, None, "the name of a column is not UTF-8: is the file damaged?") from None


def _read_names(kind: pa.DataType) -> None:
    """Raise UnicodeDecodeError where a name within the type is not UTF-8."""
    for inside in ("value_type", "storage_type", "key_type", "item_type"):
        if (part := getattr(kind, inside, None)) is not None:
            _read_names(part)
    if hasattr(kind, "get_field_index"):  # a struct's
        for field in (kind.field(index) for index in range(kind.num_fields)):
            field.name.encode()
            _read_names(field.type)


def metadata_without(metadata: dict[bytes, bytes] | None, names: Collection[str]) -> dict[bytes, bytes] | None:
    """Schema metadata in which pandas and Hugging Face datasets no longer expect the columns ``names``."""
    mended = dict(metadata or {})
    try:
        if b"pandas" in mended:
            pandas = json.loads(mended[b"pandas"])
            pandas["columns"] = [column for column in pandas["columns"] if column.get("name") not in names]
            mended[b"pandas"] = json.dumps(pandas).encode()
        if b"huggingface" in mended:
            features = json.loads(mended[b"huggingface"])
            for name in names:
                features["info"]["features"].pop(name, None)
            mended[b"huggingface"] = json.dumps(features).encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return dict(metadata or {})  # not as these tools write it: theirs to make sense of
    return mended or None
