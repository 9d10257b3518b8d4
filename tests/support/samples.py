"""Sample ids of datasets, as lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from provenance.identity import Identity, scan


def ids(path: Path, **identity: Any) -> list[str]:
    """The ids, in hex, of the dataset's rows; ``identity``: fields of `Identity`."""
    return [found.as_py().hex() for batch in scan(path, Identity(**identity)) for found in batch.sample_ids]
