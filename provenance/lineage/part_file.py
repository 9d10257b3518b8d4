"""Where records of a sidecar are, once it is known what counts."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class PartFile(NamedTuple):
    """A file with all records of the part ``number`` that count, sorted."""

    number: int
    path: Path
    records: int
