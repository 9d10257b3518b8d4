"""A sidecar takes its place whole or not at all, be it a file or a folder of parts, whatever was there before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provenance.file_sets import sync_folder
from provenance.files import copy_of, exchange, one_at_a_time, scratch_folder, sync_directory, whole_file
from provenance.lineage.generations import as_generation
from provenance.lineage.manifest import MANIFEST, read_manifest, require_no_strangers
from provenance.lineage.parts import remove_strays
from provenance.stored import FolderElsewhere


@contextmanager
def whole_sidecar(path: Path, parts: int) -> Iterator[Path]:
    """Yield a path at which to write a sidecar of ``parts``; on success it takes the place of what is at ``path``."""
    if parts == 1 and not path.is_dir():
        with whole_file(path) as temporary:
            yield temporary
        return
    if path.is_dir():
        require_no_strangers(path)
    with scratch_folder(path.parent, f".{path.name}") as scratch:
        new = scratch / path.name
        yield new
        # What one writer keeps of the old sidecar, or has just moved there, another one would remove.
        with one_at_a_time(path.parent):
            if new.is_dir() and path.is_dir():
                as_generation(new, path, scratch)
            put(new, path)


def put_back(before: Path, path: Path) -> None:
    """Let a copy of ``before``, a whole sidecar that may be in a cache, take the place of what is at ``path``."""
    files = before.files if isinstance(before, FolderElsewhere) else None
    with scratch_folder(path.parent, f".{path.name}") as scratch, one_at_a_time(path.parent):
        new = scratch / path.name
        if files is None:
            copy_of(before, new)
        else:
            new.mkdir()
            for name, file in files.items():
                copy_of(file, new / name)
        sync_folder(new)
        put(new, path)


def remove_unnamed(path: Path) -> None:
    """Remove what a writer that was killed has left within the sidecar at ``path``, if it is a folder.

    Raises:
        SidecarError: it has no manifest that can be read.
    """
    if path.is_dir():
        with one_at_a_time(path.parent):
            remove_strays(path, read_manifest(path)[1])


def put(new: Path, target: Path) -> None:
    """Let ``new``, a whole sidecar in a folder of the same disk, take the place of what is at ``target``."""
    if new.is_dir() and target.is_dir():
        _move_into(new, target)
    elif os.path.lexists(target):
        exchange(new, target)
    else:
        os.replace(new, target)
    sync_directory(target.parent)


def _move_into(new: Path, target: Path) -> None:
    """The parts first: nobody reads them before the manifest, which is the last, names them."""
    for part in new.iterdir():
        if part.name != MANIFEST:
            os.replace(part, target / part.name)
    sync_directory(target)
    os.replace(new / MANIFEST, target / MANIFEST)
    sync_directory(target)
    remove_strays(target, read_manifest(target)[1])
