"""What is declared along with an adoption: of which datasets, by the names of stages or by paths."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.capture.declaring.declaration import Declaration
from provenance.errors import ProvenanceError, RepositoryError

if TYPE_CHECKING:
    from provenance.repository import Repository
    from provenance.repository.pipelines import StageText


@dataclass(frozen=True)
class Words:
    """What was given, each as TARGET:REST: the last colon, of what stands before the first `=`, ends the target."""

    values: Sequence[str] = ()
    mapping: Sequence[str] = ()
    parents: Sequence[str] = ()
    parent_key: Sequence[str] = ()


def declarations(repository: Repository, stages: Sequence[StageText], words: Words) -> dict[str, Declaration]:
    """What is declared of the rows of datasets, by their paths; paths in it are absolute.

    Raises:
        ProvenanceError: something is not of the form that it has to have, or names nothing that is here.
    """
    values, mapping = _pairs("--set", words.values), _pairs("--map", words.mapping)
    parents, keys = _texts("--parents", words.parents), _texts("--parent-key", words.parent_key)
    targets = dict.fromkeys((*values, *mapping, *parents, *keys))
    found: dict[str, Declaration] = {}
    for target in targets:
        declaration = Declaration(
            mapping=mapping.get(target, {}),
            values=values.get(target, {}),
            parents=[str(repository.root / repository.relative(path)) for path in parents.get(target, [])],
            parent_key=keys[target][-1] if target in keys else None,
        )
        declaration.check(target)
        for path in _datasets_of(repository, stages, target):
            if path in found:
                raise ProvenanceError(f"{path}: declared twice, the second time as {target}; name it in one way")
            found[path] = declaration
    return found


def _datasets_of(repository: Repository, stages: Sequence[StageText], target: str) -> list[str]:
    named = [stage for stage in stages if target in _names(stage.file, stage.group, stage.name, stage.address)]
    outs = [path for stage in named for path in map(stage.from_root, stage.paths("outs")) if path]
    if named:
        return outs
    try:
        path = repository.relative(target)
    except RepositoryError:
        path = ""
    if not path or repository.out(path) is None:
        raise ProvenanceError(f"{target}: neither a stage nor a dataset that DVC tracks; `dvc stage list` lists stages")
    return [path]


def command_of(declaration: Declaration, out: str, root: Path, wdir: str) -> str:
    """The command that declares the same of ``out``, in a stage that works in ``wdir``, when it has run again."""
    words = ["provenance", "declare", out, "--from", declaration.from_]
    for option, pairs in (("--map", declaration.mapping), ("--set", declaration.values)):
        words += [word for name, value in pairs.items() for word in (option, f"{name}={value}")]
    for path in declaration.parents:
        words += ["--parents", os.path.relpath(path, root / wdir)]
    if declaration.parent_key is not None:
        words += ["--parent-key", declaration.parent_key]
    return shlex.join(words)


def _names(file: str, group: str, name: str, address: str) -> Iterable[str]:
    return (name, group, address, f"{file}:{group}")


def _pairs(option: str, given: Sequence[str]) -> Mapping[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for text in given:
        head, sign, value = text.partition("=")
        target, colon, field = head.rpartition(":")
        if not (sign and colon and target and field and value):
            raise ProvenanceError(f"{option}: {text!r} is not of the form STAGE:FIELD=… or PATH:FIELD=…")
        if field in found.setdefault(target, {}):
            raise ProvenanceError(f"{option}: {field!r} is given twice for {target}")
        found[target][field] = value
    return found


def _texts(option: str, given: Sequence[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in given:
        target, _, rest = text.rpartition(":")
        if not (target and rest):
            raise ProvenanceError(f"{option}: {text!r} is not of the form STAGE:… or PATH:…")
        found.setdefault(target, []).append(rest)
    return found
