"""`dvc import` and `dvc update` of a dataset and its sidecar: both, at the same commit of the source, or neither.

DVC imports one path at a time. So the commit is found first, both are imported at it, and only then it is written down
which revision is followed. If the second fails, the first is undone. A process that is killed between the two leaves
them at different commits, or one without the other; the same command again mends that.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import shlex
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from provenance.errors import RepositoryError
from provenance.file_digests import md5_of
from provenance.files import remove, whole_file
from provenance.repository.calls import dvc_call
from provenance.repository.objects import file_md5s
from provenance.repository.sources import has_file, source_files, without_credentials
from provenance.repository.tracked import ImportSource, TrackedFile
from provenance.repository.tracking import Tracking
from provenance.repository.workspace import Workspace

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import Stage


@dataclass(frozen=True)
class Imported:
    """A dataset at ``path`` and its ``sidecar``, imported from ``source_path`` in the repository at ``url``.

    ``commit``: both are of this commit there; ``before``: of which the dataset was before. ``rev``: the revision that
    is followed, None for the default branch. ``changed``: whether anything was brought.
    """

    path: str
    sidecar: str
    url: str
    source_path: str
    rev: str | None
    commit: str
    before: str | None
    changed: bool


class Imports:
    """What is imported into the repository at ``root``. Paths are from there."""

    def __init__(self, root: Path, dvc: Repo, tracking: Tracking, workspace: Workspace, temporary: Path) -> None:
        self._root = root
        self._dvc = dvc
        self._tracking = tracking
        self._workspace = workspace
        self._unfinished = temporary / "importing"

    def bring(self, url: str, source_path: str, path: str, rev: str | None) -> Imported:
        """Import the dataset at ``source_path`` of the repository at ``url`` to ``path``, and its sidecar beside it.

        A dataset that was imported from there without its sidecar only gets that, at the dataset's commit.

        Args:
            url: of git, or a path, absolute or from the root.
            rev: a revision there; None: the newest of its default branch.

        Raises:
            RepositoryError: there is no such dataset, or no sidecar beside it; something else is at ``path``; or the
                repository cannot be opened. Nothing is left behind.
        """
        source = ImportSource(posixpath.normpath(source_path), {"url": url} | ({"rev": rev} if rev else {}))
        sidecar = _sidecar_of(path)
        tracked = self._tracking.files(None)
        here = tracked.get(path)
        half = here is not None and _is_from(here, source) and sidecar not in tracked
        if half:
            assert here is not None and here.source is not None
            commit = str(here.source.repo["rev_lock"])
            if rev is not None and self._commit(source.repo) != commit:
                said = (
                    f"{path}: imported already, at {commit[:9]}; import without --rev to add its sidecar, then update"
                )
                raise RepositoryError(said)
            followed = here.source.repo.get("rev")
            rev = rev if followed in (None, commit) else str(followed)
        else:
            self._require_free(path, sidecar, tracked)
            commit = self._commit(source.repo)
        self._require_sidecar(source, commit)
        if half:
            self._make_way(source, commit, sidecar)
        with self._undone(path, [sidecar] if half else [path, sidecar], [path] if half else []):
            data = self._load(path) if half else self._import(source, source.path, path, commit)
            beside = self._import(source, _sidecar_of(source.path), sidecar, commit)
            for stage in (data, beside):
                self._follow(stage, rev)
        return Imported(path, sidecar, _shown(url), source.path, rev, commit, commit if half else None, changed=True)

    def update(self, paths: Sequence[str], rev: str | None) -> list[Imported]:
        """Bring the datasets at ``paths`` to what is followed, or ``rev``; none: all imported with a sidecar.

        Raises:
            RepositoryError: one was not imported with its sidecar, has changed here, or is no longer there with a
                sidecar. Those before it are updated, it and those after it are as they were.
        """
        tracked = self._tracking.files(None)
        chosen = list(dict.fromkeys(paths)) or [path for path in sorted(tracked) if self._is_pair(path, tracked)]
        for path in chosen:
            if not self._is_pair(path, tracked):
                raise RepositoryError(self._no_pair(path, tracked))
            self._require_unchanged(path, tracked)
        return [self._update(path, tracked, rev) for path in chosen]

    def _update(self, path: str, tracked: dict[str, TrackedFile], rev: str | None) -> Imported:
        sidecar = _sidecar_of(path)
        data, beside = tracked[path].source, tracked[sidecar].source
        assert data is not None and beside is not None
        follow = rev or data.repo.get("rev")
        sought = {name: value for name, value in data.repo.items() if name not in ("rev", "rev_lock")}
        commit = self._commit(sought | ({"rev": follow} if follow else {}))
        at = [source.repo.get("rev_lock") for source in (data, beside)]
        same_rev = [source.repo.get("rev") for source in (data, beside)] == [follow, follow]
        changed = at != [commit, commit] or not same_rev
        if changed:
            self._require_sidecar(ImportSource(data.path, sought), commit)
            with self._undone(path, [], [path, sidecar]):
                for name in (path, sidecar):
                    with self._at_root(), dvc_call(name):
                        (stage,) = self._dvc.update([_pointer(name)], rev=commit)
                    self._follow(stage, follow)
        url = _shown(str(data.repo["url"]))
        return Imported(path, sidecar, url, data.path, follow, commit, at[0], changed)

    def _import(self, source: ImportSource, source_path: str, path: str, commit: str) -> Stage:
        (self._root / path).parent.mkdir(parents=True, exist_ok=True)
        with self._at_root(), dvc_call(source_path):
            stage: Stage = self._dvc.imp(source.repo["url"], source_path, out=path, rev=commit)
        return stage

    def _load(self, path: str) -> Stage:
        with self._at_root(), dvc_call(path):
            stage: Stage = self._dvc.stage.load_one(_pointer(path))
        return stage

    def _follow(self, stage: Stage, rev: str | None) -> None:
        """Write down that ``stage``, which was imported at a commit, follows ``rev``."""
        repo = stage.deps[0].def_repo
        repo.pop("rev", None)
        if rev is not None:
            repo["rev"] = rev
        with self._at_root(), dvc_call():
            stage.md5 = stage.compute_md5()
            stage.dump()

    def _commit(self, repo: dict[str, Any]) -> str:
        with dvc_call(_shown(str(repo["url"]))):
            sha = source_files(self._dvc, repo).repo.get_rev()
        if not sha:
            raise RepositoryError(f"{_shown(str(repo['url']))}: has no commit to import from")
        return str(sha)

    def _require_sidecar(self, source: ImportSource, commit: str) -> None:
        where = _shown(str(source.repo["url"]))
        with dvc_call(where):
            files = source_files(self._dvc, source.repo | {"rev_lock": commit})
            exists = has_file(files, source.path)
            if exists and has_file(files, _sidecar_of(source.path)):
                return
            around = [str(folder) for folder in PurePosixPath(source.path).parents if str(folder) != "."]
            whole = next((folder for folder in around if has_file(files, _sidecar_of(folder))), None)
        if not exists:
            raise RepositoryError(f"{where}: has no {source.path} at {commit[:9]}")
        if whole is not None:
            said = f"it is a part of {whole}, which has one: import that"
        else:
            said = (
                "record it there, or bring the data with `dvc import` and state what is known of it with "
                "`provenance declare`"
            )
        raise RepositoryError(f"{where}: {source.path} has no sidecar at {commit[:9]}; {said}")

    def _make_way(self, source: ImportSource, commit: str, sidecar: str) -> None:
        """Remove the sidecar that an import which was killed has left untracked; one of other content stays."""
        left = self._root / sidecar
        if not os.path.lexists(left):
            return
        with TemporaryDirectory(dir=self._unfinished.parent) as folder, dvc_call(sidecar):
            copy = Path(folder) / "sidecar"
            files = source_files(self._dvc, source.repo | {"rev_lock": commit})
            files.get(_sidecar_of(source.path), str(copy), recursive=True)
            same = _contents(left) == _contents(copy)
        if not same:
            raise RepositoryError(
                f"{sidecar}: exists already and is not the source's; move it elsewhere, then import again"
            )
        remove(left)

    def _require_free(self, path: str, sidecar: str, tracked: dict[str, TrackedFile]) -> None:
        self._clear_what_was_killed(path, sidecar, tracked)
        for name in (path, sidecar):
            if self._is_pair(path, tracked):
                raise RepositoryError(
                    f"{path}: imported already; `provenance update {shlex.quote(path)}` brings what is new"
                )
            if name in tracked or any(os.path.lexists(self._root / each) for each in (name, _pointer(name))):
                raise RepositoryError(f"{name}: exists already; remove it, or import to another path with -o")

    def _require_unchanged(self, path: str, tracked: dict[str, TrackedFile]) -> None:
        for name in (path, _sidecar_of(path)):
            now = self._workspace.md5_if_there(name)
            # What another commit brought, and a killed update did not write down, is nobody's change.
            if now is not None and now != tracked[name].md5 and not self._marker(path).exists():
                said = "changed since it was imported; keep a copy elsewhere, then restore it with `dvc checkout`"
                raise RepositoryError(f"{name}: {said} and update again")

    def _is_pair(self, path: str, tracked: dict[str, TrackedFile]) -> bool:
        data, beside = tracked.get(path), tracked.get(_sidecar_of(path))
        if data is None or beside is None or data.source is None or beside.source is None:
            return False
        same = data.source.repo["url"] == beside.source.repo["url"]
        return same and beside.source.path == _sidecar_of(data.source.path)

    def _no_pair(self, path: str, tracked: dict[str, TrackedFile]) -> str:
        here = tracked.get(path)
        if here is None or here.source is None:
            return f"{path}: not imported from another repository"
        command = f"provenance import {_shown(str(here.source.repo['url']))} {here.source.path} -o {path}"
        return f"{path}: imported without its sidecar; `{command}` adds it"

    @contextlib.contextmanager
    def _undone(self, path: str, new: Sequence[str], old: Sequence[str]) -> Iterator[None]:
        """If the block fails, all is as it was: the imports of ``new`` are gone, those of ``old`` as before.

        While it lasts there is a mark that something is done at ``path``.
        """
        pointers = {name: (self._root / _pointer(name)).read_bytes() for name in old}
        marker = self._marker(path)
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        try:
            yield
        except BaseException:
            for name in new:
                self._remove(name)
            for name, content in pointers.items():
                with whole_file(self._root / _pointer(name)) as temporary:
                    temporary.write_bytes(content)
            if old:
                with self._at_root(), dvc_call():
                    self._dvc.checkout([_pointer(name) for name in old], force=True, allow_missing=True)
            marker.unlink(missing_ok=True)
            raise
        marker.unlink(missing_ok=True)

    def _clear_what_was_killed(self, path: str, sidecar: str, tracked: dict[str, TrackedFile]) -> None:
        """Remove what an import that was killed has left at ``path`` untracked."""
        if self._marker(path).exists():
            for name in (path, sidecar):
                if name not in tracked:
                    self._remove(name)

    def _marker(self, path: str) -> Path:
        """The file that is there while something is imported to ``path``."""
        return self._unfinished / f"{path.replace('%', '%25').replace('/', '%2F')}"

    def _remove(self, name: str) -> None:
        place, pointer = self._root / name, self._root / _pointer(name)
        if pointer.exists():
            with self._at_root(), contextlib.suppress(RepositoryError), dvc_call():
                self._dvc.remove(_pointer(name), outs=True)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _at_root(self) -> Iterator[None]:
        # DVC takes a path of another repository, in its files, from the working directory.
        with contextlib.chdir(self._root):
            yield


def _is_from(here: TrackedFile, source: ImportSource) -> bool:
    found = here.source
    return found is not None and (found.repo["url"], found.path) == (source.repo["url"], source.path)


def _contents(path: Path) -> dict[str, str]:
    """The MD5 of each file of a folder, or of the file at ``path``."""
    return file_md5s(path) if path.is_dir() else {"": md5_of(path)}


def _sidecar_of(path: str) -> str:
    from provenance.identity.names import sidecar_path

    return sidecar_path(path)


def _pointer(name: str) -> str:
    return f"{name}.dvc"


def _shown(url: str) -> str:
    return without_credentials(url)
