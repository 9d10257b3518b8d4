"""`provenance add`: register where collected data comes from, and track it with DVC.

The person who adds the data states its origin, so the evidence is `declared`. A dataset that is unchanged since it was
added in the same words is left as it is, so that adding twice gives the same files. All datasets are added or none is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provenance.capture.environment import describe_environment, loaded_packages
from provenance.capture.identities import identity_of, keeping_choice, parts_of, tokenizer_of
from provenance.capture.redaction import refuse_secrets
from provenance.capture.stated_license import stated_license
from provenance.documents import parse_tracked
from provenance.errors import RepositoryError, SidecarError
from provenance.files import scratch_folder, whole_file
from provenance.identity import Identity
from provenance.identity.names import KNOWN_SUFFIXES, SIDECAR_SUFFIX, is_dataset, sidecar_path
from provenance.lineage.births import Collection
from provenance.lineage.placing import whole_sidecar
from provenance.lineage.records import Activity, ActivityType, Evidence, IdentitySettings, Origin, Source
from provenance.lineage.shared_birth import register
from provenance.lineage.sidecar import first_evidence, first_origin, open_sidecar
from provenance.repository import Repository
from provenance.settings import SETTINGS_FILE, Settings
from provenance.upkeep.chosen_settings import chosen, settings_with
from provenance.upkeep.hashing import Hashing, hashing_of
from provenance.upkeep.tracked_files import only_writer

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
    progress_of: ProgressOf,
) -> list[Added]:
    """Write a sidecar for each dataset in ``paths``, and track both with DVC.

    Args:
        fields: content fields of these datasets, to be kept in provenance.yaml; None: as that file has them.
        parts: into how many files their sidecars are divided, to be kept there too; None: as that file or, where it
            does not say, their sidecars have it.

    Raises:
        DataError: a dataset cannot be read, or bears reserved columns.
        RepositoryError: a path is no dataset file or is the out of a stage, a field has no name, there cannot be so
            many parts, or DVC refuses a file. Nothing was written then.
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
    ):
        adding = _Adding(repository, settings, origin, source, workspace)
        for name in names:
            if not adding.says_the_same(name):
                _require_replaceable(repository, name)
                sidecar = whole_sidecar(repository.root / sidecar_path(name), adding.parts_of(name))
                adding.register(name, written.enter_context(sidecar), progress_of(name))
        repository.add(names)
        if choice:
            # Somebody else may have changed the file while rows were read.
            written.enter_context(only_writer(repository, SETTINGS_FILE))
            text = settings_with(repository, names, choice)
            written.enter_context(whole_file(repository.root / SETTINGS_FILE)).write_text(text, encoding="utf-8")
    repository.add(sidecar_path(name) for name in names)
    return [_added(repository, name) for name in names]


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
        opened = open_sidecar(repository.root / beside)
    except SidecarError:
        return
    activities = opened.header.activities
    registered = all(activity.type is ActivityType.COLLECTION for activity in activities)
    if len(activities) <= 1 and registered and first_evidence(opened) in (None, Evidence.DECLARED):
        return
    raise RepositoryError(
        f"{name}: has lineage that was recorded or stated row by row, which `add` would replace; state what is missing "
        f"with `provenance declare {name}`, or move {beside} away to register the dataset anew"
    )


def _added(repository: Repository, name: str) -> Added:
    opened = open_sidecar(repository.root / sidecar_path(name))
    return Added(name, opened.header.dataset.rows, opened.records, sidecar_path(name), opened.header.identity)


@dataclass(frozen=True)
class _Adding:
    """What is said of all datasets that are added together. ``workspace`` is for temporary files."""

    repository: Repository
    settings: Settings
    origin: Origin
    source: Source
    workspace: Path

    def register(self, name: str, sidecar: Path, progress: Callable[[int], None]) -> None:
        """Write the sidecar of the dataset ``name`` (its path from the DVC root) to the file ``sidecar``."""
        file = self.repository.root / name
        with hashing_of(self.repository, file) as hashing:
            self._register(name, sidecar, progress, hashing)

    def _register(self, name: str, sidecar: Path, progress: Callable[[int], None], hashing: Hashing) -> None:
        environment = describe_environment(self.repository, None)
        activity = Activity(
            type=ActivityType.COLLECTION,
            source=self.source.id,
            command=environment.command,
            git=environment.git,
            packages=loaded_packages(),
            started=datetime.now(UTC),
        )
        register(
            self.repository.root / name,
            sidecar,
            Collection(self.origin, activity, self.source, Evidence.DECLARED, self.source.license),
            dataset_path=name,
            identity=self._identity(name),
            fingerprint=hashing,
            watch=hashing.take,
            workspace=self.workspace,
            temporary=self.repository.temporary,
            tokenizer=tokenizer_of(self.settings, name),
            parts=self.parts_of(name),
            progress=progress,
        )

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
            opened = open_sidecar(sidecar)
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
