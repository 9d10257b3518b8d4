"""Dataset formats, one module each, found by the file's name and imported when first used."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import DataError

if TYPE_CHECKING:
    from provenance.identity.formats.interface import Reader
    from provenance.identity.samples import Identity

_MODULES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json_array",
    ".csv": "csv_table",
    ".tsv": "csv_table",
    ".parquet": "parquet",
}


def is_dataset(path: str | os.PathLike[str]) -> bool:
    """Whether the file's name says that it is a dataset in a format that can be read; the file is not opened."""
    return Path(path).suffix.lower() in _MODULES


def open_reader(path: str | os.PathLike[str], identity: Identity) -> Reader:
    """The reader of the dataset at ``path``.

    Raises:
        DataError: no such file, or a format that is not known.
    """
    module = _MODULES.get(Path(path).suffix.lower())
    if module is None:
        raise DataError(path, None, f"not a dataset format that is known; known are {', '.join(_MODULES)}")
    if not os.path.isfile(path):
        raise DataError(path, None, "is a directory, not a file" if os.path.isdir(path) else "no such file")
    reader: Reader = import_module(f"{__name__}.{module}").READER(Path(path), identity)
    return reader
