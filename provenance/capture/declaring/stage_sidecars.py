"""Sidecars of what stages made before: written without running them, and entered into dvc.lock with DVC satisfied.

Only what has to do with sidecars, and with the command that makes them, changes in dvc.lock. A stage that was to run
again for another reason still is.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import mkdtemp

from provenance.capture.declaring.declaration import Stated
from provenance.capture.environment import describe_stage
from provenance.capture.identities import identity_of, inheriting, keeping_choice, parent_key_of, parts_of, tokenizer_of
from provenance.capture.reading import dependency_at
from provenance.errors import RepositoryError
from provenance.file_sets import NewFiles
from provenance.identity import Identity
from provenance.identity.names import SIDECAR_SUFFIX, is_dataset, sidecar_path
from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.completion import Completion, complete
from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.sidecar import open_sidecar
from provenance.repository import Repository, Stage
from provenance.repository.pipelines import LockChange, Recorded, StageText, lock_of, recorded_of

ProgressOf = Callable[[str], Callable[[int], None]]


@dataclass(frozen=True)
class Spread:
    """What followed from a changed sidecar, in what came from its dataset: paths from the DVC root.

    ``rewritten``: datasets whose sidecars changed with it; ``kept``: those of them that have births of their own, so
    their other rows stay as they were. ``to_run``: addresses of stages that run again at the next `dvc repro`.
    """

    rewritten: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    to_run: tuple[str, ...] = ()


class StageSidecars:
    """New sidecars of the outs of ``stages``, gathered in ``files`` until they take their places together.

    ``written``: the new sidecars, as they are to be recorded; ``replaced``: the activities of sidecars that have been
    replaced already.
    """

    def __init__(
        self,
        repository: Repository,
        files: NewFiles,
        stages: Sequence[StageText],
        workspace: Path,
        progress_of: ProgressOf = lambda path: lambda rows: None,
        replaced: frozenset[str] = frozenset(),
    ) -> None:
        self.written: dict[str, Recorded] = {}
        self.stages = stages
        self._satisfied: set[str] = set()
        self._repository = repository
        self._files = files
        self._workspace = workspace
        self._progress_of = progress_of
        self._replaced = replaced
        self._entries = {file: repository.pipelines.recorded(file) for file in {stage.file for stage in stages}}

    def has_run(self, stage: StageText) -> bool:
        """Whether DVC has recorded a run of the stage."""
        return stage.name in self._entries[stage.file]

    def recorded_run(self, stage: StageText) -> Stage | None:
        """The run that made the outs of ``stage``, as DVC recorded it; None where it recorded none."""
        return self._repository.pipelines.stage(stage) if self.has_run(stage) else None

    def require_here(self, stage: StageText, paths: Iterable[str]) -> None:
        """Refuse to go on where one of ``paths``, datasets that ``stage`` reads or wrote, is not in the workspace.

        Raises:
            RepositoryError: it is not, or the stage made another than is there.
        """
        outs = {stage.from_root(path) for path in stage.paths("outs")}
        for path in paths:
            if not (self._repository.root / path).exists():
                raise RepositoryError(f"{path}: not in the workspace; bring it with `dvc checkout` or `dvc pull`")
            if path in outs and not self._repository.is_as_recorded(path):
                raise RepositoryError(
                    f"{path}: changed since the stage {stage.address} made it; restore it with "
                    f"`dvc checkout {shlex.quote(path)}`, "
                    f"or keep it with `dvc commit {shlex.quote(path)}`"
                )

    def place(self, dataset: str) -> Path:
        """Where to write the new sidecar of ``dataset``."""
        return self._files.place_for(sidecar_path(dataset))

    def entered(self, dataset: str) -> None:
        """The sidecar of ``dataset`` has been written to its `place`."""
        file = self.place(dataset)
        if self.is_cached(dataset):
            self._repository.pipelines.keep(file)
        self.written[sidecar_path(dataset)] = recorded_of(file)
        self._repository.expect_sidecar(dataset, file)

    def is_cached(self, dataset: str) -> bool:
        """Whether DVC keeps ``dataset``, and so its sidecar, in its cache, and not git."""
        tracked = self._repository.out(dataset)
        return tracked is None or tracked.cached

    def in_git(self, paths: Iterable[str]) -> list[str]:
        """Those of the files ``paths`` that git is to track: not the sidecars that DVC has in its cache."""
        datasets = {path: path.removesuffix(SIDECAR_SUFFIX) for path in paths}
        return [path for path, dataset in datasets.items() if path == dataset or not self.is_cached(dataset)]

    def seal(self, by: str) -> None:
        """All is written; ``by``: the command that did it."""
        self._files.seal({"by": by, "stages": sorted(self._satisfied)})

    def complete(self, stage: StageText, out: str, stated: Stated | None) -> Completion:
        """Write the sidecar of ``out``, which ``stage`` made, as `provenance run` would, and with what is stated."""
        found = {each.path: each for each in self._dependencies(stage)}
        births = None
        if stated is not None:
            births = stated.births
            found |= {each.path: each for each in stated.dependencies if each.path not in found}
        return self._complete(out, list(found.values()), births=births, derivation=self._derivation(stage))

    def spread(self) -> Spread:
        """Write anew the sidecars of what stages made from datasets whose sidecars have changed.

        What is stated in them of the datasets' own rows stays. Rows that were carried, or of which nothing was known,
        are looked up anew if all are such; in a sidecar with births of its own, they stay as they are.
        """
        rewritten: list[str] = []
        kept: list[str] = []
        to_run: list[str] = []
        for stage in in_order(self.stages):
            places = [*filter(None, map(stage.from_root, stage.paths("deps")))]
            if not self.has_run(stage) or not any(path in self.written for path in places):
                continue
            outs = _datasets_with_sidecar(stage)
            missing = [out for out in outs if not (self._repository.root / out).exists()]
            self.require_here(stage, missing)
            if not outs or not all(map(self._repository.is_as_recorded, outs)):
                to_run.append(stage.address)
                continue
            kept += [out for out in outs if not self._again(stage, out)]
            rewritten += outs
        return Spread(tuple(rewritten), tuple(kept), tuple(to_run))

    def _again(self, stage: StageText, out: str) -> bool:
        """Write the sidecar of ``out`` anew; whether all of its rows were looked up anew."""
        dependencies = self._dependencies(stage)
        sidecar = self._repository.root / sidecar_path(out)
        is_anew = not (sidecar.exists() and self._has_own_births(sidecar, dependencies))
        if is_anew:
            self._complete(out, dependencies, derivation=self._derivation(stage))
        else:
            identity = keeping_choice(self._identity(out), sidecar)
            earlier = Dependency(out, out, None, sidecar, identity, is_earlier=True)
            self._complete(out, [*dependencies, earlier])
        self.entered(out)
        return is_anew

    def put_locks(self, edited: Mapping[str, StageText]) -> None:
        """Change each dvc.lock that is concerned; ``edited``: stages as they are to be written, by their addresses."""
        for file in sorted(self._entries):
            changes = {
                stage.name: change
                for stage in self.stages
                if stage.file == file
                and self.has_run(stage)
                and (change := self._lock_change(stage, edited.get(stage.address, stage)))
            }
            if changes:
                self._files.write(lock_of(file), self._repository.pipelines.changed_lock(file, changes))

    def _lock_change(self, old: StageText, new: StageText) -> LockChange | None:
        if not _datasets_with_sidecar(new):
            # What judges lineage, or is trained with it, is to see that it has changed.
            return None
        entry = self._entries[old.file][old.name]
        known = {str(each["path"]) for kind in ("deps", "outs") for each in entry.get(kind) or []}
        found: dict[str, dict[str, Recorded]] = {}
        for kind in ("deps", "outs"):
            recorded = {path: self._recorded(new, path, is_known=path in known) for path in new.paths(kind)}
            found[kind] = {path: each for path, each in recorded.items() if each is not None}
        command = None if old.command == new.command else (old.command, new.command)
        if command is None and not found["deps"] and not found["outs"]:
            return None
        stated = {path for kind in ("deps", "outs", "metrics", "plots") for path in old.paths(kind)}
        if entry.get("cmd") == old.command and stated <= known:
            self._satisfied.add(old.address)
        return LockChange(command, found["deps"], found["outs"])

    def _recorded(self, stage: StageText, path: str, *, is_known: bool) -> Recorded | None:
        """What dvc.lock is to say of ``path``; None for what is no sidecar, or has not changed."""
        place = stage.from_root(path)
        if place is None or not place.endswith(SIDECAR_SUFFIX):
            return None
        if place in self.written:
            return self.written[place]
        if is_known or not (self._repository.root / place).exists():
            return None
        return recorded_of(self._repository.root / place)

    def read_by(self, stage: StageText) -> list[Dependency]:
        """The datasets that ``stage`` read, which are to be here as it read them.

        Raises:
            RepositoryError: one is not.
        """
        found = self._dependencies(stage)
        self.require_here(stage, [each.path for each in found])
        recorded = self._entries[stage.file][stage.name].get("deps") or []
        # Before DVC 3, hashes were of text with its line ends made alike.
        read = {stage.from_root(str(each["path"])): each.get("md5") for each in recorded if each.get("hash") == "md5"}
        for path in [each.path for each in found]:
            if read.get(path) not in (None, self._repository.md5(path)[0]):
                raise RepositoryError(
                    f"{path}: changed since the stage {stage.address} read it; restore it with "
                    f"`dvc checkout {shlex.quote(path)}`, "
                    "or run the stage again with `dvc repro`"
                )
        return found

    def _dependencies(self, stage: StageText) -> list[Dependency]:
        found = []
        for path in filter(None, map(stage.from_root, stage.paths("deps"))):
            known = self._repository.sidecar_file(path) is not None
            if (known or is_dataset(path)) and not path.endswith(SIDECAR_SUFFIX):
                found.append(dependency_at(self._repository.root / path, self._repository, quiet=True))
        return found

    def _has_own_births(self, sidecar: Path, dependencies: Sequence[Dependency]) -> bool:
        """Whether the stage itself stated how rows were born: then dependencies do not say everything."""
        known = set(self._replaced)
        for dependency in dependencies:
            before = self._repository.root / sidecar_path(dependency.path)
            for file in filter(None, (dependency.sidecar, before if before.exists() else None)):
                known |= {activity.id for activity in open_sidecar(file).header.activities}
        own = [activity for activity in open_sidecar(sidecar).header.activities if activity.id not in known]
        return any(activity.aligned_on is None and activity.keyed_on is None for activity in own)

    def _derivation(self, stage: StageText) -> Activity:
        # When it ran, at which commit and with which packages, is not known.
        run = self.recorded_run(stage)
        return Activity(type=ActivityType.DERIVATION, stage=None if run is None else describe_stage(run))

    def _identity(self, out: str) -> Identity:
        return identity_of(self._repository.settings(), out, self._repository)

    def _complete(
        self,
        out: str,
        dependencies: Sequence[Dependency],
        *,
        births: RecordedBirths | None = None,
        derivation: Activity | None = None,
    ) -> Completion:
        sidecars = [dependency.sidecar for dependency in dependencies]
        return complete(
            self._repository.root / out,
            self.place(out),
            dataset_path=out,
            identity=inheriting(self._identity(out), sidecars),
            fingerprint=self._repository.md5,
            workspace=Path(mkdtemp(dir=self._workspace)),
            temporary=self._repository.temporary,
            tokenizer=tokenizer_of(self._repository.settings(), out),
            dependencies=dependencies,
            births=births,
            derivation=derivation,
            key=parent_key_of(self._repository.settings(), out),
            afterwards=True,
            parts=parts_of(self._repository.settings(), out, self._repository),
            progress=self._progress_of(out),
        )


def in_order(stages: Sequence[StageText]) -> list[StageText]:
    """``stages`` in an order in which each comes after those whose outs it depends on."""
    by_out = {path: stage for stage in stages for path in map(stage.from_root, stage.paths("outs")) if path}
    sorter: TopologicalSorter[int] = TopologicalSorter()
    numbers = {id(stage): number for number, stage in enumerate(stages)}
    for stage in stages:
        deps = [stage.from_root(path) for path in stage.paths("deps")]
        before = [numbers[id(by_out[path])] for path in deps if path in by_out]
        sorter.add(numbers[id(stage)], *before)
    return [stages[number] for number in sorter.static_order()]


def _datasets_with_sidecar(stage: StageText) -> list[str]:
    """The outs of ``stage`` that have a sidecar among them, from the DVC root."""
    outs = [*filter(None, map(stage.from_root, stage.paths("outs")))]
    return [path for path in outs if sidecar_path(path) in outs]
