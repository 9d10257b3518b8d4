"""Some files of a directory get other contents, or go, together: what was interrupted can be finished.

New contents are written aside. When all are there, a rename of their folder, with a journal in it, makes them count.
Then each takes its place by a rename of its own: what is still aside is still to be done. Unlike a `FileSet`,
nothing is copied and nothing can be taken back: there may be much, and DVC has what was there before.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import RepositoryError
from provenance.file_digests import md5_of
from provenance.file_sets import sync_folder
from provenance.files import sync_directory, whole_file
from provenance.repository.objects import md5_of_directory

if TYPE_CHECKING:
    from provenance.identity.formats.interface import Rewriting
    from provenance.repository import Repository

_FOLDER = "changes"
_JOURNAL = "files.json"


@dataclass(frozen=True)
class _File:
    """A file, by its path in the directory, and the MD5 of its content ``before`` and ``after`` (None: it goes)."""

    name: str
    before: str
    after: str | None


@dataclass(frozen=True)
class FolderChange:
    """A change of the directory at ``path``, from the DVC root, that has begun to count.

    ``before`` and ``after`` are DVC's hashes of the directory. What file number n is to be is in the file n of
    ``folder``, until it has taken its place.
    """

    path: str
    folder: Path
    before: str
    after: str
    files: tuple[_File, ...]

    @classmethod
    def begun(cls, repository: Repository, path: str) -> FolderChange | None:
        """The change of ``path`` that was interrupted; None where none was."""
        return cls._in(_place_of(repository, path))

    @classmethod
    def all_begun(cls, repository: Repository) -> list[FolderChange]:
        """The changes of all directories that were interrupted, by their paths."""
        found = map(cls._in, (repository.temporary / _FOLDER).glob("*"))
        return sorted((change for change in found if change is not None), key=lambda change: change.path)

    @classmethod
    def _in(cls, folder: Path) -> FolderChange | None:
        try:
            journal = json.loads((folder / _JOURNAL).read_text(encoding="utf-8"))
            files = tuple(_File(*entry) for entry in journal["files"])
            return cls(journal["path"], folder, journal["before"], journal["after"], files)
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def finish(self, repository: Repository) -> None:
        """Change the files that are not changed yet; the change is done then.

        Raises:
            RepositoryError: somebody else has changed the directory since; it is left as it is.
        """
        now = repository.file_md5s(self.path)
        for number, file in enumerate(self.files):
            found = now.pop(file.name, None)
            if file.after is not None:
                now[file.name] = file.after
            can_be_done = file.after is None or (self.folder / str(number)).exists()
            if found != file.after and not (found == file.before and can_be_done):
                raise self._changed_since(f"{self.path}/{file.name}")
        if md5_of_directory(now) != self.after:
            raise self._changed_since(self.path)
        self.put(repository.root / self.path)

    def put(self, directory: Path) -> None:
        """Give all files of ``directory`` that are aside their places; the change is done then."""
        for number, file in enumerate(self.files):
            target, new = directory / file.name, self.folder / str(number)
            if file.after is None:
                target.unlink(missing_ok=True)
            elif new.exists():
                _move(new, target)
        for folder in dict.fromkeys((directory / file.name).parent for file in self.files):
            sync_directory(folder)
        self.remove()

    def remove(self) -> None:
        """Forget the change: nobody finishes it any more."""
        # The journal last, as without it nobody would know what is left for what it is.
        for number in range(len(self.files)):
            (self.folder / str(number)).unlink(missing_ok=True)
        (self.folder / _JOURNAL).unlink()
        self.folder.rmdir()

    def _changed_since(self, what: str) -> RepositoryError:
        return RepositoryError(
            f"{what}: changed after a change of {self.path} was interrupted; put it back with "
            f"`dvc checkout --force {shlex.quote(self.path)}`, then do the same again"
        )


def lock_of(path: str) -> str:
    """The name of the lock, see `only_writer`, of who changes what is at ``path``, from the DVC root."""
    return f"change-{_key(path)}"


@contextmanager
def changed_folder(
    repository: Repository, path: str, md5: str | None, rewritings: Iterable[tuple[str, Rewriting | None]], aside: Path
) -> Iterator[tuple[str, int]]:
    """Yield the hash and the size that DVC will give to the directory at ``path``, which changes when the block ends.

    ``rewritings``: the files that change, see `changed_files`. ``md5``: DVC's hash of the directory when these were
    chosen. ``aside``: an empty folder, on the disk of `Repository.temporary`. Whatever takes its place within the block
    is there before the first file: by that, `FolderChange.begun` may be finished or forgotten.

    Raises:
        RepositoryError: somebody has changed the directory, or it cannot be written to. Nothing has changed then.
    """
    directory = repository.root / path
    drafted = []
    for number, (name, rewrite) in enumerate(rewritings):
        if not os.access((directory / name).parent, os.W_OK):
            raise RepositoryError(f"{path}/{name}: cannot be replaced, as nothing may be written beside it")
        drafted.append((name, _drafted(directory / name, rewrite, aside / str(number))))
    before = repository.file_md5s(path)
    if md5_of_directory(before) != md5:
        raise RepositoryError(f"{path}: has changed while it was read; do the same again once nobody writes to it")
    size = repository.md5(path)[1]
    after, files = dict(before), []
    for name, (new, grown) in drafted:
        del after[name]
        if new is not None:
            after[name] = new
        files.append(_File(name, before[name], new))
        size += grown
    change = FolderChange(
        path, _place_of(repository, path), md5_of_directory(before), md5_of_directory(after), tuple(files)
    )
    _let_count(change, aside)
    try:
        yield change.after, size
    except BaseException:
        change.remove()
        raise
    change.put(directory)


def _drafted(target: Path, rewrite: Rewriting | None, new: Path) -> tuple[str | None, int]:
    """The MD5 of what ``target`` is to be, which is written to ``new``, and by how many bytes it grows."""
    if rewrite is None:
        return None, -target.stat().st_size
    rewrite(new)
    return md5_of(new), new.stat().st_size - target.stat().st_size


def _let_count(change: FolderChange, aside: Path) -> None:
    files = [[file.name, file.before, file.after] for file in change.files]
    journal = {"path": change.path, "before": change.before, "after": change.after, "files": files}
    (aside / _JOURNAL).write_text(json.dumps(journal), encoding="utf-8")
    sync_folder(aside)
    change.folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(change.folder, ignore_errors=True)
    os.replace(aside, change.folder)
    sync_directory(change.folder.parent)


def _place_of(repository: Repository, path: str) -> Path:
    """Where the contents of a change of ``path`` are, and its journal."""
    return repository.temporary / _FOLDER / _key(path)


def _key(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:32]


def _move(new: Path, target: Path) -> None:
    try:
        os.replace(new, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with whole_file(target) as temporary:
            shutil.copyfile(new, temporary)
        new.unlink()
