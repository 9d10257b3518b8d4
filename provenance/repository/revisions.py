"""What DVC tracks at a commit, read without DVC where its files are plain, and remembered: a commit never changes."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from provenance.cached import read_cached, write_cached
from provenance.repository.dvc_files import DvcFiles, UnusualError
from provenance.repository.git import Git
from provenance.repository.tracked import ImportSource, TrackedFile

_VERSION = 1
Tracked = dict[str, TrackedFile]


class Revisions:
    """The commits of one repository. ``temporary``: a directory for what can be made again."""

    def __init__(self, git: Git, temporary: Path) -> None:
        self._git = git
        self._folder = temporary / "tracked"
        self._dvc_files = DvcFiles()
        self._known: dict[str, Tracked] = {}

    def tracked(self, commit: str, by_dvc: Callable[[], Tracked]) -> Tracked:
        """Every out at ``commit`` (a full id), by path; ``by_dvc`` asks DVC for the same."""
        if commit not in self._known:
            file = self._folder / f"{commit}.json"
            remembered = _from_json(read_cached(file, _VERSION))
            if remembered is None:
                try:
                    remembered = self._read(commit)
                except UnusualError:
                    remembered = by_dvc()
                write_cached(file, _VERSION, [asdict(tracked) for tracked in remembered.values()])
            self._known[commit] = remembered
        return self._known[commit]

    def _read(self, commit: str) -> Tracked:
        files = self._git.files(commit)
        if not any(path.startswith(".dvc/") for path in files):
            # A commit from before the DVC repository was made.
            return {}
        names = [path for path in files if _is_dvc_file(path) or posixpath.basename(path) == ".dvcignore"]
        if any("/.dvc/" in path for path in files) or not all(files[name] for name in names):
            raise UnusualError("repositories in the repository, or links")
        contents = self._git.contents(files[name] for name in names)
        texts = {name: _decoded(contents[files[name]]) for name in names}
        return {tracked.path: tracked for name, text in texts.items() for tracked in self._of_file(name, text, texts)}

    def _of_file(self, name: str, text: str, texts: dict[str, str]) -> Iterable[TrackedFile]:
        folder, base = posixpath.split(name)
        if base == ".dvcignore":
            if any(line.strip() and not line.startswith("#") for line in text.splitlines()):
                raise UnusualError("patterns of what DVC ignores")
            return []
        if base == "dvc.yaml":
            return self._dvc_files.pipeline(name, text, texts.get(posixpath.join(folder, "dvc.lock")))
        return self._dvc_files.single(name, text) if base.endswith(".dvc") else []


def _is_dvc_file(path: str) -> bool:
    base = posixpath.basename(path)
    return (base.endswith(".dvc") or base in ("dvc.yaml", "dvc.lock")) and ".dvc" not in path.split("/")


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusualError("not UTF-8") from error


def _from_json(stored: Any) -> Tracked | None:
    if stored is None:
        return None
    files = (
        TrackedFile(**{**each, "source": None if each["source"] is None else ImportSource(**each["source"])})
        for each in stored
    )
    return {file.path: file for file in files}
