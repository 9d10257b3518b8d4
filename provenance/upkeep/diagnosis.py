"""`provenance doctor`: what is wrong with a repository's set-up, and what mends each.

Whether sidecars and data belong together is what `status` says; whether they tell the truth is for `verify`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.capture.declaring.pipeline_changes import last_change
from provenance.engines.building import require_engine
from provenance.engines.choosing import VARIABLE, EngineName, chosen_engine
from provenance.errors import ProvenanceError, RepositoryError
from provenance.files import MODELS_FILE, REVOCATIONS_FILE
from provenance.identity.kernel import way
from provenance.identity.names import sidecar_path
from provenance.ledger.datasets import State
from provenance.ledger.graph.opening import store_in
from provenance.ledger.sidecars import Sidecars
from provenance.ledger.snapshot import snapshot_file
from provenance.repository.merge_conflicts import conflicts, mending_conflict, told_conflict
from provenance.settings import SETTINGS_FILE
from provenance.upkeep.adoption_plan import plan_adoption
from provenance.upkeep.changing_folders import FolderChange
from provenance.upkeep.preparing import missing_rules
from provenance.upkeep.remembered import index_is_whole, workspace_is_remembered

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset
    from provenance.repository import Repository
    from provenance.upkeep.adoption_plan import Plan

_COMMAND = re.compile(r"`([^`]+)`")
_ADOPT = "provenance adopt"
_DISTRIBUTION = "dvc-provenance"


@dataclass(frozen=True)
class Problem:
    """``what`` (a file, a stage, a program) is not as it has to be; ``mend`` is the command that changes that."""

    what: str
    problem: str
    mend: str


@dataclass(frozen=True)
class Note:
    """``said`` is what to know of ``what``; nothing is wrong with it."""

    what: str
    said: str


@dataclass(frozen=True)
class Diagnosis:
    """Everything that is found wrong, and what else there is to know."""

    problems: list[Problem]
    notes: list[Note]


def diagnose(repository: Repository) -> Diagnosis:
    """Look at everything; what can only be looked at when something else is mended is left for then."""
    found = [*_programs(), *_folders(repository)]
    kind, _, ids = way().partition(": ")
    notes = [Note(kind, ids)]
    conflicting = conflicts(repository.root)
    if conflicting:
        return Diagnosis([*found, *(_conflict(file) for file in conflicting)], notes)
    found += _interrupted(repository)
    try:
        found += [*_files(repository), *_engine(repository)]
        plan = plan_adoption(repository)
        found += _pipelines(plan)
        notes += (Note(each.what, f"without lineage: {each.reason}") for each in plan.left if each.is_dataset)
        is_right, workspace = workspace_is_remembered(repository)
        if not is_right:
            found.append(
                Problem("the workspace", workspace, f"rm {shlex.quote(str(snapshot_file(repository.temporary)))}")
            )
        with Sidecars.open(repository) as ledger:
            found += _datasets(repository, ledger, plan)
            is_whole, index = index_is_whole(ledger)
        if not is_whole:
            mend = f"rm -r {shlex.quote(str(store_in(repository.temporary).directory))} && provenance index"
            found.append(Problem("the index", index, mend))
        notes += (Note("the workspace", workspace), Note("the index", index))
    except ProvenanceError as error:
        named = _COMMAND.findall(str(error))
        found.append(Problem("the repository", str(error), named[0] if named else "dvc status"))
    return Diagnosis(list(dict.fromkeys(found)), notes)


def _programs() -> Iterator[Problem]:
    """DVC of another version than works here, and stages that would not find `provenance`."""
    from packaging.requirements import Requirement

    try:
        required = [Requirement(each) for each in metadata.requires(_DISTRIBUTION) or ()]
    except metadata.PackageNotFoundError:
        required = []
    for each in required:
        if each.name == "dvc" and not each.specifier.contains(version := metadata.version("dvc"), prereleases=True):
            yield Problem("dvc", f"version {version}, but {each} is needed", f"pip install {shlex.quote(str(each))}")
    if shutil.which("provenance") is None:
        here = Path(sys.executable).parent
        yield Problem(
            "provenance", "not on PATH, so stages do not find it", f"export PATH={shlex.quote(str(here))}:$PATH"
        )


def _folders(repository: Repository) -> Iterator[Problem]:
    inside = repository.root / ".dvc" / "tmp"
    if repository.temporary.parent != inside:
        yield Problem(".dvc/tmp", "cannot be written, so nothing is remembered", f"chmod -R u+w {inside}")
    cache = repository.pipelines.cache_folder()
    there = next(folder for folder in (cache, *cache.parents) if folder.exists())
    if not os.access(there, os.W_OK):
        place = shlex.quote(str(there))
        yield Problem(str(cache), "DVC's cache cannot be written, so no stage can end", f"chmod u+w {place}")


def _conflict(file: str) -> Problem:
    named = _COMMAND.findall(mending_conflict(file))
    return Problem(file, told_conflict(file), " && ".join(named))


def _interrupted(repository: Repository) -> Iterator[Problem]:
    last = last_change(repository)
    if last is not None and not last.is_done:
        yield Problem("dvc.lock", f"`provenance {last.note['by']}` was interrupted while it changed files", _ADOPT)
    for change in FolderChange.all_begun(repository):
        mend = f"provenance purge {shlex.quote(change.path)}"
        yield Problem(change.path, "`provenance purge` was interrupted while it changed files", mend)


def _files(repository: Repository) -> Iterator[Problem]:
    """What `init` writes, and what git must not ignore."""
    root = repository.root
    if not (root / SETTINGS_FILE).exists():
        yield Problem(SETTINGS_FILE, "missing, so nobody sees by which settings lineage is recorded", "provenance init")
    else:
        for name, rule in missing_rules(repository):
            yield Problem(name, f"lacks the rule {rule}", "provenance init")
    documents = ((SETTINGS_FILE, repository.settings), (MODELS_FILE, repository.models))
    for file, read in (*documents, (REVOCATIONS_FILE, repository.revocations)):
        try:
            read()
        except RepositoryError as error:
            yield Problem(file, str(error), f"git diff {file}")
    tracked = {stage.file for stage in repository.pipelines.stages()}
    pointers = {f"{dataset.path}.dvc" for dataset in repository.datasets() if dataset.stage is None}
    for file in sorted({SETTINGS_FILE, MODELS_FILE, REVOCATIONS_FILE, *tracked, *pointers}):
        if (root / file).exists() and repository.is_ignored_by_git(file):
            yield Problem(file, "ignored by git, so others do not get it", f"git add --force {shlex.quote(file)}")


def _engine(repository: Repository) -> Iterator[Problem]:
    """An engine that everybody asks for by the settings, and that cannot start here."""
    try:
        require_engine(chosen_engine(None, repository.settings().engine))
    except ProvenanceError as error:
        named = _COMMAND.findall(str(error))
        yield Problem("the engine", str(error), named[0] if named else f"export {VARIABLE}={EngineName.DUCKDB}")


def _pipelines(plan: Plan) -> Iterator[Problem]:
    """Stages without the prefix, or without sidecars among their deps and outs."""
    for stage in plan.stages:
        new = plan.edited.get(stage.address)
        if new is None:
            continue
        lacking = [] if new.command == stage.command else ["its command does not run under `provenance run`"]
        for kind in ("outs", "deps"):
            more = [path for path in new.paths(kind) if path not in stage.paths(kind)]
            lacking += [f"its {kind} lack {', '.join(more)}"] if more else []
        yield Problem(f"stage {stage.address}", "; ".join(lacking), _ADOPT)


def _datasets(repository: Repository, ledger: Sidecars, plan: Plan) -> Iterator[Problem]:
    made_by = {dataset.path: dataset.stage for dataset in repository.datasets()}
    for dataset in ledger.recorded:
        yield from _state(repository, dataset, made_by.get(dataset.path))
    for path, reason in ledger.unfetched.items():
        yield Problem(path, f"its sidecar is not here: {reason}", f"dvc pull {shlex.quote(sidecar_path(path))}")
    for path, reason in ledger.unusable.items():
        yield Problem(path, reason, f"dvc checkout --force {shlex.quote(sidecar_path(path))}")
    for path in ledger.unrecorded:
        if path in plan.added:
            yield Problem(path, "has no sidecar", _ADOPT)
    for remark in ledger.remarks:
        what, _, said = remark.partition("; ")[0].partition(": ")
        named = _COMMAND.findall(remark.partition("; ")[2])
        if named and not remark.startswith("stage "):
            yield Problem(what, said, named[0])


def _state(repository: Repository, dataset: RecordedDataset, stage: str | None) -> Iterator[Problem]:
    path, beside = shlex.quote(dataset.path), shlex.quote(sidecar_path(dataset.path))
    if dataset.state is State.STALE:
        again = f"dvc repro {shlex.quote(stage)}" if stage else f"provenance add {path} --origin … --source …"
        yield Problem(dataset.path, "its sidecar was made for other data than is here", again)
    elif dataset.state is State.CHANGED:
        yield Problem(
            dataset.path, "its sidecar is not the one that DVC has recorded", f"dvc checkout --force {beside}"
        )
    is_here = (repository.root / dataset.path).exists()
    if stage and is_here and not (repository.root / sidecar_path(dataset.path)).exists():
        problem = f"its sidecar is not in the workspace, so `dvc repro` would run the stage {stage} again"
        yield Problem(dataset.path, problem, f"dvc checkout {beside} || dvc pull {beside}")
