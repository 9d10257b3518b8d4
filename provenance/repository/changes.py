"""What each commit changed of what DVC tracks, against its first parent: read once, remembered by commit.

Only DVC files that differ are read, and of `dvc.lock` only the stages whose text is new. A commit with a DVC file that
cannot be read changes nothing as far as that file goes; the file is reported. A sidecar that git tracks itself is known
by its blob.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from provenance.cached import read_cached, write_cached
from provenance.errors import RepositoryError
from provenance.identity.names import SIDECAR_SUFFIX
from provenance.repository.dvc_files import DvcFiles, UnusualError
from provenance.repository.git import Change, Commit, Git
from provenance.repository.tracked import LEGACY_HASH, TrackedFile

_VERSION = 2
# In place of the kind of DVC's hash: the file is a blob of git.
IN_GIT = "git"

Tracked = Mapping[str, TrackedFile]
# What is at a commit, by DVC.
ByDvc = Callable[[str], Tracked]


class Recorded(NamedTuple):
    """An out as a commit left it: DVC's hash and its kind; ``imported``: from another repository.

    For a sidecar that git tracks, ``md5`` is the id of its blob, and ``hash_name`` is IN_GIT.
    """

    md5: str
    hash_name: str
    imported: bool

    @property
    def is_legacy(self) -> bool:
        """As `TrackedFile.is_legacy`."""
        return self.hash_name == LEGACY_HASH


@dataclass
class Changed:
    """What a commit changed: outs by path, None where it is not tracked any more (or has no hash); unreadable files."""

    outs: dict[str, Recorded | None] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


def read_changes(git: Git, temporary: Path, commits: Sequence[Commit], by_dvc: ByDvc) -> dict[str, Changed]:
    """For each of ``commits``, by its id, what it changed; commits that are not known yet are read and remembered."""
    file = temporary / "history.json"
    known: dict[str, Any] = read_cached(file, _VERSION) or {}
    new = [commit for commit in commits if commit.sha not in known]
    if new:
        found = _Reader(git, by_dvc).read(new)
        known |= {sha: _as_json(changed) for sha, changed in found.items()}
        write_cached(file, _VERSION, known)
    return {commit.sha: _from_json(known[commit.sha]) for commit in commits}


class _Reader:
    def __init__(self, git: Git, by_dvc: ByDvc) -> None:
        self._git = git
        self._by_dvc = by_dvc
        self._dvc_files = DvcFiles()
        self._contents: Mapping[str, bytes] = {}
        self._read: dict[tuple[str, ...], list[TrackedFile]] = {}

    def read(self, commits: Sequence[Commit]) -> dict[str, Changed]:
        changes = self._git.changed_files(commits)
        versions = {commit.sha: list(self._versions(commit, changes.get(commit.sha, ()))) for commit in commits}
        in_git = {commit.sha: _sidecars_in_git(changes.get(commit.sha, ())) for commit in commits}
        unchanged = self._git.blobs_of([place for all_ in versions.values() for v in all_ for place in v.unchanged])
        for all_ in versions.values():
            for version in all_:
                version.fill(unchanged)
        self._contents = self._git.contents(blob for all_ in versions.values() for v in all_ for blob in v.blobs)
        return {commit.sha: self._changed(commit, versions[commit.sha], in_git[commit.sha]) for commit in commits}

    @staticmethod
    def _versions(commit: Commit, changes: Iterable[Change]) -> Iterable[_Version]:
        """The changed files, a pipeline's two as one."""
        by_file: dict[str, _Version] = {}
        for change in changes:
            if ".dvc" in change.path.split("/") or change.path.endswith(SIDECAR_SUFFIX):
                continue
            folder, base = posixpath.split(change.path)
            names = ("dvc.yaml", "dvc.lock") if base in ("dvc.yaml", "dvc.lock") else (base,)
            first = posixpath.join(folder, names[0])
            version = by_file.setdefault(first, _Version(commit.sha, first, [posixpath.join(folder, n) for n in names]))
            version.old[change.path], version.new[change.path] = change.old, change.new
        return by_file.values()

    def _changed(self, commit: Commit, versions: Iterable[_Version], in_git: dict[str, Recorded | None]) -> Changed:
        # What DVC says of a sidecar overrides: git has it as well where DVC does not cache it, or no longer.
        changed = Changed(outs=in_git)
        for version in versions:
            try:
                after = self._outs(version.file, [version.new[name] for name in version.names])
            except UnusualError:
                self._ask_dvc(commit, version, changed)
                continue
            try:
                before = self._outs(version.file, [version.old[name] for name in version.names])
            except UnusualError:
                before = []
            _compare(before, after, changed)
        return changed

    def _outs(self, file: str, blobs: Sequence[str | None]) -> list[TrackedFile]:
        if blobs[0] is None:
            return []
        key = (file, *(blob or "" for blob in blobs))
        if key not in self._read:
            self._read[key] = self._parse(file, blobs)
        return self._read[key]

    def _parse(self, file: str, blobs: Sequence[str | None]) -> list[TrackedFile]:
        try:
            texts = [None if blob is None else self._contents[blob].decode("utf-8") for blob in blobs]
        except UnicodeDecodeError as error:
            raise UnusualError("not UTF-8") from error
        text = texts[0] or ""
        if len(texts) == 1:
            return self._dvc_files.single(file, text)
        return self._dvc_files.pipeline(file, text, texts[1], lenient=True)

    def _ask_dvc(self, commit: Commit, version: _Version, changed: Changed) -> None:
        try:
            after = self._by_dvc(commit.sha)
            before = self._by_dvc(commit.parents[0]) if commit.parents else {}
        except RepositoryError:
            changed.unreadable.append(version.file)
            return
        differing = {path for path in {*before, *after} if before.get(path) != after.get(path)}
        changed.outs |= {path: _recorded(after[path]) if path in after else None for path in differing}


@dataclass
class _Version:
    """A .dvc file, or a dvc.yaml with its dvc.lock (``names``), before and after a commit: blobs by path."""

    commit: str
    file: str
    names: Sequence[str]
    old: dict[str, str | None] = field(default_factory=dict)
    new: dict[str, str | None] = field(default_factory=dict)

    @property
    def unchanged(self) -> list[tuple[str, str]]:
        """The places of the files of which the commit says nothing."""
        return [(self.commit, name) for name in self.names if name not in self.new]

    def fill(self, blobs: Mapping[tuple[str, str], str | None]) -> None:
        for place in self.unchanged:
            self.old[place[1]] = self.new[place[1]] = blobs[place]

    @property
    def blobs(self) -> Iterable[str]:
        return [blob for blob in (*self.old.values(), *self.new.values()) if blob is not None]


def _sidecars_in_git(changes: Iterable[Change]) -> dict[str, Recorded | None]:
    return {
        change.path: None if change.new is None else Recorded(change.new, IN_GIT, imported=False)
        for change in changes
        if change.path.endswith(SIDECAR_SUFFIX)
    }


def _compare(before: Iterable[TrackedFile], after: Iterable[TrackedFile], changed: Changed) -> None:
    was = {out.path: _recorded(out) for out in before}
    for out in after:
        recorded = _recorded(out)
        if out.path not in was or was.pop(out.path) != recorded:
            changed.outs[out.path] = recorded
    for path in was:
        # Another DVC file may have taken it over.
        changed.outs.setdefault(path, None)


def _recorded(out: TrackedFile) -> Recorded | None:
    return None if out.md5 is None else Recorded(out.md5, out.hash_name, out.source is not None)


def _as_json(changed: Changed) -> Any:
    return [changed.outs, changed.unreadable]


def _from_json(stored: Any) -> Changed:
    outs, unreadable = stored
    return Changed({path: None if out is None else Recorded(*out) for path, out in outs.items()}, unreadable)
