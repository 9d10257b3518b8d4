"""What a dataset format must offer: one `Reader` class, which cuts a file into blocks of rows.

A module of a format names its class ``READER`` and is registered in `formats`. Rows of a dataset are numbered from 1;
inside a block they are counted from 0, since a block does not know how many rows came before it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import DataError, ProvenanceError

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.identity.samples import Identity

BLOCK_BYTES = 4 << 20
LONGEST_ROW = 256 << 20


class RowError(ProvenanceError):
    """Row ``offset`` (from 0, in its block) cannot be read. Becomes a DataError where the block's place is known."""

    def __init__(self, offset: int, problem: str) -> None:
        self.offset = offset
        self.problem = problem
        super().__init__(problem)


class Block(ABC):
    """Consecutive rows: cheap to make and to hold, decoded on demand in a worker thread."""

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
    """A dataset file in one format."""

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
                for number, row in enumerate(block.rows(), before + 1):  # noqa: B007: also read after the loop
                    yield number, row
                before = number
        except RowError as error:
            raise DataError(self.path, before + error.offset + 1, error.problem) from None

    def row(self, number: int) -> dict[str, object] | None:
        """Row ``number`` (from 1), or None if there are fewer rows; raises DataError as `numbered_rows` does."""
        return next((row for found, row in self.numbered_rows() if found == number), None)

    @abstractmethod
    def has_columns(self, names: Collection[str]) -> bool:
        """Whether any row has a member called one of ``names``; raises DataError."""

    @abstractmethod
    def write_without(self, names: Collection[str], target: Path) -> None:
        """Write to ``target`` the dataset without the members called ``names``, all else as it is; raises DataError."""
