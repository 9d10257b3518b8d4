"""The log of a dataset: what it was made of, at every commit that changed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provenance.errors import UnknownReferenceError
from provenance.ledger.composition.counted import Counted
from provenance.ledger.history.compositions import Composition, Compositions

if TYPE_CHECKING:
    from provenance.repository import Repository
    from provenance.repository.history import History, Version


@dataclass(frozen=True)
class LogEntry:
    """A dataset as a commit left it.

    ``state``: ``ok``; ``stale``, its sidecar was that of other data; ``missing``, there is no sidecar, or it is not to
    be had; ``unusable``; or ``removed`` by the commit. ``reason`` says why there is no composition, ``counted``.
    """

    version: Version
    state: str
    counted: Counted | None
    reason: str | None

    def as_json(self) -> dict[str, Any]:
        """``rows`` is null and the breakdowns are empty where nothing is known."""
        commit = self.version.commit
        return {
            "commit": commit.sha,
            "date": commit.date,
            "subject": commit.subject,
            "path": self.version.path,
            "state": self.state,
            **(self.counted or Counted()).as_json(),
            **({} if self.counted else {"rows": None}),
            "references": list(self.version.references),
            "experiment": self.version.experiment,
            "moved_from": self.version.moved_from,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class DatasetLog:
    """``unreadable``: DVC files that could not be read, as (commit, file); what they tracked is taken as it was."""

    path: str
    entries: tuple[LogEntry, ...]
    unreadable: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "entries": [entry.as_json() for entry in self.entries],
            "unreadable": [{"commit": commit, "file": file} for commit, file in self.unreadable],
        }


def log_dataset(repository: Repository, history: History, path: str) -> DatasetLog:
    """The log of the dataset at ``path`` (from the DVC root) in ``history``, the newest commit first.

    Raises:
        UnknownReferenceError: DVC never tracked it there.
    """
    versions = history.versions(path)
    if not versions:
        raise UnknownReferenceError(
            f"{path}: no commit here has a dataset at this path; `provenance status` lists them"
        )
    compositions = Compositions(repository, [version for version in versions if version.data is not None])
    entries = tuple(_entry(repository, version, compositions) for version in versions)
    return DatasetLog(path, entries, tuple((commit.sha, file) for commit, file in history.unreadable))


def _entry(repository: Repository, version: Version, compositions: Compositions) -> LogEntry:
    if version.data is None:
        return LogEntry(version, "removed", None, "no longer tracked at this path")
    found = compositions.of(version)
    if isinstance(found, Composition):
        stale = found.described not in (None, version.data.md5)
        if version.data.is_legacy:
            stale = repository.recorded_md5(version.path, version.commit.sha) not in (None, found.described)
        reason = "its sidecar was made for other data" if stale else None
        return LogEntry(version, "stale" if stale else "ok", found.counted, reason)
    return LogEntry(version, found.state, None, found.reason)
