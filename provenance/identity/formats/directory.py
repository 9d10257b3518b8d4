"""Directory datasets: which files of a directory hold its samples, and in which order.

The rules are those of docs/formats.md, "Directories".
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Sequence
from pathlib import Path

from provenance.errors import DataError
from provenance.identity.canonical import shown
from provenance.identity.formats.hugging_face import is_saved_dataset, open_saved_dataset
from provenance.identity.formats.interface import Reader
from provenance.identity.formats.shards import ShardsReader
from provenance.identity.formats.whole_files import FILE_METADATA, WholeFilesReader
from provenance.identity.names import format_name
from provenance.identity.samples import Identity
from provenance.stored import FolderElsewhere

# Hidden files, and what describes a dataset: people's words, and the metadata that tools leave beside the data.
_DESCRIPTION = re.compile(
    r"\..*|(readme|license|licence|notice|citation|changelog)(\..*)?|dataset_infos?\.json|state\.json", re.IGNORECASE
)
_MARKER = re.compile(r"_.*")
# Beside each archive, by its name, img2dataset writes a table of what it fetched and counts of what went wrong.
_BESIDE_ARCHIVE = re.compile(r"(?P<archive>.*)(\.parquet|_stats\.json)")
_MOST_GROUPS = 1024


def open_directory(path: Path, identity: Identity, only: Sequence[str] | None = None) -> Reader:
    """The reader of the directory at ``path``; ``only``: of these of its samples' files, by their paths in it.

    Raises:
        DataError: it holds no samples, files of several kinds, or a link to a directory.
    """
    if only is not None:
        # All are of one kind, as whoever listed them has seen.
        of_kind = WholeFilesReader if any(format_name(name) is None for name in only) else ShardsReader
        return of_kind(path, identity, only)
    if is_saved_dataset(path):
        return open_saved_dataset(path, identity)
    names = [name for name in _files(path) if not any(map(_DESCRIPTION.fullmatch, name.split("/")))]
    data = [name for name in names if not any(map(_MARKER.fullmatch, name.split("/")))]
    everything = frozenset(data)
    data = [name for name in data if not _is_beside_archive(name, everything)]
    formats = {format_name(name): name for name in reversed(data)}
    if set(formats) - {None} and None not in formats:
        if len(formats) > 1:
            one, other = sorted(formats.values())[:2]
            problem = f"holds rows in two formats, as {shown(one)} and {shown(other)}; keep one format in a directory"
            raise DataError(path, None, problem)
        return ShardsReader(path, identity, data)
    samples = [name for name in names if not FILE_METADATA.fullmatch(name.rpartition("/")[2])]
    rows = next((name for name in samples if format_name(name) is not None), None)
    if rows is not None:
        other = next(name for name in samples if format_name(name) is None)
        problem = f"holds both rows, as in {shown(rows)}, and other files, as {shown(other)}; keep them apart"
        raise DataError(path, None, problem)
    if not samples:
        raise DataError(path, None, "holds no samples")
    return WholeFilesReader(path, identity, samples)


def _is_beside_archive(name: str, names: Container[str]) -> bool:
    match = _BESIDE_ARCHIVE.fullmatch(name)
    return match is not None and f"{match['archive']}.tar" in names


def _files(path: Path) -> list[str]:
    """Every file under ``path``, by its path in it, with forward slashes, sorted; a link to a file is a file."""
    if isinstance(path, FolderElsewhere):
        return sorted(path.files)
    names: list[str] = []

    def refuse(error: OSError) -> None:
        raise DataError(path, None, f"cannot be read: {error.strerror}")

    for folder, folders, files in os.walk(path, onerror=refuse):
        if link := next((name for name in sorted(folders) if os.path.islink(os.path.join(folder, name))), None):
            raise DataError(os.path.join(folder, link), None, "a link to a directory; put the directory itself here")
        inside = os.path.relpath(folder, path).replace(os.sep, "/")
        for name in files:
            _require_ordinary(Path(folder, name))
            names.append(name if inside == "." else f"{inside}/{name}")
    return sorted(names)


def _require_ordinary(file: Path) -> None:
    """Refuse what is no file to read, of which some would be waited for without end, and names that are not text."""
    try:
        os.fspath(file).encode("utf-8")
    except UnicodeEncodeError:
        raise DataError(repr(os.fspath(file)), None, "the name is not valid UTF-8; rename the file") from None
    if not file.is_file():
        raise DataError(file, None, "not a file: a pipe, a device or a link that leads nowhere")


def groups_of_files(reader: Reader) -> list[tuple[str, ...] | None]:
    """The files with the samples of a dataset, in order, in not too many groups; None in place of a mere file."""
    names = files_of(reader)
    if not names:
        return [None]
    size = -(-len(names) // _MOST_GROUPS)
    return [tuple(names[first : first + size]) for first in range(0, len(names), size)]


def files_of(reader: Reader) -> Sequence[str] | None:
    """The files with the samples of a directory, in order; None where ``reader`` is not that of one."""
    return reader.names if isinstance(reader, ShardsReader | WholeFilesReader) else None
