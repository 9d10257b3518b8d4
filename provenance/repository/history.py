"""The versions of a dataset through the history of its repository: which commits changed it or its sidecar, and how.

A commit that DVC's files describe is compared with all its parents, so a merge is a version only where it differs from
both sides. A dataset that appears where another of the same content goes was moved, and is followed back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from provenance.identity.names import SIDECAR_SUFFIX
from provenance.repository.changes import Changed, Recorded
from provenance.repository.git import Commit

_BRANCHES, _REMOTES, _TAGS, _EXPERIMENTS = "refs/heads/", "refs/remotes/", "refs/tags/", "refs/exps/"
# DVC's own, under _EXPERIMENTS: what it is about to run or has put aside.
_NOT_EXPERIMENTS = ("apply", "celery", "exec", "stash", "temp")


@dataclass(frozen=True)
class Version:
    """A dataset as ``commit`` left it.

    ``data`` and ``sidecar``: what DVC recorded; both None where the commit removed the dataset. ``references``: the
    branches and tags in which it is so, ``tags`` the latter alone. ``experiment``: the DVC experiment that it is
    a commit of. ``moved_from``: the path that it had before.
    """

    path: str
    commit: Commit
    data: Recorded | None
    sidecar: Recorded | None
    references: tuple[str, ...]
    experiment: str | None
    moved_from: str | None
    tags: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What people call it by: the references, and the experiment."""
        return (*self.references, *([f"experiment {self.experiment}"] if self.experiment else []))


State = tuple[Recorded | None, Recorded | None]
_NOTHING: State = (None, None)
_Any = TypeVar("_Any")


class History:
    """``commits``, children before parents, and what each changed; ``references``: full names of those of interest.

    ``cut_off``: whether older commits are not here, so the oldest ones seem to have made all that they have.
    """

    def __init__(
        self,
        commits: Sequence[Commit],
        changes: Mapping[str, Changed],
        references: Mapping[str, str],
        *,
        cut_off: bool = False,
    ) -> None:
        self.commits = commits
        self.cut_off = cut_off
        self._changes = changes
        self._names = {ref: name for ref in references if (name := reference_name(ref)) is not None}
        self._by_sha = {commit.sha: commit for commit in commits}
        tips = {ref: sha for ref, sha in references.items() if sha in self._by_sha}
        self._tips = {ref: sha for ref, sha in tips.items() if ref in self._names}
        self._experiment_tips = {ref: sha for ref, sha in tips.items() if is_experiment(ref)}

    @cached_property
    def tracked(self) -> set[str]:
        """Every path that DVC tracked at any time."""
        return {path for changed in self._changes.values() for path in changed.outs}

    @cached_property
    def datasets(self) -> list[str]:
        """Every path that had a sidecar at any time, or an import, which may have one in its source; sorted."""
        imported = {
            path for changed in self._changes.values() for path, out in changed.outs.items() if out and out.imported
        }
        with_sidecar = {
            path.removesuffix(SIDECAR_SUFFIX)
            for path in self.tracked
            if path.endswith(SIDECAR_SUFFIX) and path.removesuffix(SIDECAR_SUFFIX) in self.tracked
        }
        return sorted(with_sidecar | {path for path in imported if not path.endswith(SIDECAR_SUFFIX)})

    @cached_property
    def unreadable(self) -> list[tuple[Commit, str]]:
        """DVC files that cannot be read, with the commits that left them so."""
        return [(commit, file) for commit in self.commits for file in self._changes[commit.sha].unreadable]

    def versions(self, path: str) -> list[Version]:
        """The versions of the dataset at ``path``, children before parents, under the names that it had before, too."""
        found: list[Version] = []
        seen: set[str] = set()
        waiting: list[tuple[str, Collection[str]]] = [(path, self._by_sha.keys())]
        while waiting:
            name, among = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for version in self.versions_at(name):
                if version.commit.sha in among:
                    found.append(version)
                    if version.moved_from is not None:
                        waiting.append((version.moved_from, self._ancestors(version.commit)))
        order = {commit.sha: place for place, commit in enumerate(self.commits)}
        return sorted(found, key=lambda version: (order[version.commit.sha], version.path))

    def versions_at(self, path: str) -> list[Version]:
        """The versions of what was at ``path``, children before parents, without those under earlier names."""
        return list(self._versions(path, self._states(path)))

    def made_by(self, states: Mapping[str, _Any]) -> dict[str, str]:
        """By each commit, the one that made what it has: the nearest whose state differs from those of all parents.

        ``states``: something that each commit has, by its id.
        """
        found: dict[str, str] = {}
        for commit in reversed(self.commits):
            alike = [sha for sha in commit.parents if states.get(sha) == states[commit.sha]]
            found[commit.sha] = found.get(alike[0], commit.sha) if alike else commit.sha
        return found

    def version_makers(self, path: str) -> dict[str, str]:
        """By each commit, the one of the version of the dataset at ``path`` that it has."""
        return self.made_by(self._states(path))

    def names(self, made_by: Mapping[str, str], beginning: str = "") -> dict[str, tuple[str, ...]]:
        """The branches and tags that have what a commit made, by the commit; those with this ``beginning``."""
        names: dict[str, tuple[str, ...]] = {}
        for reference, tip in self._tips.items():
            if not reference.startswith(beginning):
                continue
            names[made_by[tip]] = (*names.get(made_by[tip], ()), self._names[reference])
        return names

    def tags_at(self, commit: Commit) -> list[str]:
        """The tags of ``commit`` itself."""
        return sorted(
            self._names[ref] for ref, tip in self._tips.items() if tip == commit.sha and ref.startswith(_TAGS)
        )

    def experiment(self, commit: Commit) -> str | None:
        """The DVC experiment that alone has ``commit``."""
        return self._experiments.get(commit.sha)

    def _versions(self, path: str, states: Mapping[str, State]) -> Iterable[Version]:
        made_by = self.made_by(states)
        names, tags = self.names(made_by), self.names(made_by, _TAGS)
        for commit in self.commits:
            before = _before(commit, states)
            if states[commit.sha] not in before:
                data, sidecar = states[commit.sha]
                appears = data is not None and all(old[0] is None for old in before)
                yield Version(
                    path=path,
                    commit=commit,
                    data=data,
                    sidecar=sidecar,
                    references=names.get(commit.sha, ()) if data else (),
                    experiment=self.experiment(commit),
                    moved_from=self._moved_from(path, commit, data) if appears and data else None,
                    tags=tags.get(commit.sha, ()) if data else (),
                )

    def _states(self, path: str) -> dict[str, State]:
        """What each commit has of the dataset and its sidecar."""
        data, sidecar = self._values(path), self._values(path + SIDECAR_SUFFIX)
        # A sidecar alone is no dataset.
        return {sha: (data[sha], sidecar[sha] if data[sha] else None) for sha in self._by_sha}

    def _values(self, path: str) -> dict[str, Recorded | None]:
        values: dict[str, Recorded | None] = {}
        for commit in reversed(self.commits):
            inherited = values.get(commit.parents[0]) if commit.parents else None
            values[commit.sha] = self._changes[commit.sha].outs.get(path, inherited)
        return values

    def _moved_from(self, path: str, commit: Commit, data: Recorded) -> str | None:
        """The path that had ``data`` before ``commit``, which removed it there."""
        gone = [old for old, new in self._changes[commit.sha].outs.items() if new is None and old != path]
        for old in gone if commit.parents else ():
            if self._values(old).get(commit.parents[0]) == data:
                return old
        return None

    def _ancestors(self, commit: Commit) -> set[str]:
        return _reachable(commit.parents, self._by_sha)

    @cached_property
    def _experiments(self) -> dict[str, str]:
        """The experiment's name by each commit that is only an experiment's."""
        ordinary = _reachable(self._tips.values(), self._by_sha)
        found: dict[str, str] = {}
        for reference, tip in self._experiment_tips.items():
            name, sha = reference.rsplit("/", 1)[1], tip
            while sha in self._by_sha and sha not in ordinary and sha not in found:
                found[sha] = name
                sha = next(iter(self._by_sha[sha].parents), "")
        return found


def _before(commit: Commit, states: Mapping[str, State]) -> list[State]:
    return [states.get(sha, _NOTHING) for sha in commit.parents] or [_NOTHING]


def reference_name(reference: str) -> str | None:
    """A branch's or tag's short name by its full one; None for other references."""
    if reference == "HEAD":
        return "HEAD"
    for prefix in (_BRANCHES, _TAGS, _REMOTES):
        if reference.startswith(prefix):
            return None if reference.endswith("/HEAD") else reference.removeprefix(prefix)
    return None


def is_experiment(reference: str) -> bool:
    """Whether the full name ``reference`` is a DVC experiment's."""
    parts = reference.removeprefix(_EXPERIMENTS).split("/")
    return reference.startswith(_EXPERIMENTS) and len(parts) == 3 and parts[0] not in _NOT_EXPERIMENTS


def _reachable(tips: Iterable[str], commits: Mapping[str, Commit]) -> set[str]:
    found: set[str] = set()
    waiting = list(tips)
    while waiting:
        sha = waiting.pop()
        if sha in commits and sha not in found:
            found.add(sha)
            waiting += commits[sha].parents
    return found
