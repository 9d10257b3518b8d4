"""Taking rows out of a directory: which of its files change, and what each is to be then.

A file of which all rows go stays, without rows, so that whoever lists the files finds what is there today. Where each
file is a sample, its row is the file, which goes as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.identity.formats import open_reader
from provenance.identity.formats.interface import Rewriting
from provenance.identity.rewriting import write_rows
from provenance.identity.samples import Identity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def changed_files(
    path: Path, files: Sequence[tuple[int, str]], kept: npt.NDArray[np.bool_]
) -> Iterator[tuple[str, Rewriting | None]]:
    """The files that change in the directory at ``path``, by their paths in it, each with what writes it anew.

    None: the file goes. ``kept`` has a value for each row, in order; it may be memory-mapped. ``files``: where each of
    the directory's files begins, see `Scan.files`.

    Raises:
        DataError: rows cannot be taken out of this directory.
    """
    reader = open_reader(path, Identity())
    changed: dict[str, npt.NDArray[np.bool_]] = {}
    for number, (first, name) in enumerate(files):
        last = files[number + 1][0] - 1 if number + 1 < len(files) else len(kept)
        stays = kept[first - 1 : last]
        if not stays.all():
            changed[name] = stays
    # First what may be refused.
    yield from reader.beside(changed).items() if changed else ()
    for name, stays in changed.items():
        yield name, None if reader.samples_are_files else partial(write_rows, path / name, stays)
