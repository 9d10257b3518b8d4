"""`provenance declare`: lineage stated afterwards, from columns or from what a generator left behind.

A person stands for it, so the evidence is `declared`. What was observed of the same rows stays, and comes first; what
was declared of them before is replaced.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.arguments import require, require_names, require_optional, require_text, shown
from provenance.capture.declaring.declaration import Declaration, Stated, births_declared
from provenance.capture.declaring.earlier import without_declared
from provenance.capture.declaring.pipeline_changes import pipeline_change
from provenance.capture.declaring.stage_sidecars import Spread, StageSidecars
from provenance.capture.identities import identity_of, inheriting, keeping_choice, parent_key_of, parts_of, tokenizer_of
from provenance.capture.reading import dependency_at, repository_around, say_if_changed
from provenance.errors import ProvenanceError, RepositoryError, SidecarError
from provenance.files import scratch_folder
from provenance.identity.names import is_dataset, sidecar_path
from provenance.lineage.births import Dependency, ParentKey
from provenance.lineage.completion import Completion, complete
from provenance.lineage.sidecar import open_sidecar
from provenance.repository.pipelines import recorded_of

if TYPE_CHECKING:
    from provenance.repository import Repository, Stage


@dataclass(frozen=True)
class Declared:
    """A dataset whose lineage was declared; paths are from the DVC root.

    ``stated``: rows of which something was stated; ``unmatched``: how often a parent's key was named that no row of
    ``parents`` has; ``tracked``: whether the sidecar was added with DVC. ``completion`` counts how the dataset's rows
    are explained. ``stage``: the one that made the dataset before, whose record in dvc.lock has the new sidecar;
    ``spread``: what changed with it. ``files``: what git is to track of that.
    """

    path: str
    sidecar: str
    stated: int
    unmatched: int
    tracked: bool
    completion: Completion
    stage: str | None = None
    spread: Spread = field(default_factory=Spread)
    files: tuple[str, ...] = ()


def declare(
    path: str | os.PathLike[str],
    from_: str = "columns",
    *,
    mapping: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    using: Sequence[str | os.PathLike[str]] = (),
    parents: Sequence[str | os.PathLike[str]] = (),
    parent_key: str | None = None,
    prices: str | os.PathLike[str] | None = None,
    keep_prompts: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Declared:
    """Write the sidecar of the dataset at ``path`` from what is stated of its rows, and track it where DVC tracks it.

    Args:
        from_: the importer, ``NAME`` or ``NAME:PART``: columns, croissant, curator, data_designer, datatrove,
            distilabel, hugging_face, openai_batch, otel_spans, prov_json, or one of a third party.
        mapping: from fields to the columns that hold them; what is mapped or set is believed before the importer.
        values: from fields to constants, or templates with ``{column}``.
        using: files and folders that the generator left.
        parents: datasets that the parents are in.
        parent_key: column of ``parents`` by which the field ``parent_key`` is looked up, exactly.
        prices: price table, see docs/prices.md.
        keep_prompts: also keep rendered prompts, not only their digests.
        progress: called with the number of rows in each batch read.

    Where it raises, nothing was written.

    Raises:
        DataError: a row cannot be read, or what is stated of it cannot be; the message names the row.
        ProvenanceError: no such importer, field, column or file.
        RepositoryError: the dataset is not in a DVC repository, or made by a stage of which its sidecar is not an out,
            or changed since that made it.
        SidecarError: samples are their own ancestors, or a sidecar of ``parents`` cannot be used.
    """
    _check_types(path, from_, mapping, values, using, parents, parent_key, prices)
    require("keep_prompts", keep_prompts, bool)
    if progress is not None and not callable(progress):
        raise ProvenanceError(f"progress: expected a function of a number of rows, got {shown(progress)}")
    repository = repository_around(path)
    name = repository.relative(path)
    stage = repository.current_stage()
    made_by = _stage_to_satisfy(repository, name, stage)
    declaration = Declaration(from_, mapping or {}, values or {}, using, parents, parent_key, prices, keep_prompts)
    declaration.check(name)
    if stage is None:
        say_if_changed(repository, name)
    if made_by is not None:
        return _declare_of_stage(repository, name, declaration, made_by, progress)
    with scratch_folder(repository.temporary, "declare") as workspace:
        stated = _stated(repository, name, declaration, stage, workspace)
        dependencies = _dependencies(repository, stage, stated.dependencies)
        output = repository.root / sidecar_path(name)
        replaced = _activities(output)
        key = parent_key_of(repository.settings(), name) if stage is not None and name in stage.outs else None
        completion = _complete(repository, name, output, stated, dependencies, workspace, progress, key)
    dataset = repository.out(name)
    # A stage that is running holds DVC's lock.
    is_tracked = dataset is not None and stage is None
    spread = Spread()
    files: tuple[str, ...] = ()
    if is_tracked:
        repository.add([sidecar_path(name)])
        spread, files = _spread(repository, name, replaced)
    return Declared(
        name, sidecar_path(name), stated.rows, stated.unmatched, is_tracked, completion, spread=spread, files=files
    )


def _declare_of_stage(
    repository: Repository,
    name: str,
    declaration: Declaration,
    made_by: str,
    progress: Callable[[int], None] | None,
) -> Declared:
    """Declare what the stage ``made_by`` made before, and leave DVC satisfied with it, and with what came from it."""
    with pipeline_change(repository) as files, scratch_folder(repository.temporary, "declare") as workspace:
        sidecars = StageSidecars(repository, files, repository.pipelines.stages(), workspace)
        stage = next(each for each in sidecars.stages if each.address == made_by)
        sidecars.require_here(stage, [name])
        stated = _stated(repository, name, declaration, sidecars.recorded_run(stage), workspace)
        key = parent_key_of(repository.settings(), name)
        read = () if key is None else sidecars.read_by(stage)
        dependencies = _dependencies(repository, None, [*read, *stated.dependencies])
        output = sidecars.place(name)
        completion = _complete(repository, name, output, stated, dependencies, workspace, progress, key)
        sidecars.entered(name)
        spread = sidecars.spread()
        sidecars.put_locks({})
        sidecars.seal("declare")
    tracked = tuple(sidecars.in_git(files.paths))
    return Declared(
        name, sidecar_path(name), stated.rows, stated.unmatched, False, completion, made_by, spread, tracked
    )


def _activities(sidecar: Path) -> frozenset[str]:
    """The ids of the activities in ``sidecar``; none where it is missing or cannot be used any more."""
    try:
        return frozenset(activity.id for activity in open_sidecar(sidecar).header.activities)
    except SidecarError:
        return frozenset()


def _spread(repository: Repository, name: str, replaced: frozenset[str]) -> tuple[Spread, tuple[str, ...]]:
    """Let what stages made from the dataset ``name``, whose sidecar has changed, follow; with what git is to track.

    ``replaced``: the activities of its sidecar before.
    """
    stages = repository.pipelines.stages()
    sidecar = sidecar_path(name)
    if not any(stage.from_root(path) == sidecar for stage in stages for path in stage.paths("deps")):
        return Spread(), ()
    with pipeline_change(repository) as files, scratch_folder(repository.temporary, "declare") as workspace:
        sidecars = StageSidecars(repository, files, stages, workspace, replaced=replaced)
        sidecars.written[sidecar] = recorded_of(repository.root / sidecar)
        spread = sidecars.spread()
        sidecars.put_locks({})
        sidecars.seal("declare")
    return spread, tuple(sidecars.in_git(files.paths))


def _stated(
    repository: Repository, name: str, declaration: Declaration, stage: Stage | None, workspace: Path
) -> Stated:
    identity = identity_of(repository.settings(), name, repository)
    return births_declared(repository, name, identity, declaration, stage, workspace)


def _check_types(
    path: object,
    from_: object,
    mapping: object,
    values: object,
    using: object,
    parents: object,
    parent_key: object,
    prices: object,
) -> None:
    require("path", path, str, os.PathLike)
    require("from_", from_, str)
    require_optional("parent_key", parent_key, str)
    require_optional("prices", prices, str, os.PathLike)
    for argument, given in (("mapping", mapping), ("values", values)):
        require_names(argument, given)
        for key, value in given.items() if isinstance(given, Mapping) else ():
            require_text(f"{argument}[{key!r}]", value, "; leave it out where nothing is stated")
    for argument, several in (("using", using), ("parents", parents)):
        if isinstance(several, str | os.PathLike) or not isinstance(several, Sequence):
            require(argument, several, list, tuple, hint="; for a single one, [PATH]")
        for each in several if isinstance(several, Sequence) else ():
            require(argument, each, str, os.PathLike)


def _stage_to_satisfy(repository: Repository, name: str, stage: Stage | None) -> str | None:
    """The stage that made the dataset ``name`` before, whose record in dvc.lock changes with it; None: there is none.

    ``stage`` is the one that is running.

    Raises:
        RepositoryError: there is no such dataset, or its sidecar cannot be written here.
    """
    file = repository.root / name
    if not file.exists():
        raise RepositoryError(f"{name}: no such dataset")
    if not (file.is_dir() or is_dataset(name)):
        raise RepositoryError(f"{name}: not a dataset in a format that provenance reads")
    repository.require_whole(name)
    sidecar = sidecar_path(name)
    if stage is not None and name in stage.outs:
        if sidecar not in stage.outs:
            raise RepositoryError(f"{name}: stage {stage.name} makes it; put {sidecar} into its outs, too")
        return None
    # A directory that has no sidecar yet is not among the datasets.
    dataset, beside = repository.out(name), repository.out(sidecar)
    if dataset is None or dataset.stage is None:
        return None
    if stage is not None:
        raise RepositoryError(
            f"{name}: made by the stage {dataset.stage}; put `provenance declare …` into its command, after what makes "
            f"the dataset, and {sidecar} into its outs"
        )
    if beside is None or beside.stage != dataset.stage:
        raise RepositoryError(
            f"{name}: made by the stage {dataset.stage}, of which {sidecar} is not an out; `provenance adopt` adds it"
        )
    return dataset.stage


def _dependencies(repository: Repository, stage: Stage | None, parents: Sequence[Dependency]) -> list[Dependency]:
    """Where parents' records may be: the datasets that hold parents, and those that the running stage depends on."""
    found = {dependency.path: dependency for dependency in parents}
    for path in stage.datasets if stage else ():
        if path not in found:
            found[path] = dependency_at(repository.root / path, repository)
    return sorted(found.values(), key=lambda dependency: dependency.path)


def _complete(
    repository: Repository,
    name: str,
    output: Path,
    stated: Stated,
    dependencies: Sequence[Dependency],
    workspace: Path,
    progress: Callable[[int], None] | None,
    key: ParentKey | None,
) -> Completion:
    data, sidecar = repository.root / name, repository.root / sidecar_path(name)
    identity = identity_of(repository.settings(), name, repository)
    if sidecar.exists():
        identity = keeping_choice(identity, sidecar)
    else:
        identity = inheriting(identity, [dependency.sidecar for dependency in dependencies])
    earlier = without_declared(sidecar, data, identity, stated.births.written(), workspace)
    # Of the dataset itself, its earlier sidecar says what it says only as far as that still stands.
    others = [dependency for dependency in dependencies if dependency.path != name]
    own = [] if earlier is None else [Dependency(name, name, None, earlier, identity, is_earlier=True)]
    return complete(
        data,
        output,
        dataset_path=name,
        identity=identity,
        fingerprint=repository.md5,
        workspace=workspace,
        temporary=repository.temporary,
        tokenizer=tokenizer_of(repository.settings(), name),
        dependencies=[*others, *stated.others, *own],
        births=stated.births,
        key=key,
        parts=parts_of(repository.settings(), name, repository),
        progress=progress,
    )
