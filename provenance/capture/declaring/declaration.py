"""What is declared of a dataset's rows, and the births that follow from it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import orjson
import pyarrow.parquet as pq

from provenance.capture.birth_columns import births_of_json
from provenance.capture.declaring.importers import open_importer
from provenance.capture.declaring.importers.columns import Columns
from provenance.capture.declaring.importers.interface import Importer, Request
from provenance.capture.declaring.sample_births import write_births_of_samples
from provenance.capture.declaring.statements import Births
from provenance.capture.environment import describe_environment
from provenance.capture.identities import keeping_choice
from provenance.capture.parents import ParentFinder
from provenance.capture.prices import read_prices
from provenance.capture.reading import dependency_at
from provenance.errors import DataError, ProvenanceError, RepositoryError
from provenance.identity import read_rows
from provenance.identity.names import is_dataset, sidecar_path
from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.schema import birth_schema

if TYPE_CHECKING:
    from provenance.identity import Identity
    from provenance.repository import Repository, Stage

_BATCH_ROWS = 8192


@dataclass(frozen=True)
class Declaration:
    """What somebody states of a dataset; see `provenance.capture.declaring.declare.declare`."""

    from_: str = "columns"
    mapping: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    using: Sequence[str | os.PathLike[str]] = ()
    parents: Sequence[str | os.PathLike[str]] = ()
    parent_key: str | None = None
    prices: str | os.PathLike[str] | None = None
    keep_prompts: bool = False

    def check(self, name: str) -> None:
        """Refuse words that do not go together.

        Raises:
            ProvenanceError: they do not; the message names the dataset, ``name``, or the option.
        """
        columns = Columns(self.mapping, self.values)
        if self.from_ == "columns" and columns.is_empty:
            raise ProvenanceError(f"{name}: nothing to state: give --map FIELD=COLUMN or --set FIELD=VALUE")
        if self.parent_key is not None and not self.parents:
            raise ProvenanceError("--parent-key is a column of the parents' dataset: name that with --parents")
        if self.parent_key is None and "parent_key" in {*self.mapping, *self.values}:
            raise ProvenanceError(
                "parent_key is looked up in another dataset: give --parents PATH and --parent-key COLUMN"
            )


@dataclass(frozen=True)
class Stated:
    """The births that were declared: of ``rows`` rows; ``dependencies``: where their parents were looked for.

    ``unmatched``: how often a parent's key was named that no row of the parents has. ``others``: sidecars of samples
    that a document stated, which is no dataset.
    """

    births: RecordedBirths
    rows: int
    dependencies: tuple[Dependency, ...]
    unmatched: int
    others: tuple[Dependency, ...] = ()


def births_declared(
    repository: Repository,
    name: str,
    identity: Identity,
    declaration: Declaration,
    stage: Stage | None,
    workspace: Path,
) -> Stated:
    """Write the births of the rows of the dataset ``name`` as they are declared, to a file in ``workspace``.

    Licences that are no SPDX expressions are reported on standard error.
    """
    columns = Columns(declaration.mapping, declaration.values)
    importer_name, _, part = declaration.from_.partition(":")
    places = tuple(Path(place) for place in declaration.using)
    request = Request(repository.root / name, part or None, places, declaration.parent_key, workspace)
    with ExitStack() as opened:
        importer = opened.enter_context(closing(open_importer(importer_name, request)))
        found_in = [_parents_dataset(repository, place) for place in declaration.parents]
        finder = ParentFinder(repository, identity.digest, found_in, declaration.parent_key, workspace)
        opened.enter_context(closing(finder))
        births = Births(
            name,
            identity.digest,
            describe_environment(repository, stage),
            finder,
            prompt_name=PurePosixPath(name).stem,
            prices=None if declaration.prices is None else read_prices(declaration.prices, repository),
            keep_prompts=declaration.keep_prompts,
        )
        file = workspace / "births.parquet"
        data, sidecar = repository.root / name, repository.root / sidecar_path(name)
        known: list[Dependency] = []
        if importer.states_samples:
            _require_nothing_besides(importer_name, columns)
            identity = keeping_choice(identity, sidecar) if sidecar.exists() else identity
            rows, of_others = write_births_of_samples(importer, births, data, identity, file, workspace)
            known.append(of_others)
        else:
            rows = _write_births(data, identity, importer, columns, births, file)
        dependencies = tuple(finder.dependencies())
    births.licenses.tell("license")
    recorded = RecordedBirths(file, births.activities, births.vocabulary)
    return Stated(recorded, rows, dependencies, finder.unmatched, tuple(known))


def _require_nothing_besides(importer: str, columns: Columns) -> None:
    if not columns.is_empty:
        raise ProvenanceError(
            f"--from {importer}: the document states the births of samples as a whole; leave --map and --set out"
        )


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
