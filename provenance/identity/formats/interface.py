"""What a dataset format must offer: one `FileReader` class, which cuts a file into blocks of rows.

A module of a format names its class, or a function that chooses one, ``READER`` and is registered in `formats`; other
packages register theirs as entry points. Rows of a dataset are numbered from 1;
inside a block they are counted from 0, since a block does not know how many rows came before it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import DataError, ProvenanceError
from provenance.files import whole_file
from provenance.identity.samples import id_of_row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from provenance.identity.samples import Identity

# Writes what a file is to be to another one.
Rewriting = Callable[[Path], None]

BLOCK_BYTES = 2 << 20
LONGEST_ROW = 256 << 20


class RowError(ProvenanceError):
    """Row ``offset`` (from 0, in its block) cannot be read. Becomes a DataError where the block's place is known."""

    def __init__(self, offset: int, problem: str) -> None:
        self.offset = offset
        self.problem = problem
        super().__init__(problem)


def one_line(error: Exception) -> str:
    """What a library says of bad data, fit to be a part of a one-line message."""
    return "".join(character if character.isprintable() else " " for character in str(error))[:200]


def columns_without(path: Path, columns: Iterable[str], names: Collection[str]) -> list[str]:
    """Those of the ``columns`` of the file at ``path`` that are not called one of ``names``.

    Raises:
        DataError: there are none, and without a column a file of columns holds no rows.
    """
    left = [column for column in columns if column not in names]
    if not left:
        raise DataError(path, None, f"has no column beside {' and '.join(columns)}; a row needs content of its own")
    return left


class Block(ABC):
    """Consecutive rows: cheap to make and to hold, decoded on demand in a worker thread.

    ``starts``: which files of a directory dataset begin in this block, as (row, from 0; path inside the directory).
    ``mark``: where in its file the block begins, in the reader's own terms, see `Reader.start`; None: a reader cannot
    begin there.
    """

    starts: Sequence[tuple[int, str]] = ()
    mark: int | None = None

    def identified(self) -> tuple[pa.FixedSizeBinaryArray, pa.UInt64Array] | None:
        """The rows' ids and sizes in bytes, where these are not those of their canonical form; raises RowError."""
        return None

    def json_lines(self) -> bytes | None:
        """The rows as JSON Lines, where they are that; nothing is known of the lines yet."""
        return None

    def unchecked_columns(self) -> pa.Table | None:
        """The rows as columns that may be damaged, where the file has columns; not to be read before a check."""
        return None

    def picked(self, offsets: Sequence[int]) -> tuple[int, Block] | None:
        """How many rows the block has, and a block of those at ``offsets`` (ascending; further ones are left out).

        None: the format has no way but to read them all.
        """
        return None

    @abstractmethod
    def columns(self, exact: Callable[[str], bool]) -> pa.Table | None:
        """The rows as columns, or None where Arrow would not hold every row as `rows` reads it.

        Only the columns for which ``exact`` is true will be used for their values; the others may be left out.
        """

    @abstractmethod
    def rows(self) -> Iterator[dict[str, object]]:
        """The rows as Python values.

        Raises:
            RowError: a row cannot be read; those before it have been yielded.
        """


class Reader(ABC):
    """A dataset in one format: a file, or a directory.

    ``samples_are_files``: each sample is a file, whose id is the digest of its bytes. ``has_types``: values have types;
    else each is text, unless a type of its column is declared. ``watch``: is told how many bytes were read for
    blocks, each time, of a file that `is_read_as_it_is`. ``start``: the mark of a block that is to be the first (None:
    of all).
    """

    watch: Callable[[int], None] | None = None
    start: int | None = None
    samples_are_files = False
    has_types = True

    def __init__(self, path: Path, identity: Identity) -> None:
        self.path = path
        self.identity = identity

    def column_names(self) -> tuple[str, ...] | None:
        """The names of all columns, where the format states them up front, else None."""
        return None

    @abstractmethod
    def blocks(self, columns: Collection[str] | None = None) -> Iterator[Block]:
        """The file's rows in order; where the format can, only the columns called ``columns``.

        Raises:
            RowError: the file cannot be read on; the offset counts from the end of the last block.
            DataError: the file as a whole cannot be read.
        """

    def numbered_rows(self) -> Iterator[tuple[int, dict[str, object]]]:
        """All rows, each with its number (from 1); raises DataError where the dataset cannot be read (on)."""
        before = 0
        try:
            for block in self.blocks():
                number = before
                for number, row in enumerate(block.rows(), before + 1):  # `number` is also read after the loop
                    yield number, row
                before = number
        except RowError as error:
            raise DataError(self.path, before + error.offset + 1, error.problem) from None

    def row(self, number: int) -> dict[str, object] | None:
        """Row ``number`` (from 1), or None if there are fewer rows; raises DataError as `numbered_rows` does."""
        return next((row for found, row in self.numbered_rows() if found == number), None)

    def file_id(self, name: str) -> str:
        """The sample id, in hex, of the file at the path ``name`` inside the directory; raises DataError."""
        raise DataError(self.path / name, None, "not a sample by itself; name one by its row, as PATH:ROW")

    def sample_id(self, number: int) -> str | None:
        """The sample id, in hex, of row ``number`` (from 1) as the identity says; see `row`."""
        row = self.row(number)
        return None if row is None else id_of_row(row, self.identity)

    def beside(self, stays: Mapping[str, npt.NDArray[np.bool_]]) -> Mapping[str, Rewriting]:
        """What lies beside the rows in a directory and speaks of them, as it has to be once some of them are gone.

        ``stays``: of each file of which rows go, by its path in the directory, which of its rows stay.

        Raises:
            DataError: it cannot be kept in step.
        """
        return {}

    @abstractmethod
    def strip(self, names: Collection[str]) -> bool:
        """Rewrite the dataset without the members called ``names``; False, and nothing written, where it has none.

        Raises:
            DataError: the dataset cannot be read; it is left as it was.
        """


class FileReader(Reader):
    """A dataset that is one file."""

    def strip(self, names: Collection[str]) -> bool:
        if not self.has_columns(names):
            return False
        with whole_file(self.path) as temporary:
            self.write_without(names, temporary)
        return True

    @abstractmethod
    def has_columns(self, names: Collection[str]) -> bool:
        """Whether any row has a member called one of ``names``; raises DataError."""

    @abstractmethod
    def write_without(self, names: Collection[str], target: Path) -> None:
        """Write to ``target`` the dataset without the members called ``names``, all else as it is; raises DataError."""

    def write_rows(self, kept: npt.NDArray[np.bool_], target: Path) -> None:
        """Write to ``target`` those rows for which ``kept``, one value a row, is true, all else as it is.

        Raises:
            DataError: the dataset cannot be read, or rows cannot be taken out of files of this format.
        """
        raise DataError(self.path, None, "rows cannot be taken out of this format; convert it to Parquet or JSON Lines")
