"""The log of a dataset: what it was made of, at every commit that changed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from provenance.errors import UnknownReferenceError
from provenance.ledger.composition.counted import Counted
from provenance.ledger.history.compositions import Composition, Compositions
from provenance.ledger.history.making import Change, Fact, changed_facts

if TYPE_CHECKING:
    from provenance.repository import Repository
    from provenance.repository.history import History, Version


@dataclass(frozen=True)
class LogEntry:
    """A dataset as a commit left it.

    ``state``: ``ok``; ``stale``, its sidecar was that of other data; ``missing``, there is no sidecar, or it is not to
    be had; ``unusable``; or ``removed`` by the commit. ``reason`` says why there is no composition, ``counted``.
    ``changes``: what differs in how it was made from the version before, where both are known.
    """

    version: Version
    state: str
    counted: Counted | None
    reason: str | None
    made: frozenset[Fact] | None = None
    changes: tuple[Change, ...] = ()

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
            "changes": [change.as_json() for change in self.changes],
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
        UnknownReferenceError: no commit has it there.
    """
    versions = history.versions(path)
    if not versions:
        raise UnknownReferenceError(f"{path}: {_why_none(repository, path)}")
    compositions = Compositions(repository, [version for version in versions if version.data is not None])
    entries = [_entry(repository, version, compositions) for version in versions]
    return DatasetLog(
        path, tuple(_with_changes(entries)), tuple((commit.sha, file) for commit, file in history.unreadable)
    )


def _why_none(repository: Repository, path: str) -> str:
    here = next((each for each in repository.datasets() if each.path == path), None)
    if here is None:
        return "no commit here has a dataset at this path; `provenance status` lists them"
    folder = "" if here.stage is None else here.stage.rpartition(":")[0].rpartition("/")[0]
    file = f"{path}.dvc" if here.stage is None else f"{folder}/dvc.lock" if folder else "dvc.lock"
    return f"no commit here has this dataset yet; commit {file} first"


def _with_changes(entries: list[LogEntry]) -> Iterator[LogEntry]:
    """Each entry, the newest first, with what differs from the next older one of which it is known how it was made."""
    for place, entry in enumerate(entries):
        before = next((each.made for each in entries[place + 1 :] if each.made is not None), None)
        if before is None or entry.made is None:
            yield entry
        else:
            yield replace(entry, changes=changed_facts(before, entry.made))


def _entry(repository: Repository, version: Version, compositions: Compositions) -> LogEntry:
    if version.data is None:
        return LogEntry(version, "removed", None, "no longer tracked at this path")
    found = compositions.of(version)
    if isinstance(found, Composition):
        stale = found.described not in (None, version.data.md5)
        if version.data.is_legacy:
            stale = repository.recorded_md5(version.path, version.commit.sha) not in (None, found.described)
        reason = "its sidecar was made for other data" if stale else None
        return LogEntry(version, "stale" if stale else "ok", found.counted, reason, found.made)
    return LogEntry(version, found.state, None, found.reason)
