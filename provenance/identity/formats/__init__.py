"""Dataset formats, one module each, found by the file's name and imported when first used.

Other packages add formats through entry points of the group ``provenance.formats``: named like the file name's end
without the dot (``avro``), an entry point is a subclass of `FileReader`; see docs/plugins.md.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.entry_points import load
from provenance.errors import DataError
from provenance.identity.names import KNOWN_SUFFIXES, format_name, plugins
from provenance.stored import PathElsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provenance.identity.formats.interface import FileReader, Reader
    from provenance.identity.samples import Identity


def open_reader(path: str | os.PathLike[str], identity: Identity, only: Sequence[str] | None = None) -> Reader:
    """The reader of the dataset at ``path``, a file or a directory; ``only``: of some of the directory's files.

    Raises:
        DataError: nothing is there, a format that is not known, or a directory that is not a dataset.
        ProvenanceError: a format's plug-in cannot be loaded.
    """
    if path.is_dir() if isinstance(path, PathElsewhere) else os.path.isdir(path):
        from provenance.identity.formats.directory import open_directory

        return open_directory(_as_path(path), identity, only)
    return open_file(path, identity)


def open_file(path: str | os.PathLike[str], identity: Identity) -> FileReader:
    """As `open_reader`, for one file."""
    name = format_name(path)
    if name is None:
        raise DataError(path, None, f"not a dataset format that is known; known are {KNOWN_SUFFIXES}")
    if not (isinstance(path, PathElsewhere) or os.path.isfile(path)):
        raise DataError(path, None, "no such file")
    return _opener(name)(_as_path(path), identity)


def _as_path(path: str | os.PathLike[str]) -> Path:
    return path if isinstance(path, Path) else Path(path)


def _opener(name: str) -> Callable[[Path, Identity], FileReader]:
    if not name.startswith("."):
        reader: Callable[[Path, Identity], FileReader] = import_module(f"{__name__}.{name}").READER
        return reader
    from provenance.identity.formats.interface import FileReader as Base

    plugin: type[FileReader] = load(plugins()[name[1:]], Base)
    return plugin
