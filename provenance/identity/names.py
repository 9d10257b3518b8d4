"""What a file's name says: which format it is in, whether it is a dataset, and where its sidecar lies."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.entry_points import FORMATS, registered

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

SIDECAR_SUFFIX = ".lineage.parquet"

_TEXT_MODULES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json_file",
    ".csv": "csv_table",
    ".tsv": "csv_table",
}
_MODULES = {
    **{suffix + compression: name for suffix, name in _TEXT_MODULES.items() for compression in ("", ".gz", ".zst")},
    ".parquet": "parquet",
    ".arrow": "arrow_ipc",
    ".feather": "arrow_ipc",
    ".tar": "webdataset",
}
KNOWN_SUFFIXES = ".jsonl, .ndjson, .json, .csv, .tsv (also with .gz or .zst), .parquet, .arrow, .feather, .tar"


def is_dataset(path: str | os.PathLike[str]) -> bool:
    """Whether the name says that it is a dataset in a format that can be read; the file is not opened.

    A directory may be a dataset whatever its name. A sidecar is not one.
    """
    return format_name(path) is not None


def format_name(path: str | os.PathLike[str]) -> str | None:
    """The format of the file at ``path``, by its name: our module's, or the end of the name for a plug-in's.

    None: not a dataset.
    """
    name = Path(path).name.lower()
    if name.endswith(SIDECAR_SUFFIX):
        return None
    suffixes = Path(name).suffixes
    for count in (2, 1):
        if module := _MODULES.get("".join(suffixes[-count:])):
            return module
    return suffixes[-1] if suffixes and suffixes[-1][1:] in plugins() else None


def is_read_by_ranges(path: str | os.PathLike[str]) -> bool:
    """Whether a file of this name can be read where it is, on object storage: not what is mapped into memory."""
    name = format_name(path)
    return name == "parquet" or name in _TEXT_MODULES.values()


def is_read_as_it_is(path: str | os.PathLike[str]) -> bool:
    """Whether all bytes of the file at ``path`` are read in their order: JSON Lines that are not compressed."""
    return Path(path).suffix.lower() in (".jsonl", ".ndjson")


def sidecar_path(dataset: str) -> str:
    """The path of the sidecar of the dataset at path ``dataset``."""
    return dataset.rstrip("/") + SIDECAR_SUFFIX


@cache
def plugins() -> dict[str, EntryPoint]:
    """Third parties' formats, by the end of the name without its dot."""
    return {name.lower(): point for name, point in registered(FORMATS).items()}
