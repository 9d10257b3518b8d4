"""Pipelines as they are written (dvc.yaml) and as DVC recorded them (dvc.lock): for whoever changes both together.

DVC resolves variables, `foreach` and `matrix`, of a file as it is or as it would be. What is changed in dvc.lock is
written as DVC itself writes it.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from provenance.errors import RepositoryError
from provenance.file_digests import md5_of
from provenance.repository.calls import dvc_call, one_line
from provenance.repository.merge_conflicts import conflicts, told_conflict
from provenance.repository.objects import file_md5s, md5_of_directory, tree_of
from provenance.repository.stages import Stage

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.repo.index import Index

PIPELINE_FILE = "dvc.yaml"
LOCK_FILE = "dvc.lock"
_DEFAULT_PARAMETERS_FILE = "params.yaml"
_MEANING_SOMETHING_TO_GIT = re.compile(r"([\[\]!*#?\\])")


@dataclass(frozen=True)
class Recorded:
    """What is recorded of a file or directory: DVC's hash of it and its size in bytes.

    ``files``: how many a directory has.
    """

    md5: str
    size: int
    files: int | None = None

    def as_out(self) -> dict[str, Any]:
        """As DVC writes it into its files, without the path."""
        return {"md5": self.md5, "size": self.size} | ({} if self.files is None else {"nfiles": self.files})


@dataclass(frozen=True)
class LockChange:
    """What changes in a stage's entry of dvc.lock; paths as the stage writes them.

    ``command``: as it was and as it is to be. It only takes its place where the lock had the one that was: else the
    stage is to run again, and stays so.
    """

    command: tuple[Any, Any] | None = None
    deps: Mapping[str, Recorded] = field(default_factory=dict)
    outs: Mapping[str, Recorded] = field(default_factory=dict)


@dataclass(frozen=True)
class StageText:
    """A stage as it is written, variables resolved: ``name`` (of a group's member: GROUP@KEY) in the file ``file``."""

    file: str
    name: str
    definition: Mapping[str, Any]

    @property
    def address(self) -> str:
        """Its address from the DVC root."""
        return self.name if self.file == PIPELINE_FILE else f"{self.file}:{self.name}"

    @property
    def group(self) -> str:
        """The name under which it is written in the file."""
        return self.name.partition("@")[0]

    @property
    def command(self) -> Any:
        """The command, or the list of commands."""
        return self.definition.get("cmd", "")

    @property
    def commands(self) -> list[str]:
        """What DVC runs, one after another: each line of a text, each item of a list with all of its lines."""
        stated = self.command.splitlines() if isinstance(self.command, str) else [str(each) for each in self.command]
        return [each.strip() for each in stated if each.strip()]

    @property
    def wdir(self) -> str:
        """Its working directory, from the DVC root."""
        stated = str(self.definition.get("wdir") or ".")
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.file), stated))

    def paths(self, kind: str) -> list[str]:
        """What stands under ``kind`` (deps, outs, metrics, plots), in order, as it is written."""
        found: list[str] = []
        for each in self.definition.get(kind) or []:
            found += [str(name) for name in each] if isinstance(each, Mapping) else [str(each)]
        return found

    def from_root(self, path: str) -> str | None:
        """``path``, as the stage writes it, from the DVC root; None for what is outside of the repository."""
        place = posixpath.normpath(posixpath.join(self.wdir, path))
        return None if "://" in path or place.startswith(("/", "../")) else place


class Pipelines:
    """The pipelines of the repository at ``root``; ``dvc`` opens DVC. Files are named from the root."""

    def __init__(self, root: Path, dvc: Callable[[], Repo]) -> None:
        self._root = root
        self._dvc = dvc

    def stages(self) -> list[StageText]:
        """All stages of all files, as DVC finds them.

        Raises:
            RepositoryError: a file cannot be read, or DVC would run none of them, as some depend on themselves.
        """
        from dvc.repo.index import Index
        from dvc.stage import PipelineStage

        try:
            with dvc_call():
                index = Index.from_repo(self._dvc())
                _require_runnable(index)
                found = [stage for stage in index.stages if isinstance(stage, PipelineStage)]
        except RepositoryError:
            for file in conflicts(self._root):
                raise RepositoryError(f"{file}: {told_conflict(file)}") from None
            raise
        files = sorted({str(stage.path_in_repo).replace(os.sep, "/") for stage in found})
        return [stage for file in files for stage in self.resolved(file, self.text(file))]

    def text(self, file: str) -> str:
        """The text of a file, line ends as they are."""
        try:
            return (self._root / file).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RepositoryError(f"{file}: cannot be read: {error}") from error

    def resolved(self, file: str, text: str) -> list[StageText]:
        """The stages of ``file`` if it held ``text``.

        Raises:
            RepositoryError: DVC cannot make sense of it.
        """
        from dvc.parsing import DataResolver
        from dvc.utils.serialize import parse_yaml

        with dvc_call(file):
            folder = str((self._root / file).parent)
            resolver = DataResolver(self._dvc(), folder, parse_yaml(text, file))
            stages = resolver.resolve()["stages"]
        return [StageText(file, name, definition) for name, definition in stages.items()]

    def recorded(self, file: str) -> dict[str, Any]:
        """The entries of the dvc.lock beside ``file``, by the names of stages; none where there is no such file.

        Raises:
            RepositoryError: it cannot be read.
        """
        from dvc.utils.serialize import parse_yaml

        lock = lock_of(file)
        if not (self._root / lock).exists():
            return {}
        with dvc_call(lock):
            stages = parse_yaml(self.text(lock), lock).get("stages") or {}
        return dict(stages)

    def changed_lock(self, file: str, changes: Mapping[str, LockChange]) -> str:
        """The text of the dvc.lock beside ``file`` with ``changes``, by the names of stages that stand in it."""
        from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

        lock = lock_of(file)
        with dvc_call(lock):
            content = parse_yaml_for_update(self.text(lock), lock)
            for name, change in changes.items():
                _change_entry(content["stages"][name], change)
            return str(dumps_yaml(content))

    def stage(self, stage: StageText) -> Stage:
        """``stage`` as DVC recorded that it ran."""
        entry = self.recorded(stage.file).get(stage.name, {})
        deps = {
            stage.from_root(str(dep["path"])) or str(dep["path"]): dep.get("md5") for dep in entry.get("deps") or []
        }
        command = entry.get("cmd", "")
        return Stage(
            name=stage.address,
            command=command if isinstance(command, str) else "\n".join(command),
            wdir=stage.wdir,
            dependencies=tuple(deps.items()),
            parameters=_parameters(stage, entry.get("params") or {}),
            outs=tuple(filter(None, map(stage.from_root, stage.paths("outs")))),
        )

    def keep(self, path: Path) -> None:
        """Put the content of the file or directory at ``path`` into DVC's cache."""
        with dvc_call():
            repo = self._dvc()
            if not path.is_dir():
                repo.cache.local.add(str(path), repo.fs, md5_of(path))
                return
            md5s = file_md5s(path)
            for name, md5 in md5s.items():
                repo.cache.local.add(str(path / name), repo.fs, md5)
            tree = tree_of(md5s)
            repo.cache.local.add(tree.path, tree.fs, tree.oid)

    def cache_folder(self) -> Path:
        """Where DVC keeps what it tracks."""
        with dvc_call():
            return Path(self._dvc().cache.local.path)

    def ignoring(self, path: str) -> tuple[str, str] | None:
        """The .gitignore that DVC would have name ``path``, and the line; None where git ignores it, or is not here."""
        from dvc.scm import NoSCM

        with dvc_call():
            scm = self._dvc().scm
            if isinstance(scm, NoSCM) or scm.is_ignored(str(self._root / path)):
                return None
        line = _MEANING_SOMETHING_TO_GIT.sub(r"\\\1", f"/{PurePosixPath(path).name}")
        return posixpath.join(posixpath.dirname(path), ".gitignore"), line

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes of DVC from changing the repository."""
        with dvc_call():
            lock = self._dvc().lock
            lock.lock()
        try:
            yield
        finally:
            lock.unlock()

    def remember_runs(self, addresses: frozenset[str]) -> None:
        """Enter these stages into DVC's run cache as they are recorded, so that a return to this state costs nothing.

        What DVC does not take into it is left out.
        """
        from dvc.exceptions import DvcException
        from dvc.repo.index import Index
        from dvc.stage import PipelineStage

        from provenance.repository.tracked import address

        with dvc_call():
            repo = self._dvc()
            for stage in Index.from_repo(repo).stages:
                if isinstance(stage, PipelineStage) and address(stage) in addresses:
                    try:
                        repo.stage_cache.save(stage)
                    except DvcException:
                        continue


def recorded_of(path: Path) -> Recorded:
    """What DVC records of the file or directory at ``path``, which is read."""
    if not path.is_dir():
        return Recorded(md5_of(path), path.stat().st_size)
    md5s = file_md5s(path)
    return Recorded(md5_of_directory(md5s), sum((path / name).stat().st_size for name in md5s), len(md5s))


def lock_of(file: str) -> str:
    """The dvc.lock beside the dvc.yaml ``file``."""
    return posixpath.join(posixpath.dirname(file), LOCK_FILE)


def pointer_text(path: str, recorded: Recorded) -> str:
    """What `dvc add` writes into the .dvc file of the file ``path``."""
    from dvc.utils.serialize import dumps_yaml

    out = recorded.as_out() | {"hash": "md5", "path": PurePosixPath(path).name}
    return str(dumps_yaml({"outs": [out]}))


def _require_runnable(index: Index) -> None:
    """Refuse pipelines that DVC itself does, .dvc files that depend on something (`dvc import-url`) among them."""
    from dvc.exceptions import CyclicGraphError, OutputDuplicationError, OverlappingOutputPathsError

    try:
        index.check_graph()
    except (CyclicGraphError, OutputDuplicationError, OverlappingOutputPathsError) as error:
        raise RepositoryError(
            f"DVC cannot run these pipelines: {one_line(error).rstrip('.')}; edit them until `dvc dag` succeeds"
        ) from error


def _change_entry(entry: Any, change: LockChange) -> None:
    if change.command is not None and entry.get("cmd") == change.command[0]:
        entry["cmd"] = change.command[1]
    for kind, files in (("deps", change.deps), ("outs", change.outs)):
        if not files:
            continue
        kept = [each for each in entry.get(kind) or [] if each["path"] not in files]
        new = [{"path": path, "hash": "md5"} | file.as_out() for path, file in files.items()]
        # In DVC's own order.
        entry[kind] = sorted([*kept, *new], key=lambda each: str(each["path"]))


def _parameters(stage: StageText, recorded: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file, values in recorded.items():
        place = stage.from_root(file) or file
        prefix = "" if place == _DEFAULT_PARAMETERS_FILE else f"{place}:"
        found |= {f"{prefix}{name}": value for name, value in (values or {}).items()}
    return found
