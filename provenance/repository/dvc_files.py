"""What DVC files record, read from their text alone: for history, where DVC itself would take a second a commit.

DVC stays the judge: whatever is not plainly one of its usual files is `Unusual`, and is to be asked of DVC. All scalars
are read as text, so nothing in a file becomes anything but text, lists and mappings. `dvc.lock` is long and changes a
little at a time: it is read stage by stage, and each stage's text once.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from provenance.repository.tracked import LEGACY_HASH, ImportSource, TrackedFile

_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
_LOCK_HEAD = re.compile(r"schema: '2\.0'\nstages:\n(?=  \S)")
_STAGE_START = re.compile(r"^(?=  [^ \n#])", re.MULTILINE)
_TEMPLATE = "${"
_OUT_KINDS = ("outs", "metrics", "plots")

Lock = dict[str, dict[str, Any]]


class UnusualError(Exception):
    """The file is not one of DVC's usual ones, or a broken one: DVC itself has to read it, and say what is wrong."""


class DvcFiles:
    """Reads DVC files; ``file`` is their path from the DVC root, and so are the paths of what they track."""

    def __init__(self) -> None:
        self._stages: dict[str, Lock] = {}

    def single(self, file: str, text: str) -> list[TrackedFile]:
        """What a .dvc file tracks.

        Raises:
            UnusualError: only DVC can say.
        """
        with _reading():
            content = _mapping(_parse(text))
            source = _import_source(content)
            base = posixpath.join(posixpath.dirname(file), _scalar(content.get("wdir")) or ".")
            return [
                tracked
                for out in content.get("outs") or []
                if (tracked := _tracked(base, out["path"], out, _mapping(out), source=source)) is not None
            ]

    def pipeline(self, file: str, text: str, lock: str | None, *, lenient: bool = False) -> list[TrackedFile]:
        """What a dvc.yaml tracks, with what the dvc.lock beside it, if there is one, recorded.

        ``lenient``: of a stage that is written with variables take what was recorded.

        Raises:
            UnusualError: only DVC can say.
        """
        with _reading():
            stages = _mapping(_parse(text)).get("stages") or {}
            recorded = self._lock(lock) if lock is not None else {}
            found: list[TrackedFile] = []
            for name, stage in _mapping(stages).items():
                found += _stage(file, name, _mapping(stage), recorded, lenient=lenient)
            return found

    def _lock(self, text: str) -> Lock:
        head = _LOCK_HEAD.match(text)
        if head is None or any(not line.startswith("  ") for line in text[head.end() :].splitlines()):
            return _stages_of_lock(text)
        stages: Lock = {}
        for block in _STAGE_START.split(text[head.end() :]):
            if block and block not in self._stages:
                self._stages[block] = _stages_of_lock(f"stages:\n{block}")
            stages |= self._stages.get(block, {})
        return stages


@contextmanager
def _reading() -> Iterator[None]:
    """Turns what a file of another shape leads to into `UnusualError`."""
    from yaml import YAMLError

    try:
        yield
    except (YAMLError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UnusualError(str(error)) from error


def _parse(text: str) -> Any:
    import yaml

    # Both make nothing but text, lists and mappings; the second is for platforms without the C library.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    return yaml.load(text, Loader=loader)  # noqa: S506 - no loader is safer


def _mapping(value: Any) -> dict[str, Any]:
    # Merge keys are not resolved here.
    if not isinstance(value, dict) or "<<" in value:
        raise UnusualError("not a plain mapping")
    return value


def _scalar(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise UnusualError("not a plain value")


def _stages_of_lock(text: str) -> Lock:
    stages = _mapping(_parse(text)).get("stages") or {}
    return {
        name: {posixpath.normpath(out["path"]): _mapping(out) for out in _mapping(stage).get("outs") or []}
        for name, stage in _mapping(stages).items()
    }


def _stage(file: str, name: str, stage: dict[str, Any], recorded: Lock, *, lenient: bool) -> Iterator[TrackedFile]:
    is_group = "foreach" in stage or "matrix" in stage
    definition = _mapping(stage["do"]) if "do" in stage else stage
    wdir = _scalar(definition.get("wdir")) or "."
    base = posixpath.join(posixpath.dirname(file), wdir)
    outs = [out for kind in _OUT_KINDS for out in _stated_outs(kind, definition.get(kind) or [])]
    if _TEMPLATE in wdir or any(_TEMPLATE in path for path, _ in outs) or is_group:
        if _TEMPLATE in wdir or not lenient:
            raise UnusualError(f"{file}: stage {name} is written with variables")
        names = [each for each in recorded if each.startswith(f"{name}@")] if is_group else [name]
        instances = [(each, [(path, dict[str, Any]()) for path in recorded.get(each, {})]) for each in names]
    else:
        instances = [(name, outs)]
    for instance, stated in instances:
        address = instance if file == "dvc.yaml" else f"{file}:{instance}"
        for path, flags in stated:
            found = recorded.get(instance, {}).get(posixpath.normpath(path), {})
            tracked = _tracked(base, path, found, flags, stage=address)
            if tracked is not None:
                yield tracked


def _stated_outs(kind: str, outs: Iterable[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    result = {} if kind == "outs" else {kind.removesuffix("s"): "true"}
    for out in outs:
        for path, flags in _mapping(out).items() if isinstance(out, dict) else [(out, {})]:
            yield path, (_mapping(flags) if isinstance(flags, dict) else {}) | result


def _import_source(content: dict[str, Any]) -> ImportSource | None:
    dependencies, outs = content.get("deps") or [], content.get("outs") or []
    if "cmd" in content or not len(dependencies) == len(outs) == 1 or "repo" not in dependencies[0]:
        return None
    repo = _mapping(dependencies[0]["repo"])
    # What a configuration says may be more than text.
    if any(isinstance(value, dict | list) for value in repo.values()):
        raise UnusualError("an import with a configuration of its own")
    return ImportSource(dependencies[0]["path"], dict(repo))


def _tracked(
    base: str,
    path: str,
    recorded: dict[str, Any],
    flags: dict[str, Any],
    *,
    stage: str | None = None,
    source: ImportSource | None = None,
) -> TrackedFile | None:
    """One out, of a working directory ``base``; None for one that is outside of the repository."""
    if "://" in path:
        return None
    place = posixpath.normpath(posixpath.join(base, path))
    if place.startswith(("/", "..")) or "\\" in place or "files" in recorded:
        raise UnusualError(f"{path}: not a plain path in the repository")
    hash_name = _scalar(recorded.get("hash")) or LEGACY_HASH
    md5 = (_scalar(recorded.get("md5")) or "").lower() or None
    if hash_name not in ("md5", LEGACY_HASH) or (md5 is not None and not _MD5.fullmatch(md5)):
        raise UnusualError(f"{path}: not an MD5")
    size = _scalar(recorded.get("size"))
    return TrackedFile(
        path=place,
        md5=md5,
        size=None if size is None else int(size),
        hash_name=hash_name,
        stage=stage,
        remote=_scalar(flags.get("remote")),
        cached=_scalar(flags.get("cache", "true")) not in ("false", "False", "FALSE"),
        result=any(flags.get(kind, "false") not in ("false", "False", "FALSE", "") for kind in ("metric", "plot")),
        source=source,
    )
