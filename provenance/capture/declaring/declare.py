"""`provenance declare`: lineage stated afterwards, from columns or from what a generator left behind.

A person stands for it, so the evidence is `declared`. What was observed of the same rows stays, and comes first; what
was declared of them before is replaced.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import orjson
import pyarrow.parquet as pq

from provenance.arguments import require, require_names, require_optional, require_text, shown
from provenance.capture.birth_columns import births_of_json
from provenance.capture.declaring.earlier import without_declared
from provenance.capture.declaring.importers import open_importer
from provenance.capture.declaring.importers.columns import Columns
from provenance.capture.declaring.importers.interface import Importer, Request
from provenance.capture.declaring.statements import Births
from provenance.capture.environment import describe_environment
from provenance.capture.identities import identity_of, inheriting, keeping_choice, tokenizer_of
from provenance.capture.parents import ParentFinder
from provenance.capture.prices import read_prices
from provenance.capture.reading import dependency_at, repository_around
from provenance.errors import DataError, ProvenanceError, RepositoryError
from provenance.files import scratch_folder
from provenance.identity import read_rows
from provenance.identity.names import is_dataset, sidecar_path
from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.completion import Completion, complete
from provenance.lineage.schema import birth_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provenance.identity import Identity
    from provenance.repository import Repository, Stage

_BATCH_ROWS = 8192


@dataclass(frozen=True)
class Declared:
    """A dataset whose lineage was declared; paths are from the DVC root.

    ``stated``: rows of which something was stated; ``unmatched``: how often a parent's key was named that no row of
    ``parents`` has; ``tracked``: whether the sidecar was added with DVC. ``completion`` counts how the dataset's rows
    are explained.
    """

    path: str
    sidecar: str
    stated: int
    unmatched: int
    tracked: bool
    completion: Completion


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
        from_: the importer, ``NAME`` or ``NAME:PART``: columns, curator, data_designer, datatrove, distilabel,
            hugging_face, openai_batch, otel_spans, or one of a third party.
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
        RepositoryError: the dataset is not in a DVC repository, or made by a stage that is not running.
        SidecarError: samples are their own ancestors, or a sidecar of ``parents`` cannot be used.
    """
    _check_types(path, from_, mapping, values, using, parents, parent_key, prices)
    require("keep_prompts", keep_prompts, bool)
    if progress is not None and not callable(progress):
        raise ProvenanceError(f"progress: expected a function of a number of rows, got {shown(progress)}")
    repository = repository_around(path)
    name = repository.relative(path)
    stage = repository.current_stage()
    is_tracked = _check_place(repository, name, stage)
    columns = Columns(mapping or {}, values or {})
    _check_words(name, from_, columns, mapping or {}, values or {}, parents, parent_key)
    identity = identity_of(repository.settings(), name, repository)
    with scratch_folder(repository.temporary, "declare") as workspace, ExitStack() as opened:
        importer_name, _, part = from_.partition(":")
        places = tuple(Path(place) for place in using)
        request = Request(repository.root / name, part or None, places, parent_key, workspace)
        importer = opened.enter_context(closing(open_importer(importer_name, request)))
        found_in = [_parents_dataset(repository, place) for place in parents]
        finder = ParentFinder(repository, identity.digest, found_in, parent_key, workspace)
        opened.enter_context(closing(finder))
        births = Births(
            name,
            identity.digest,
            describe_environment(repository, stage),
            finder,
            prompt_name=PurePosixPath(name).stem,
            prices=None if prices is None else read_prices(prices, repository),
            keep_prompts=keep_prompts,
        )
        file = workspace / "births.parquet"
        stated = _write_births(repository.root / name, identity, importer, columns, births, file)
        dependencies = _dependencies(repository, stage, finder)
        recorded = RecordedBirths(file, births.activities, births.vocabulary)
        completion = _complete(repository, name, identity, recorded, dependencies, workspace, progress)
    births.licenses.tell("license")
    if is_tracked:
        repository.add([sidecar_path(name)])
    return Declared(name, sidecar_path(name), stated, finder.unmatched, is_tracked, completion)


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


def _check_place(repository: Repository, name: str, stage: Stage | None) -> bool:
    """Whether the dataset's sidecar is to be added with DVC.

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
        return False
    # A directory that has no sidecar yet is not among the datasets.
    dataset = repository.out(name)
    if dataset is not None and dataset.stage is not None:
        raise RepositoryError(
            f"{name}: made by the stage {dataset.stage}; put `provenance declare …` into its command, after what makes "
            f"the dataset, and {sidecar} into its outs"
        )
    # A stage that is running holds DVC's lock.
    return dataset is not None and stage is None


def _check_words(
    name: str,
    from_: str,
    columns: Columns,
    mapping: Mapping[str, str],
    values: Mapping[str, str],
    parents: Sequence[object],
    parent_key: str | None,
) -> None:
    if from_ == "columns" and columns.is_empty:
        raise ProvenanceError(f"{name}: nothing to state: give --map FIELD=COLUMN or --set FIELD=VALUE")
    if parent_key is not None and not parents:
        raise ProvenanceError("--parent-key is a column of the parents' dataset: name that with --parents")
    if parent_key is None and ("parent_key" in mapping or "parent_key" in values):
        raise ProvenanceError("parent_key is looked up in another dataset: give --parents PATH and --parent-key COLUMN")


def _parents_dataset(repository: Repository, path: str | os.PathLike[str]) -> Dependency:
    name = repository.relative(path)
    if not (is_dataset(name) and (repository.root / name).is_file()):
        raise RepositoryError(f"{name}: no such dataset; --parents names a dataset file of this repository")
    return dependency_at(repository.root / name, repository)


def _write_births(
    data: Path, identity: Identity, importer: Importer, columns: Columns, births: Births, file: Path
) -> int:
    """Write the births of all rows of which something is stated; their number."""
    rows = stated = 0

    def born() -> Iterator[bytes]:
        nonlocal rows
        for rows, row in read_rows(data, identity):
            by_person = {field: value for field, value in columns.state(row).items() if value is not None}
            try:
                statement = importer.state(row) | by_person
            except ValueError as error:
                raise DataError(births.dataset, rows, str(error)) from error
            birth = births.birth(rows, statement)
            if birth is not None:
                yield orjson.dumps(birth)

    with pq.ParquetWriter(file, birth_schema(), compression="lz4") as writer:
        each = born()
        while batch := list(islice(each, _BATCH_ROWS)):
            writer.write_batch(births_of_json(batch))
            stated += len(batch)
    columns.check(births.dataset, rows)
    return stated


def _dependencies(repository: Repository, stage: Stage | None, finder: ParentFinder) -> list[Dependency]:
    """Where parents' records may be: the datasets that hold parents, and those that the running stage depends on."""
    found = {dependency.path: dependency for dependency in finder.dependencies()}
    for path in stage.datasets if stage else ():
        if path not in found:
            found[path] = dependency_at(repository.root / path, repository)
    return sorted(found.values(), key=lambda dependency: dependency.path)


def _complete(
    repository: Repository,
    name: str,
    identity: Identity,
    births: RecordedBirths,
    dependencies: Sequence[Dependency],
    workspace: Path,
    progress: Callable[[int], None] | None,
) -> Completion:
    data, sidecar = repository.root / name, repository.root / sidecar_path(name)
    if sidecar.exists():
        identity = keeping_choice(identity, sidecar)
    else:
        identity = inheriting(identity, [dependency.sidecar for dependency in dependencies])
    earlier = without_declared(sidecar, data, identity, births.file, workspace)
    # Of the dataset itself, its earlier sidecar says what it says only as far as that still stands.
    others = [dependency for dependency in dependencies if dependency.path != name]
    own = [] if earlier is None else [Dependency(name, name, None, earlier, identity, is_earlier=True)]
    return complete(
        data,
        sidecar,
        dataset_path=name,
        identity=identity,
        fingerprint=repository.md5,
        workspace=workspace,
        tokenizer=tokenizer_of(repository.settings(), name),
        dependencies=[*others, *own],
        births=births,
        progress=progress,
    )
