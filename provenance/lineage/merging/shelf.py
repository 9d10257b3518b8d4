"""What one step of a completion leaves for a later one, by range of ids: on disk where there is more than one range."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from provenance.files import whole_file
from provenance.lineage.allocating import give_back


class Shelf:
    """Objects by the number of their range and a name. ``folder``: where they are kept; None: in memory.

    ``is_shared``: steps are done by tasks on other machines, each once or more often. So what is there is whole, and
    what a step has taken stays, since the same step may be done again.
    """

    def __init__(self, folder: Path | None, *, is_shared: bool = False) -> None:
        self._folder = folder
        self._is_shared = is_shared
        self._held: dict[tuple[int, str], Any] = {}

    @property
    def name(self) -> str:
        """What tells it apart from the others in the same folder."""
        return "" if self._folder is None else self._folder.name

    def put(self, number: int, name: str, value: object) -> None:
        """Keep ``value``, instead of what has been kept there."""
        if self._folder is None:
            self._held[number, name] = value
            return
        with self._written(number, name) as file:
            pickle.dump(value, file, protocol=5)

    def get(self, number: int, name: str) -> Any:
        """What was kept there."""
        if self._folder is None:
            return self._held[number, name]
        # A file of this process, or of its tasks, in a folder of its own that nobody else may write to.
        with open(self._path(number, name), "rb") as file:
            return pickle.load(file)  # noqa: S301

    def take(self, number: int, name: str) -> Any:
        """What was kept there, which is not kept any longer."""
        found = self.get(number, name)
        if not self._is_shared:
            self.remove(number, name)
        return found

    def remove(self, number: int, name: str) -> None:
        """Let go of what was kept there."""
        if self._folder is None:
            del self._held[number, name]
        else:
            self._path(number, name).unlink()

    def leave(self, number: int, name: str, parts: Sequence[np.ndarray[Any, Any]]) -> None:
        """Leave to each range, of ``parts``, what is for it; on disk alone."""
        ends = np.cumsum([part.nbytes for part in parts], dtype=np.int64)
        with self._written(number, name) as file:
            for content in (ends, *parts):
                file.write(np.ascontiguousarray(content).data)

    def left(self, number: int, name: str, ranges: int) -> list[np.ndarray[Any, Any]]:
        """The bytes that each of so many ``ranges`` has left to the range ``number``."""
        return [self._left(number, self._path(other, name), ranges) for other in range(ranges)]

    def _left(self, number: int, file: Path, ranges: int) -> np.ndarray[Any, Any]:
        first = max(0, number - 1)
        ends = np.fromfile(file, np.int64, number + 1 - first, offset=8 * first)
        start = int(ends[0]) if number else 0
        return np.fromfile(file, np.uint8, int(ends[-1]) - start, offset=8 * ranges + start)

    def add_bytes(self, number: int, name: str, content: np.ndarray[Any, Any]) -> None:
        """Add to the bytes that are kept there; on disk alone."""
        with open(self._path(number, name), "ab") as file:
            file.write(np.ascontiguousarray(content).data)

    def all_bytes(self, number: int, name: str) -> np.ndarray[Any, Any]:
        """The bytes that were added there."""
        path = self._path(number, name)
        return np.fromfile(path, np.uint8) if path.exists() else np.empty(0, np.uint8)

    def add_rows(self, number: int, name: str, rows: pa.Table) -> None:
        """Add to the rows that are kept there, with some columns or all; on disk alone."""
        with open(self._path(number, name), "ab") as file, pa.ipc.new_stream(file, rows.schema) as writer:
            writer.write_table(rows)

    def all_rows(self, number: int, name: str, schema: pa.Schema) -> pa.Table:
        """All rows that were added there, with the columns that any of them had; of ``schema``, if there are none."""
        path = self._path(number, name)
        if not path.exists():
            return schema.empty_table()
        tables = []
        with open(path, "rb") as file:
            while file.peek(1):
                tables.append(pa.ipc.open_stream(file).read_all())
        return pa.concat_tables(tables, promote_options="default").unify_dictionaries().combine_chunks()

    def give_back(self) -> None:
        """As `give_back`, where there is more than one range: else there is no time for that, and little to gain."""
        if self._folder is not None:
            give_back()

    @contextmanager
    def _written(self, number: int, name: str) -> Iterator[IO[bytes]]:
        """A new file, in the place of one that may be there."""
        path = self._path(number, name)
        if not self._is_shared:
            with open(path, "wb") as file:
                yield file
            return
        with whole_file(path, lasting=False) as temporary, open(temporary, "wb") as file:
            yield file

    def _path(self, number: int, name: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{name}-{number}"
