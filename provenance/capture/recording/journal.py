"""The recorder's journal: what was recorded so far, safe from a kill.

DVC deletes a stage's outs before it runs, so the journal lives under ``.dvc/tmp``. It is lines of JSON, each with a
checksum (`journal_lines`), appended to and handed to the operating system line by line: ``kill -9`` loses at most the
line being written, and damage to a line costs that line. Lines that others rest on, all but rows and rejections, are
written twice. The first line says what was being recorded (`Heading`); then comes, in the order of recording, one per

- row: ``{"key": …, "birth": {…}, "row": {…}}``, in this order: it is taken apart without being parsed
- rejection: ``{"key": …, "reason": …, "took": {…}}``: what the call took, as far as that is known; ``{"again": …,
  "took": {…}}`` where the key was rejected before
- dataset that a parent came from, ahead of the first such row: ``{"dataset": "data/docs.jsonl"}``
- model that was observed, ahead of the first row that it made:
  ``{"maker": {"agent": {…}, "parameters": {…}}, "number": 1}``; the births of its rows name it by this number
- the packages in use, ahead of the first row: ``{"packages": {…}}``
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from provenance.capture.recording import finished_journals
from provenance.capture.recording.journal_lines import content_of, encoded, whole_contents
from provenance.capture.saying import say
from provenance.errors import ProvenanceError
from provenance.files import whole_file
from provenance.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FORMAT = 3
# Where a row's line is taken apart. Within JSON text quotation marks are escaped, and no birth has a member "row".
_BEFORE_BIRTH, _BEFORE_ROW = b'"birth":', b',"row":'
_ROW_LINES = (b"{" + _BEFORE_BIRTH, b'{"key":')

Key = str | int

# Lines with one of these are of a row or a rejection; no other line rests on one.
_STAND_ALONE = frozenset(("row", "reason", "again"))
# What a line of a rejection says of the call, under the names of a birth.
TAKEN = ("activity", "input_tokens", "output_tokens", "cost")


@dataclass(frozen=True)
class Heading:
    """What a journal is of: finished rows can be used again only under the same ``configuration`` (a digest).

    ``activity`` is the JSON of the activity as it was first started.
    """

    configuration: str
    activity: Mapping[str, Any]

    def line(self) -> dict[str, Any]:
        return {"journal": _FORMAT, "configuration": self.configuration, "activity": self.activity}


@dataclass
class _Content:
    """What a journal holds, as far as it is kept in memory.

    ``end``: length in bytes of its whole lines; ``damaged``: how many others there were.
    """

    activity: Mapping[str, Any]
    end: int = 0
    damaged: int = 0
    rows: int = 0
    all_keyed: bool = True
    packages: dict[str, str] | None = None
    keys: set[Key] = field(default_factory=set)
    rejected: set[Key] = field(default_factory=set)
    datasets: set[str] = field(default_factory=set)
    makers: list[Mapping[str, Any]] = field(default_factory=list)

    def take(self, line: Mapping[str, Any]) -> None:
        """Take in one line after the first."""
        if "row" in line:
            self.rows += 1
            self.all_keyed &= line.get("key") is not None
        elif "reason" in line:
            self.rejected.add(line["key"])
        elif "dataset" in line:
            self.datasets.add(line["dataset"])
        elif "maker" in line:
            if line["number"] > len(self.makers) + 1:
                raise ProvenanceError("a journal's description of a model is damaged, twice; remove it to start afresh")
            if line["number"] > len(self.makers):
                self.makers.append(line["maker"])
        elif "packages" in line:
            self.packages = self.packages or line["packages"]
        if line.get("key") is not None:
            self.keys.add(line["key"])


class Journal:
    """An open journal; get one from `open_journal`. Threads may append at the same time."""

    def __init__(self, path: Path, content: _Content) -> None:
        self.path = path
        self._content = content
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by `close`
        self._file.truncate(content.end)
        # Keys of the run that is resumed which this run has not asked for yet.
        self._left_over = set(content.keys)
        self._maker_numbers = {_sorted_json(maker): number for number, maker in enumerate(content.makers, start=1)}
        self._lock = threading.RLock()
        self._process = os.getpid()

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

    def append_row(self, row: orjson.Fragment, birth: Mapping[str, object] | None, key: Key | None = None) -> None:
        """Write the line of a row, of which no more than ``birth`` is known, as `append` does."""
        self.append({"birth": birth, "row": row} if key is None else {"key": key, "birth": birth, "row": row})

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line, and hand it to the operating system.

        Raises:
            ProvenanceError: its key was recorded before, the journal is closed or of another process, or the disk is
                full; what was recorded before stays whole.
        """
        try:
            written = encoded(line)
        except TypeError as error:
            raise ProvenanceError(f"recorder: what comes with a row cannot be recorded: {error}") from error
        if _STAND_ALONE.isdisjoint(line):
            written *= 2  # others rest on it
        with self._lock:
            if self._file.closed or os.getpid() != self._process:
                raise ProvenanceError("recorder: write within its `with` block, in the process that opened it")
            key = line.get("key")
            if key is not None and key in self._content.keys:
                raise ProvenanceError(f"key {key!r} was recorded before; ask recorder.done(key) before generating")
            self._write(written)
            self._content.end += len(written)
            self._content.take(line)

    def _write(self, written: bytes) -> None:
        try:
            if self._file.write(written) == len(written):
                return
            problem = "the disk is full"
        except OSError as error:
            problem = error.strerror or type(error).__name__
        self._file.truncate(self._content.end)
        raise ProvenanceError(f"{self.path}: cannot be written: {problem}; what was recorded before is kept")

    def rows_with_births(self) -> Iterator[tuple[bytes, bytes]]:
        """The JSON of each row and of its birth, in the order of recording, without those not asked for by this run.

        Raises:
            ProvenanceError: a line was damaged since it was written.
        """
        for line in self._contents():
            head, found, row = line.partition(_BEFORE_ROW)
            if found and line.startswith(_ROW_LINES) and not (self._left_over and self._is_left_over(head)):
                yield row[:-1], head.partition(_BEFORE_BIRTH)[2]

    def _contents(self) -> Iterator[bytes]:
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, start=1):
                content = content_of(line)
                if content is None:
                    raise ProvenanceError(
                        f"{self.path}:{number}: damaged since it was written; run it again: all but this line is kept"
                    )
                yield content

    def _is_left_over(self, head: bytes) -> bool:
        return orjson.loads(head + b"}").get("key") in self._left_over

    def append_rejection(self, key: Key, reason: str | None, taken: Mapping[str, Any]) -> None:
        """Note that a result was rejected under ``key`` (``reason`` None: again), and what the call took."""
        took = {name: taken[name] for name in TAKEN if name in taken}
        if reason is not None:
            self.append({"key": key, "reason": reason} | ({"took": took} if took else {}))
        elif took:
            self.append({"again": key, "took": took})

    def rejections(self) -> Iterator[Mapping[str, Any]]:
        """The lines of rejections, without those that this run did not ask for."""
        for line in self._contents():
            # A row's line is long, and mostly has none: it is not parsed twice.
            parsed = orjson.loads(line) if b'"reason":' in line or b'"took":' in line else {}
            is_rejection = "row" not in parsed and ("reason" in parsed or "took" in parsed)
            if is_rejection and parsed.get("key", parsed.get("again")) not in self._left_over:
                yield parsed

    def close(self) -> None:
        """Take no more lines; the file stays."""
        with self._lock:
            self._file.close()

    def remove(self) -> None:
        """Close the journal and delete its file: what it holds has been written elsewhere."""
        self.close()
        self.path.unlink()


def journal_of(folder: Path, dataset: str) -> Path:
    """Where the journal of ``dataset`` (path from the DVC root) is in ``folder``."""
    name = hashlib.sha256(dataset.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return folder / f"{name}.jsonl"


@contextmanager
def open_journal(folder: Path, dataset: str, heading: Heading) -> Iterator[Journal]:
    """Open the journal of ``dataset`` (path from the DVC root) in ``folder``; one of the same configuration is resumed.

    A journal of another configuration, or one with rows without a key (they cannot be distinguished from those
    still to come), is set aside under another name, where it stays until the next is. Of one with damaged lines, all
    others are kept. Standard error says what happened.

    Raises:
        ProvenanceError: another recorder is recording this dataset.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = journal_of(folder, dataset)
    with _locked(path.with_suffix(".lock"), dataset):
        finished_journals.take_up(path)
        content = _resumable(path, dataset, heading)
        if content is None:
            content = _Content(heading.activity)
            first = 2 * encoded(heading.line())
            path.write_bytes(first)
            content.end = len(first)
        journal = Journal(path, content)
        try:
            yield journal
        finally:
            journal.close()


@contextmanager
def _locked(path: Path, dataset: str) -> Iterator[None]:
    with open(path, "wb") as file:
        try:
            # A lock of the file, not of the process: it also keeps a second recorder in the same process out.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ProvenanceError(f"{dataset}: another recorder is recording it; wait until it has ended") from error
        yield


def _resumable(path: Path, dataset: str, heading: Heading) -> _Content | None:
    """What the journal at ``path`` holds, if recording can go on from it; damaged lines are taken out of it."""
    try:
        found, content = _read(path, heading)
    except FileNotFoundError:
        return None
    if not found:
        return None  # killed while it was begun
    if content is not None and content.all_keyed:
        if content.damaged:
            content.end = _without_damage(path)
            places = f"{content.damaged} {'place' if content.damaged == 1 else 'places'}"
            say(
                f"{dataset}: what an earlier run recorded is damaged in {places}: what cannot be read there is left "
                "out, and generated again"
            )
        if content.rows or content.rejected:
            rejected = counted(len(content.rejected), "rejection")
            say(f"{dataset}: resuming after {counted(content.rows, 'row')} and {rejected}")
        return content
    aside = path.with_suffix(".set-aside.jsonl")
    os.replace(path, aside)
    why = "was recorded otherwise (model, prompt, parameters, …)" if content is None else "has rows without a key"
    say(f"{dataset}: starting afresh: what an earlier run left {why}; it was set aside as {aside}")
    return None


def _read(path: Path, heading: Heading) -> tuple[bool, _Content | None]:
    """Whether anything whole is in the journal at ``path``, and what it holds where it is of ``heading``."""
    damaged = 0
    content: _Content | None = None
    found = False
    with open(path, "rb") as file:
        for line in whole_contents(file):
            parsed = {} if line is None else orjson.loads(line)
            if line is None:
                damaged += 1
            elif content is not None:
                if "journal" not in parsed:
                    content.take(parsed)
                content.end += len(encoded(orjson.Fragment(line)))
            elif parsed.get("journal") == _FORMAT and parsed["configuration"] == heading.configuration:
                content = _Content(parsed["activity"], end=len(encoded(orjson.Fragment(line))))
            else:
                return True, None
            found = found or line is not None
    if content is not None:
        content.damaged = damaged
    return found or bool(damaged), content


def _without_damage(path: Path) -> int:
    """Take damaged lines out of the journal; its length in bytes then."""
    with whole_file(path) as temporary, open(path, "rb") as file, open(temporary, "wb") as kept:
        for line in whole_contents(file):
            if line is not None:
                kept.write(encoded(orjson.Fragment(line)))
        return kept.tell()


def _sorted_json(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
