"""The recorder's journal: what was recorded so far, safe from a kill.

DVC deletes a stage's outs before it runs, so the journal lives under ``.dvc/tmp``. It is lines with a checksum each
(`journal_lines`), appended to and handed to the operating system call by call: ``kill -9`` loses at most what is being
written, and damage to a line costs that line. Lines that others rest on, all but rows and rejections, are written
twice. The first line says what was being recorded (`Heading`); then comes, in the order of recording, one per

- row: its key, its birth and the row itself
- batch of rows (of many, several): ``{"rows": 1000, "keys": […], "births": {…}}``, and the rows themselves; ``keys`` is
  left out where none has one, ``births`` are columns (`batch_births`). Damage costs all of these rows
- rejection: ``{"key": …, "reason": …, "took": {…}}``: what the call took, as far as that is known; ``{"again": …,
  "took": {…}}`` where the key was rejected before
- dataset that a parent came from, ahead of the first such row: ``{"dataset": "data/docs.jsonl"}``
- model that was observed, ahead of the first row that it made:
  ``{"maker": {"agent": {…}, "parameters": {…}}, "number": 1}``; the births of its rows name it by this number; or what
  made rows that are taken over (`taken_over`)
- the packages in use, ahead of the first row: ``{"packages": {…}}``

At the end it is taken apart by the places of its tabs and line feeds (`taking_apart`).
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import orjson
from xxhash import xxh3_64

from provenance.capture.recording.batch_errors import in_batch
from provenance.capture.recording.journal_content import Content
from provenance.capture.recording.journal_lines import Key, content_of, encoded, fields_of_row, is_of_rows, row_line
from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from provenance.lineage.schema import Birth

# Large enough for what is done once for each piece, small enough for memory that is used again for the next.
_READ_BYTES = 2 << 20

# Lines with one of these are of a rejection; no other line rests on one.
_STAND_ALONE = frozenset(("reason", "again"))
# What a line of a rejection says of the call, under the names of a birth.
TAKEN = ("activity", "input_tokens", "output_tokens", "cost")


# How many forks led from the process that imported this to this one: asking the system who it is takes longer.
_forks = 0


def _note_fork() -> None:
    global _forks  # noqa: PLW0603 - of the process, as the thing itself
    _forks += 1


os.register_at_fork(after_in_child=_note_fork)


class Journal:
    """An open journal; get one from `resuming.open_journal`. Threads may append at the same time."""

    def __init__(self, path: Path, content: Content) -> None:
        self.path = path
        self._content = content
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by `close`
        self._file.truncate(content.end)
        # Of all that is in the file: whether it was damaged since is seen when it is read again.
        self._hash = _hash_of(path)
        # Keys of the run that is resumed which this run has not asked for yet.
        self._left_over = set(content.keys)
        self._maker_numbers = {_sorted_json(maker): number for number, maker in enumerate(content.makers, start=1)}
        self._lock = threading.RLock()
        self._forks = _forks

    @property
    def activity(self) -> Mapping[str, Any]:
        """The JSON of the activity as it was first started."""
        return self._content.activity

    @property
    def packages(self) -> dict[str, str] | None:
        """The packages in use as the first row was recorded; None before that."""
        return self._content.packages

    @property
    def rows(self) -> int:
        """The number of rows recorded."""
        return self._content.rows

    @property
    def datasets(self) -> frozenset[str]:
        """Paths (from the DVC root) of the datasets that parents came from."""
        return frozenset(self._content.datasets)

    @property
    def makers(self) -> list[Mapping[str, Any]]:
        """The models that were observed to make rows, each with its parameters; number 1 first."""
        return list(self._content.makers)

    @property
    def left_over(self) -> frozenset[Key]:
        """The keys of the run that is resumed which this one has not asked for."""
        return frozenset(self._left_over)

    def number_of(self, maker: Mapping[str, Any]) -> int:
        """The number of an observed model with its parameters, which is written down if it is new."""
        described = _sorted_json(maker)
        with self._lock:
            number = self._maker_numbers.get(described)
            if number is None:
                number = len(self._content.makers) + 1
                self.append({"maker": maker, "number": number})
                self._maker_numbers[described] = number
        return number

    def done(self, key: Key) -> bool:
        """Whether ``key`` was recorded. What an earlier run recorded stays only if this one asks for it."""
        self._left_over.discard(key)
        return key in self._content.keys

    def is_rejected(self, key: Key) -> bool:
        """Whether a rejection was recorded under ``key``, in this run or in the one it resumes."""
        return key in self._content.rejected

    def append_row(self, row: bytes, birth: Birth | None, key: Key | None = None) -> None:
        """Write the line of a row (its JSON), of which no more than ``birth`` is known, as `append` does."""
        line = row_line(row, birth, key)
        with self._lock:
            if key is not None and key in self._content.keys:
                raise _recorded_before(key)
            self._write(line)
            self._content.take_row(key)

    def append_rows(self, lines: Sequence[bytes | bytearray], keys: Sequence[Key | None]) -> None:
        """Write the lines of rows (see `row_line`, `batch_line`) at once: all of them, or none where it raises.

        ``keys``: of each row.
        """
        with self._lock:
            seen: set[Key] = set()
            for number, key in enumerate(keys, start=1):
                if key is None:
                    continue
                if key in self._content.keys or key in seen:
                    raise in_batch(_recorded_before(key), number)
                seen.add(key)
            self._write(lines[0] if len(lines) == 1 else b"".join(lines))
            self._content.take_rows(len(keys), seen)

    def append(self, line: Mapping[str, Any]) -> None:
        """Write a line that is not a row's, and hand it to the operating system.

        Raises:
            ProvenanceError: its key was recorded before, the journal is closed or of another process, or the disk is
                full; what was recorded before stays whole.
        """
        written = encoded(line)
        if _STAND_ALONE.isdisjoint(line):
            written *= 2  # others rest on it
        with self._lock:
            key = line.get("key")
            if key is not None and key in self._content.keys:
                raise _recorded_before(key)
            self._write(written)
            self._content.take(line)

    def _write(self, written: bytes | bytearray) -> None:
        if self._file.closed or _forks != self._forks:
            raise ProvenanceError("recorder: write within its `with` block, in the process that opened it")
        try:
            if self._file.write(written) == len(written):
                self._hash.update(written)
                self._content.end += len(written)
                return
            problem = "the disk is full"
        except OSError as error:
            problem = error.strerror or type(error).__name__
        self._file.truncate(self._content.end)
        raise ProvenanceError(f"{self.path}: cannot be written: {problem}; what was recorded before is kept")

    def append_rejection(self, key: Key, reason: str | None, taken: Mapping[str, Any]) -> None:
        """Note that a result was rejected under ``key`` (``reason`` None: again), and what the call took."""
        took = {name: taken[name] for name in TAKEN if name in taken}
        if reason is not None:
            self.append({"key": key, "reason": reason} | ({"took": took} if took else {}))
        elif took:
            self.append({"again": key, "took": took})

    def rejections(self) -> Iterator[Mapping[str, Any]]:
        """The lines of rejections, without those that this run did not ask for."""
        if not self._content.rejected:
            return
        with open(self.path, "rb") as file:
            for line in file:
                content = content_of(line)
                if content is None or is_of_rows(content):
                    continue
                parsed = orjson.loads(content)
                is_rejection = "reason" in parsed or "took" in parsed
                if is_rejection and parsed.get("key", parsed.get("again")) not in self._left_over:
                    yield parsed

    def births_taken_over(self) -> Iterator[Birth]:
        """The births of rows that were taken over, in the order of recording."""
        numbers = {number for number, maker in enumerate(self._content.makers, start=1) if "taken_over" in maker}
        if not numbers:
            return
        with open(self.path, "rb") as file:
            for line in file:
                fields = fields_of_row(content_of(line) or b"")
                birth = orjson.loads(fields[1]) if fields else None
                if birth and birth.get("activity") in numbers:
                    yield birth

    def chunks(self) -> Iterator[memoryview]:
        """All that is in the file, in pieces that end with a line.

        Raises:
            ProvenanceError: a line was damaged since it was written.
        """
        if _hash_of(self.path).digest() != self._hash.digest():
            raise ProvenanceError(
                f"{self.path}:{self._damaged_line()}: damaged since it was written; run it again: all but this line "
                "is kept"
            )
        size = _READ_BYTES
        with open(self.path, "rb") as file:
            while read := file.read(size):
                end = read.rfind(b"\n") + 1
                if end:
                    yield memoryview(read)[:end]
                elif len(read) == size:
                    size *= 2
                else:
                    return
                file.seek(end - len(read), os.SEEK_CUR)

    def _damaged_line(self) -> int:
        with open(self.path, "rb") as file:
            lines = enumerate(file, start=1)
            return next((number for number, line in lines if content_of(line) is None), 1)

    def close(self) -> None:
        """Take no more lines; the file stays."""
        with self._lock:
            self._file.close()

    def remove(self) -> None:
        """Close the journal and delete its file: what it holds has been written elsewhere."""
        self.close()
        self.path.unlink()


def _recorded_before(key: Key) -> ProvenanceError:
    return ProvenanceError(f"key {key!r} was recorded before; ask recorder.done(key) before generating")


def _hash_of(path: Path) -> xxh3_64:
    hashed = xxh3_64()
    with open(path, "rb") as file:
        while read := file.read(_READ_BYTES):
            hashed.update(read)
    return hashed


def _sorted_json(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
