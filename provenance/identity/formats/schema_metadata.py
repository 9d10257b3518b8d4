"""What other tools keep in an Arrow schema's metadata."""

from __future__ import annotations

import json
from collections.abc import Collection


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
