"""Row places: which row of which file holds a sample, four bytes a row, kept where what can be made again is kept.

Ids are computed when a dataset is read as a whole; their first four bytes, row after row, are kept then under the hash
of the data and of how its ids were made. They lead from a sample to its rows without the data; where several known ids
begin alike, the rows are read. Beside them is where in its file a reader can begin, so a row is read without those
before it.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.cached import read_cached, write_cached
from provenance.file_digests import stamp_of, xxh3_of
from provenance.files import Cleaned
from provenance.identity.canonical import CANONICAL_FORM
from provenance.identity.names import format_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from provenance.identity.samples import Identity, SampleBatch
    from provenance.identity.scanning import Scan

HEAD_BYTES = 4
_HEAD = "<u4"
_VERSION = 1
_FOLDER = "rows"
_HEADS, _ABOUT = ".heads", ".json"
_ROWS_AT_ONCE = 1 << 18
# A table of the first bits fits a processor's cache, and leaves few rows to look at more closely.
_ROUGH_BITS = 20


@dataclass(frozen=True)
class RowPlaces:
    """Of a dataset's rows, in their order: ``heads`` (uint32, mapped), the first four bytes of their samples' ids.

    ``files``: see `Scan.files`. ``marks``: see `Scan.marks`.
    """

    heads: NDArray[np.uint32]
    files: list[tuple[int, str]]
    marks: list[tuple[int, int]]

    def rows_with(self, heads: NDArray[np.uint32], after: int = 0) -> Iterator[NDArray[np.int64]]:
        """The rows behind row ``after`` that have one of ``heads`` (in order), in order and some at a time."""
        import numpy as np

        rough = np.zeros(1 << _ROUGH_BITS, bool)
        rough[heads >> (8 * HEAD_BYTES - _ROUGH_BITS)] = True
        for start in range(after, len(self.heads) if len(heads) else 0, _ROWS_AT_ONCE):
            some = self.heads[start : start + _ROWS_AT_ONCE]
            may = np.flatnonzero(rough[some >> (8 * HEAD_BYTES - _ROUGH_BITS)])
            there = np.searchsorted(heads, some[may])
            there[there == len(heads)] = 0
            found: NDArray[np.int64] = may[heads[there] == some[may]] + (start + 1)
            if len(found):
                yield found

    def place(self, row: int) -> tuple[str | None, int]:
        """The file of the directory that row ``row`` is in (None: the dataset is a file), and its number in it."""
        found = self._before(self._first_of_files, row)
        if found < 0:
            return None, row
        first, name = self.files[found]
        return name, row - first + 1

    def row(self, inside: str, row: int) -> int | None:
        """The number in the dataset of row ``row`` of its file ``inside`` (empty: of the file that it is); or None."""
        if row < 1:
            return None
        if not inside and not self.files:
            return row if row <= len(self.heads) else None
        for number, (first, name) in enumerate(self.files):
            if name == inside:
                end = self.files[number + 1][0] if number + 1 < len(self.files) else len(self.heads) + 1
                return first + row - 1 if first + row - 1 < end else None
        return None

    def start(self, row: int) -> tuple[int, int] | None:
        """The last of ``marks`` that is not behind row ``row``, and in its file; None: begin with the file."""
        found = self._before(self._first_of_marks, row)
        if found < 0:
            return None
        file = self._before(self._first_of_files, row)
        first_of_file = self.files[file][0] if file >= 0 else 1
        return self.marks[found] if self.marks[found][0] >= first_of_file else None

    @cached_property
    def _first_of_files(self) -> list[int]:
        return [first for first, _ in self.files]

    @cached_property
    def _first_of_marks(self) -> list[int]:
        return [first for first, _ in self.marks]

    @staticmethod
    def _before(firsts: list[int], row: int) -> int:
        return bisect_right(firsts, row) - 1


class NotedRows:
    """The batches of a scan as they are, whose row places are noted on the way, in a file of ``workspace``."""

    def __init__(self, scanned: Scan, workspace: Path) -> None:
        self._scanned = scanned
        self._file = workspace / f"noted{_HEADS}"
        self._is_whole = False

    def __iter__(self) -> Iterator[SampleBatch]:
        with open(self._file, "wb") as heads:
            for batch in self._scanned:
                heads.write(_heads_of(batch).data)
                yield batch
        self._is_whole = True

    def keep(self, temporary: Path, md5: str, identity: Identity, name: str) -> None:
        """Keep what was noted of the data, all of which was read and whose hash is ``md5``, for `find_places`.

        ``identity``: as the dataset's sidecar states it. ``name``: of the dataset's file.
        """
        scanned = self._scanned
        # What was read is not what is there, where columns were taken out; and of files that are samples, ids are kept.
        if not self._is_whole or scanned.reserved or scanned.samples_are_files:
            return
        about = {"files": scanned.files, "marks": scanned.marks, "rows": scanned.rows}
        keep_file(self._file, kept_path(temporary, md5, identity, name, _HEADS), about)


def write_places(scanned: Scan, temporary: Path, md5: str, identity: Identity, name: str) -> None:
    """Read all that is ``scanned`` to keep its row places; the rest as in `NotedRows.keep`."""
    from provenance.files import scratch_folder

    with scratch_folder(temporary, _FOLDER) as workspace:
        noted = NotedRows(scanned, workspace)
        for _ in noted:
            pass
        noted.keep(temporary, md5, identity, name)


def find_places(temporary: Path, md5: str, identity: Identity, name: str) -> RowPlaces | None:
    """What is kept of the data whose hash is ``md5``; None where that is nothing, or damaged."""
    import numpy as np

    heads = kept_path(temporary, md5, identity, name, _HEADS)
    about = about_kept(heads)
    if about is None:
        return None
    read = np.memmap(heads, _HEAD, mode="r").view(np.ndarray) if about["rows"] else np.empty(0, _HEAD)
    files = [(int(first), str(file)) for first, file in about["files"]]
    return RowPlaces(read, files, [(int(first), int(mark)) for first, mark in about["marks"]])


def clean_places(temporary: Path, keep: Iterable[tuple[str, Identity, str]]) -> Cleaned:
    """Remove what is kept of other data than ``keep``: hashes, identities and names as in `find_places`."""
    kept = {kept_path(temporary, md5, identity, name, "").name for md5, identity, name in keep}
    removed = Cleaned()
    folder = temporary / _FOLDER
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if file.is_file() and file.name.partition(".")[0] not in kept:
            size = file.stat().st_size
            file.unlink(missing_ok=True)
            removed += Cleaned(1, size)
    return removed


def _heads_of(batch: SampleBatch) -> Any:
    import numpy as np

    from provenance.identity.id_arrays import bytes_of_ids

    ids = bytes_of_ids(batch.sample_ids)
    return np.ascontiguousarray(ids[:, :HEAD_BYTES]).view(">u4").astype(_HEAD)


def kept_path(temporary: Path, md5: str, identity: Identity, name: str, suffix: str) -> Path:
    """The file in which something is kept of data and of its ids; the arguments are as in `find_places`."""
    from xxhash import xxh3_64_hexdigest

    settled = None if identity.settled is None else {k: _plain(v) for k, v in asdict(identity.settled).items()}
    how = [identity.digest, CANONICAL_FORM, identity.fields, settled, sorted(identity.column_types.items())]
    made = xxh3_64_hexdigest(json.dumps([*how, format_name(name)]).encode())
    return temporary / _FOLDER / f"{md5.replace('.', '-')}-{made}{suffix}"


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def keep_file(made: Path, kept: Path, about: dict[str, Any]) -> None:
    """Put the file ``made``, of the same disk, where it is ``kept``, with what is said ``about`` it."""
    # Where it cannot be written, nothing is kept.
    with suppress(OSError):
        said = about | {"digest": xxh3_of(made)}
        kept.parent.mkdir(parents=True, exist_ok=True)
        os.replace(made, kept)
        write_cached(_beside(kept), _VERSION, said | {"stamp": stamp_of(kept)})


def about_kept(kept: Path) -> dict[str, Any] | None:
    """What is said about a file that is ``kept``; None where the file is missing, or not as it was written."""
    about: dict[str, Any] | None = read_cached(_beside(kept), _VERSION)
    try:
        stamp = stamp_of(kept)
        if about is None or stamp == about["stamp"]:
            return about
        if xxh3_of(kept) != about["digest"]:
            return None
    except OSError:
        return None
    write_cached(_beside(kept), _VERSION, about | {"stamp": stamp})
    return about


def _beside(kept: Path) -> Path:
    return kept.with_name(kept.name + _ABOUT)
