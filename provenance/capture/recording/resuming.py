"""Opening a dataset's journal: a new one, or that of a run that was killed, which is resumed."""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from provenance.capture.recording import finished_journals
from provenance.capture.recording.journal import Journal
from provenance.capture.recording.journal_content import Content, Heading, read_content, without_damage
from provenance.capture.saying import say
from provenance.errors import ProvenanceError
from provenance.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def journal_of(folder: Path, dataset: str) -> Path:
    """Where the journal of ``dataset`` (path from the DVC root) is in ``folder``."""
    name = hashlib.sha256(dataset.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return folder / f"{name}.jsonl"


@contextmanager
def open_journal(
    folder: Path, dataset: str, heading: Heading, has_in_cache: Callable[[str], bool] = lambda md5: False
) -> Iterator[Journal]:
    """Open the journal of ``dataset`` (path from the DVC root) in ``folder``; one of the same configuration is resumed.

    A journal of another configuration, or one with rows without a key (they cannot be distinguished from those
    still to come), is set aside under another name, where it stays until the next is. Of one with damaged lines, all
    others are kept. Standard error says what happened. ``has_in_cache``: whether DVC has the dataset of this hash: then
    a finished journal that made it, of another configuration, is of no use any more.

    Raises:
        ProvenanceError: another recorder is recording this dataset.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = journal_of(folder, dataset)
    with _locked(path.with_suffix(".lock"), dataset):
        finished = finished_journals.take_up(path)
        content = _resumable(path, dataset, heading, is_safe=finished is not None and has_in_cache(finished))
        if content is None:
            content = Content(heading.activity)
            first = 2 * heading.line()
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


def _resumable(path: Path, dataset: str, heading: Heading, *, is_safe: bool) -> Content | None:
    """What the journal at ``path`` holds, if recording can go on from it; damaged lines are taken out of it.

    ``is_safe``: DVC has what it made.
    """
    try:
        found, content = read_content(path, heading)
    except FileNotFoundError:
        return None
    if not found:
        return None  # killed while it was begun
    if content is not None and content.all_keyed:
        if content.damaged:
            content.end = without_damage(path)
            say(
                f"{dataset}: what an earlier run recorded is damaged in {counted(content.damaged, 'place')}: what "
                "cannot be read there is left out, and generated again"
            )
        if content.rows or content.rejected:
            rejected = counted(len(content.rejected), "rejection")
            say(f"{dataset}: resuming after {counted(content.rows, 'row')} and {rejected}")
        return content
    if content is None and is_safe:
        path.unlink()
        return None
    aside = path.with_suffix(".set-aside.jsonl")
    os.replace(path, aside)
    why = "was recorded otherwise (model, prompt, parameters, …)" if content is None else "has rows without a key"
    say(f"{dataset}: starting afresh: what an earlier run left {why}; it was set aside as {aside}")
    return None
