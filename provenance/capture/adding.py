"""`provenance add`: register where collected data comes from, and track it with DVC.

The person who adds the data states its origin, so the evidence is `declared`. A dataset that is unchanged since it was
added in the same words is left as it is, so that adding twice gives the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from provenance.capture.environment import describe_environment, loaded_packages
from provenance.capture.identities import identity_of, tokenizer_of
from provenance.errors import RepositoryError, SidecarError
from provenance.identity import is_dataset
from provenance.lineage.births import SameBirth
from provenance.lineage.completion import complete
from provenance.lineage.records import Activity, ActivityType, Birth, Evidence, Origin, Source
from provenance.lineage.sidecar import first_origin, open_sidecar, sidecar_path
from provenance.lineage.vocabulary import Vocabulary
from provenance.repository import Repository

ProgressOf = Callable[[str], Callable[[int], None]]


@dataclass(frozen=True)
class Added:
    """One dataset that is registered: paths from the DVC root, its rows and its distinct samples."""

    path: str
    rows: int
    samples: int
    sidecar: str


def add_datasets(
    repository: Repository, paths: Sequence[str], *, origin: Origin, source: Source, progress_of: ProgressOf
) -> list[Added]:
    """Write a sidecar for each dataset in ``paths``, and track both with DVC.

    Raises:
        DataError: a dataset cannot be read, or bears reserved columns; its sidecar is not written.
        RepositoryError: a path is no dataset file, or is the out of a stage.
    """
    made_by_stages = {dataset.path: dataset.stage for dataset in repository.datasets() if dataset.stage}
    names = [repository.relative(path) for path in paths]
    for name in names:
        _check(repository.root / name, name, made_by_stages.get(name))
    environment = describe_environment(repository, None)
    added = []
    for name in names:
        activity = Activity(
            type=ActivityType.COLLECTION,
            source=source.id,
            command=environment.command,
            git=environment.git,
            packages=loaded_packages(),
            started=datetime.now(UTC),
        )
        added.append(_add(repository, name, origin, source, activity, progress_of(name)))
        repository.add([name, sidecar_path(name)])
    return added


def _check(file: Path, name: str, stage: str | None) -> None:
    if not file.is_file():
        raise RepositoryError(f"{name}: no such file")
    if not is_dataset(name):
        raise RepositoryError(
            f"{name}: not a dataset format that provenance reads (.jsonl, .json, .csv, .tsv, .parquet)"
        )
    if stage is not None:
        raise RepositoryError(
            f"{name}: made by the stage {stage}; record its lineage there, with `provenance run` or `provenance.record`"
        )


def _add(
    repository: Repository,
    name: str,
    origin: Origin,
    source: Source,
    activity: Activity,
    progress: Callable[[int], None],
) -> Added:
    settings = repository.settings()
    data, sidecar = repository.root / name, repository.root / sidecar_path(name)
    identity = identity_of(settings, name)
    if not _says_the_same(repository, name, source, origin):
        vocabulary = Vocabulary()
        vocabulary.add([activity], sources=[source])
        birth = Birth(origin=origin, license=source.license, evidence=Evidence.DECLARED)
        with TemporaryDirectory(prefix="add-", dir=repository.temporary) as workspace:
            complete(
                data,
                sidecar,
                dataset_path=name,
                identity=identity,
                fingerprint=repository.md5,
                workspace=Path(workspace),
                tokenizer=tokenizer_of(settings, name),
                births=SameBirth(birth, activity, vocabulary),
                progress=progress,
            )
    opened = open_sidecar(sidecar)
    return Added(name, opened.header.dataset.rows, opened.records, sidecar_path(name))


def _says_the_same(repository: Repository, name: str, source: Source, origin: Origin) -> bool:
    """Whether there is a sidecar that says just this of the file as it is."""
    try:
        opened = open_sidecar(repository.root / sidecar_path(name))
    except SidecarError:
        return False
    header, fields = opened.header, identity_of(repository.settings(), name).fields
    same_fields = fields is None if header.identity.rule != "declared" else fields == header.identity.fields
    return (
        same_fields
        and header.identity.digest == repository.settings().digest
        and header.sources == (source,)
        and first_origin(opened) in (origin, None)
        and header.dataset.md5 == repository.md5(name)[0]
    )
