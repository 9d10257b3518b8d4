"""`provenance add`: register where collected data comes from, and track it with DVC.

The person who adds the data states its origin, so the evidence is `declared`. A dataset that is unchanged since it was
added in the same words is left as it is, so that adding twice gives the same files. All datasets are added or none is,
but for a disk that is full: DVC may track the data by then, and adding once more writes the sidecars.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.capture.environment import describe_environment, loaded_packages
from provenance.capture.identities import identity_of, keeping_choice, parts_of, tokenizer_of
from provenance.capture.redaction import refuse_secrets
from provenance.capture.stated_license import stated_license
from provenance.documents import parse_tracked
from provenance.engines.building import tasks_of
from provenance.engines.choosing import EngineName
from provenance.errors import RepositoryError, SidecarError
from provenance.files import generations_in, scratch_folder, whole_file
from provenance.identity import Identity
from provenance.identity.names import KNOWN_SUFFIXES, SIDECAR_SUFFIX, is_dataset, sidecar_path
from provenance.lineage.allocating import memory_used_again
from provenance.lineage.births import Collection
from provenance.lineage.placing import whole_sidecar
from provenance.lineage.records import Activity, ActivityType, Evidence, IdentitySettings, Origin, Source
from provenance.lineage.shared_birth import Collected, register
from provenance.lineage.sidecar import Sidecar, first_evidence, first_origin, open_sidecar
from provenance.repository import Repository
from provenance.settings import SETTINGS_FILE, Settings
from provenance.upkeep.chosen_settings import chosen, settings_with
from provenance.upkeep.hashing import PieceByPiece, hashing_of
from provenance.upkeep.tracked_files import only_writer

if TYPE_CHECKING:
    from provenance.engines.interface import Tasks

ProgressOf = Callable[[str], Callable[[int], None]]


@dataclass(frozen=True)
class Added:
    """One dataset that is registered: paths from the DVC root, its rows and its distinct samples.

    ``identity``: which columns count, as the sidecar states it.
    """

    path: str
    rows: int
    samples: int
    sidecar: str
    identity: IdentitySettings


def add_datasets(
    repository: Repository,
    paths: Sequence[str],
    *,
    origin: Origin,
    source: Source,
    fields: Sequence[str] | None = None,
    parts: int | None = None,
    engine: EngineName = EngineName.DUCKDB,
    progress_of: ProgressOf,
    ahead: PieceByPiece | None = None,
) -> list[Added]:
    """Write a sidecar for each dataset in ``paths``, and track both with DVC.

    Args:
        fields: content fields of these datasets, to be kept in provenance.yaml; None: as that file has them.
        parts: into how many files their sidecars are divided, to be kept there too; None: as that file or, where it
            does not say, their sidecars have it.
        engine: what reads the rows and writes the sidecars: this process, or tasks of Spark.
        ahead: see `hash_ahead`.

    Raises:
        DataError: a dataset cannot be read, or bears reserved columns.
        RepositoryError: a path is no dataset file or is the out of a stage, a field has no name, there cannot be so
            many parts, or DVC refuses a file. Nothing was written then.
        ProvenanceError: Spark is not available, or cannot read a file or write a part. Nothing was written then.
    """
    refuse_secrets(source)
    source = source.model_copy(update={"license": stated_license("source: its license", source.license)})
    made_by_stages = {dataset.path: dataset.stage for dataset in repository.datasets() if dataset.stage}
    names = list(dict.fromkeys(repository.relative(path) for path in paths))
    for name in names:
        _check(repository.root / name, name, made_by_stages.get(name))
        repository.require_whole(name)
        for tracked in filter(repository.is_in_git, (name, sidecar_path(name))):
            raise RepositoryError(f"{tracked}: tracked by git, so DVC cannot; run `git rm --cached {tracked}` first")
    choice = chosen(fields, parts)
    text = settings_with(repository, names, choice) if choice else None
    settings = repository.settings() if text is None else parse_tracked(text, SETTINGS_FILE, Settings)
    with (
        scratch_folder(repository.temporary, "add") as workspace,
        # Whatever is written here takes its place when all of it has been written.
        ExitStack() as written,
        memory_used_again(),
    ):
        adding = _Adding(repository, settings, origin, source, workspace, ahead)
        new = [name for name in names if not adding.says_the_same(name)]
        for name in new:
            _require_replaceable(repository, name)
        tasks = written.enter_context(tasks_of(engine)) if new else None
        # Sidecars are written while the next dataset is read, and while DVC copies the data.
        with ThreadPoolExecutor(1) as writer:
            writing: list[Future[None]] = []
            sidecars: list[Path] = []
            for name in new:
                parts = adding.parts_of(name)
                sidecar = written.enter_context(whole_sidecar(repository.root / sidecar_path(name), parts))
                sidecars.append(sidecar)
                writing.append(writer.submit(adding.register(name, progress_of(name), tasks), sidecar, parts))
            repository.add(names)
            for each in writing:
                each.result()
        # As they are written: to put generations together, merely to count them, takes as long as adding does.
        added = {name: _added(name, open_sidecar(sidecar)) for name, sidecar in zip(new, sidecars, strict=True)}
        if choice:
            # Somebody else may have changed the file while rows were read.
            written.enter_context(only_writer(repository, SETTINGS_FILE))
            text = settings_with(repository, names, choice)
            written.enter_context(whole_file(repository.root / SETTINGS_FILE)).write_text(text, encoding="utf-8")
    repository.add(sidecar_path(name) for name in names)
    return [added.get(name) or _added(name, _sidecar_of(repository, name)) for name in names]


def _check(file: Path, name: str, stage: str | None) -> None:
    if not file.exists():
        raise RepositoryError(f"{name}: no such file")
    if name.endswith(SIDECAR_SUFFIX):
        raise RepositoryError(f"{name}: a sidecar, which is added with its dataset; name the dataset")
    if not (file.is_dir() or is_dataset(name)):
        raise RepositoryError(f"{name}: not a dataset format that provenance reads ({KNOWN_SUFFIXES}, directories)")
    if stage is not None:
        raise RepositoryError(
            f"{name}: made by the stage {stage}; record its lineage there, with `provenance run` or `provenance.record`"
        )


def _require_replaceable(repository: Repository, name: str) -> None:
    """Refuse to write over lineage that this command could not have stated.

    Raises:
        RepositoryError: the sidecar of ``name`` has such lineage.
    """
    beside = sidecar_path(name)
    try:
        opened = _sidecar_of(repository, name)
    except SidecarError:
        return
    activities = opened.header.activities
    registered = all(activity.type is ActivityType.COLLECTION for activity in activities)
    if len(activities) <= 1 and registered and first_evidence(opened) in (None, Evidence.DECLARED):
        return
    raise RepositoryError(
        f"{name}: has lineage that was recorded or stated row by row, which `add` would replace; state what is missing "
        f"with `provenance declare {shlex.quote(name)}`, or move {beside} away to register the dataset anew"
    )


def _added(name: str, opened: Sidecar) -> Added:
    return Added(name, opened.header.dataset.rows, opened.records, sidecar_path(name), opened.header.identity)


def _sidecar_of(repository: Repository, name: str) -> Sidecar:
    return open_sidecar(repository.root / sidecar_path(name), generations_in(repository.temporary))


@dataclass(frozen=True)
class _Adding:
    """What is said of all datasets that are added together. ``workspace`` is for temporary files.

    ``ahead``: see `hash_ahead`.
    """

    repository: Repository
    settings: Settings
    origin: Origin
    source: Source
    workspace: Path
    ahead: PieceByPiece | None

    def register(self, name: str, progress: Callable[[int], None], tasks: Tasks | None) -> Callable[[Path, int], None]:
        """Read the dataset ``name`` (its path from the DVC root); what writes its sidecar, see `shared_birth`."""
        file = self.repository.root / name
        with hashing_of(self.repository, file, self.ahead, read_here=tasks is None) as hashing:
            collected = Collected(
                file,
                self._collection(),
                dataset_path=name,
                identity=self._identity(name),
                fingerprint=hashing,
                workspace=self.workspace,
                tokenizer=tokenizer_of(self.settings, name),
                progress=progress,
            )
            if tasks is None:
                return register(collected, watch=hashing.take, temporary=self.repository.temporary)
            from provenance.lineage.birth_in_tasks import register_in_tasks

            return register_in_tasks(collected, self.parts_of(name), tasks.between)

    def _collection(self) -> Collection:
        environment = describe_environment(self.repository, None)
        activity = Activity(
            type=ActivityType.COLLECTION,
            source=self.source.id,
            command=environment.command,
            git=environment.git,
            packages=loaded_packages(),
            started=datetime.now(UTC),
        )
        return Collection(self.origin, activity, self.source, Evidence.DECLARED, self.source.license)

    def parts_of(self, name: str) -> int:
        """Into how many files the sidecar of the dataset ``name`` is divided."""
        return parts_of(self.settings, name, self.repository)

    def _identity(self, name: str) -> Identity:
        identity = identity_of(self.settings, name, self.repository)
        return keeping_choice(identity, self.repository.root / sidecar_path(name))

    def says_the_same(self, name: str) -> bool:
        """Whether the dataset ``name`` has a sidecar that says just this of the file as it is."""
        sidecar = self.repository.root / sidecar_path(name)
        try:
            opened = open_sidecar(sidecar, generations_in(self.repository.temporary))
        except SidecarError:
            return False
        # DuckDB comes with it, of which what is new has no need.
        from provenance.lineage.verification import verify

        md5, stated = self.repository.md5(name)[0], opened.header
        said = (stated.dataset.path, stated.dataset.md5, stated.sources, stated.identity.tokenizer)
        identity = self._identity(name)
        return (
            said == (name, md5, (self.source,), tokenizer_of(self.settings, name))
            and first_origin(opened) in (self.origin, None)
            and opened.parts == self.parts_of(name)
            # Settings may make other ids of the same bytes now.
            and not verify(self.repository.root / name, sidecar, identity, name=name, md5=md5, workspace=self.workspace)
        )
