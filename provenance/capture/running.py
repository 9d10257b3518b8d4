"""`provenance run`: run a stage's command, then complete the sidecar of each of its dataset outs.

The command runs unchanged, as a child that shares our terminal. Its exit code is passed on; a command that failed gets
no sidecar. An out whose sidecar the recorder has already completed is left as it is.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from provenance.capture.environment import describe_environment
from provenance.capture.generators import Model
from provenance.capture.identities import identity_of, inheriting, parent_key_of, parts_of, tokenizer_of
from provenance.capture.reading import dependency_at
from provenance.capture.stage_imports import packages_noted, watched
from provenance.engines.building import require_engine, tasks_of
from provenance.engines.choosing import EngineName
from provenance.errors import ProvenanceError, RepositoryError, SidecarError
from provenance.file_digests import stamp_of
from provenance.files import scratch_folder
from provenance.identity.names import sidecar_path
from provenance.lineage.accounting import StageAccount, account_for
from provenance.lineage.births import Dependency
from provenance.lineage.completion import Completion, complete
from provenance.lineage.generating import generating
from provenance.lineage.records import Activity, ActivityType, IdentitySettings
from provenance.lineage.sidecar import open_sidecar
from provenance.plurals import counted
from provenance.repository import Repository, Stage
from provenance.repository.remarks import NOT_AS_RECORDED, missing_dependency
from provenance.repository.stages import missing_sidecars
from provenance.settings import require_parts

# Progress of reading one dataset: its path gives a function that takes the number of rows in each batch read.
ProgressOf = Callable[[str], Callable[[int], None]]


@dataclass(frozen=True)
class Completed:
    """One dataset out of a stage; ``completion`` is None where its recorder had completed it.

    ``identity``: which columns count, as its sidecar states it.
    """

    path: str
    completion: Completion | None
    identity: IdentitySettings


@dataclass(frozen=True)
class StageResult:
    """What `run_stage` did. ``exit_code`` is what a shell gives as the command's; of a failed one there is no more.

    ``unaccounted``: paths of the datasets that the stage depends on whose rows cannot be accounted for, since they have
    no sidecar. ``warnings``: what to mend in the stage, one line each.
    """

    stage: str
    exit_code: int
    datasets: tuple[Completed, ...] = ()
    account: StageAccount | None = None
    unaccounted: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def run_stage(
    repository: Repository,
    command: Sequence[str],
    progress_of: ProgressOf,
    parts: int | None = None,
    engine: EngineName = EngineName.DUCKDB,
) -> StageResult:
    """Run ``command`` as the running DVC stage's, then complete its outs' sidecars.

    ``parts``: into how many files these are divided; None: as the settings say. ``engine``: what reads the outs and
    completes them: this process, or tasks of Spark.

    Raises:
        RepositoryError: not inside a stage, no dataset out with a sidecar, or an out that the command did not write.
        DataError: an out cannot be read, or a row's ``_parents`` cannot be resolved.
        ProvenanceError: the command cannot be started, or the engine cannot.
    """
    if parts is not None:
        _check_parts(parts)
    stage = repository.current_stage()
    if stage is None:
        raise RepositoryError(
            "`provenance run` runs inside a DVC stage; add one with `provenance stage add`, start it with `dvc repro`"
        )
    outs = dataset_outs(stage)
    if not outs:
        raise RepositoryError(
            f"stage {stage.name} has no dataset out with a sidecar; declare `<dataset>.lineage.parquet` as a second "
            "out in dvc.yaml, or add the stage with `provenance stage add`"
        )
    # What cannot be had is told before the command runs, not after.
    require_engine(engine)
    for path in stage.datasets:
        repository.sidecar_file(path)
    changed = [f"{path}: {NOT_AS_RECORDED}" for path in stage.datasets if repository.has_other_sidecar(path)]
    # DVC leaves outs with `persist` in place, so a sidecar of the last run may be there, and be of just the same bytes.
    left = {out: _stamp(repository.root / sidecar_path(out)) for out in outs}
    started = datetime.now(UTC)
    environment = describe_environment(repository, stage)
    with scratch_folder(repository.temporary, "imports") as folder:
        exit_code = _run(command, watched(os.environ, folder))
        packages = packages_noted(folder)
    if exit_code != 0:
        return StageResult(stage.name, exit_code)
    derivation = Activity(
        type=ActivityType.DERIVATION,
        stage=environment.stage,
        git=environment.git,
        packages=packages,
        started=started,
        ended=datetime.now(UTC),
    )
    unread = [missing_dependency(stage.name, path, stage.wdir) for path in _unread(repository, stage)]
    _require_written(repository, stage, outs)
    recorded = [out for out in outs if _is_recorded(repository, out, left[out])]
    completed = tuple(_complete_outs(repository, stage, outs, recorded, derivation, progress_of, parts, engine))
    sidecars = {path: repository.sidecar_file(path) for path in stage.datasets}
    inputs = [sidecar for sidecar in sidecars.values() if sidecar is not None]
    with scratch_folder(repository.temporary, "account") as workspace:
        account = account_for(inputs, [repository.root / sidecar_path(out) for out in outs], workspace)
    unaccounted = tuple(path for path, sidecar in sidecars.items() if sidecar is None)
    warnings = (*changed, *unread, *_only_inherited(completed, packages), *_changed_text(completed))
    return StageResult(stage.name, exit_code, completed, account, unaccounted, warnings)


def _check_parts(parts: int) -> None:
    try:
        require_parts(parts)
    except ValueError as error:
        raise ProvenanceError(f"--parts: {error}") from error


def _only_inherited(completed: Sequence[Completed], packages: Mapping[str, str]) -> Iterator[str]:
    """Outs with rows of which nothing is stated but their parents, though the command could have asked a model."""
    libraries = generating(packages)
    for dataset in completed:
        rows = dataset.completion.derived + dataset.completion.aligned if dataset.completion else 0
        if libraries and rows:
            yield (
                f"{dataset.path}: {counted(rows, 'row')} with an origin that is only inherited from parents, and the "
                f"command imported {', '.join(libraries)}; if a model wrote any, record that with `provenance.record`, "
                "or name it in a column `_model`"
            )


def _changed_text(completed: Sequence[Completed]) -> Iterator[str]:
    """Outs with rows that were carried though somebody wrote other text beside their content."""
    for dataset in completed:
        done = dataset.completion
        if done is not None and done.text_changed:
            columns = ", ".join(done.text_compared)
            yield (
                f"{dataset.path}: {counted(done.text_changed, 'row')} carried with other text than before in what does "
                f"not count as content ({columns}); if a model wrote it, name it among the `fields` in provenance.yaml"
            )


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run ``command`` as a child that shares our terminal; its exit code, as a shell would give it."""
    try:
        process = subprocess.Popen(list(command), env=environment)
    except OSError as error:
        raise ProvenanceError(f"{command[0]}: cannot be run: {error.strerror}; see the stage's cmd") from error
    # Ctrl-C reaches the command as well, and what to do about it is for the command to decide.
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, previous)
    return code if code >= 0 else 128 - code


def _unread(repository: Repository, stage: Stage) -> list[str]:
    """The datasets whose sidecars lie here, and are no dependency of ``stage`` though the data is."""
    here = [path for path, md5 in stage.dependencies if md5 is not None]
    return missing_sidecars(here, lambda beside: (repository.root / beside).exists())


def dataset_outs(stage: Stage) -> list[str]:
    """The stage's outs that are datasets and have a sidecar among the outs."""
    return [out for out in stage.outs if sidecar_path(out) in stage.outs]


def _complete_outs(
    repository: Repository,
    stage: Stage,
    outs: Sequence[str],
    recorded: Sequence[str],
    derivation: Activity,
    progress_of: ProgressOf,
    parts: int | None,
    engine: EngineName,
) -> Iterator[Completed]:
    known = [*stage.datasets, *recorded]
    settings = repository.settings()
    with (
        scratch_folder(repository.temporary, "run") as workspace,
        # What commands have recorded themselves needs no tasks.
        tasks_of(engine) if len(recorded) < len(outs) else nullcontext() as tasks,
    ):
        dependencies = [_dependency(repository, path, stage.wdir) for path in known]
        for out in outs:
            if out in recorded:
                identity = open_sidecar(repository.root / sidecar_path(out)).header.identity
                yield Completed(out, None, identity)
                continue
            known_here = [*dependencies, *_own(repository, out)]
            sidecars = [dependency.sidecar for dependency in known_here]
            completion = complete(
                repository.root / out,
                repository.root / sidecar_path(out),
                dataset_path=out,
                identity=inheriting(identity_of(settings, out, repository), sidecars),
                fingerprint=repository.md5,
                workspace=workspace,
                temporary=repository.temporary,
                tokenizer=tokenizer_of(settings, out),
                dependencies=known_here,
                derivation=derivation,
                key=parent_key_of(settings, out),
                parts=parts_of(settings, out, repository) if parts is None else parts,
                agent_of=lambda name: Model(name=name).agent(),
                progress=progress_of(out),
                tasks=tasks,
            )
            yield Completed(out, completion, completion.identity)


def _require_written(repository: Repository, stage: Stage, outs: Sequence[str]) -> None:
    missing = [out for out in outs if not (repository.root / out).exists()]
    if missing:
        raise RepositoryError(
            f"{missing[0]}: stage {stage.name} declares it as an out, but its command did not write it"
        )


def _stamp(sidecar: Path) -> list[int] | None:
    """What differs once somebody has written to the sidecar; None where there is none."""
    return stamp_of(sidecar) if sidecar.exists() else None


def _is_recorded(repository: Repository, out: str, left: list[int] | None) -> bool:
    """Whether the command, by the recorder, made the out's sidecar, for just the file that is there.

    ``left``: the stamp of the one that was there before.
    """
    sidecar = repository.root / sidecar_path(out)
    if _stamp(sidecar) in (None, left):
        return False
    dataset = open_sidecar(sidecar).header.dataset
    return dataset.path == out and dataset.md5 == repository.md5(repository.root / out)[0]


def _dependency(repository: Repository, path: str, wdir: str) -> Dependency:
    """The dataset at ``path``, which the stage's script calls by its path from ``wdir``."""
    # A changed sidecar is among the stage's warnings.
    return replace(dependency_at(repository.root / path, repository, quiet=True), name=os.path.relpath(path, wdir))


def _own(repository: Repository, out: str) -> list[Dependency]:
    """The sidecar beside the out: the command changed the out after recording it, or it is the last run's."""
    sidecar = repository.root / sidecar_path(out)
    try:
        open_sidecar(sidecar)
    except SidecarError:
        return []
    return [Dependency(path=out, name=out, data=None, sidecar=sidecar)]
