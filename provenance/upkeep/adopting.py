"""`provenance adopt`: lineage for a pipeline that is there already, without running any of it.

What DVC recorded of the stages is changed together with their files, so it has nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from provenance.capture.declaring.declaration import Stated, births_declared
from provenance.capture.declaring.pipeline_changes import last_change, pipeline_change
from provenance.capture.declaring.stage_sidecars import StageSidecars, in_order
from provenance.capture.identities import identity_of, parts_of, tokenizer_of
from provenance.errors import DataError, RepositoryError
from provenance.file_sets import NewFiles
from provenance.files import copy_of, scratch_folder
from provenance.identity.names import sidecar_path
from provenance.lineage.completion import Completion, complete
from provenance.repository.pipelines import pointer_text

if TYPE_CHECKING:
    from provenance.repository import Repository, Stage
    from provenance.repository.pipelines import StageText
    from provenance.upkeep.adoption_plan import Plan

ProgressOf = Callable[[str], Callable[[int], None]]

_BY = "adopt"


@dataclass(frozen=True)
class AdoptedDataset:
    """A dataset that has a sidecar now; ``stage`` made it. ``completion``: None where the sidecar was there already."""

    path: str
    stage: str | None
    completion: Completion | None

    def as_json(self) -> dict[str, Any]:
        done = self.completion
        names = ("rows", "samples", "recorded", "carried", "derived", "aligned", "unknown", "ancestors")
        counts = {name: None if done is None else getattr(done, name) for name in names}
        counts["declared"] = counts.pop("recorded")
        return {"path": self.path, "stage": self.stage, "sidecar": sidecar_path(self.path)} | counts


@dataclass(frozen=True)
class Adopted:
    """``datasets`` that have a sidecar now; ``files`` that were written and that git is to track, from the DVC root."""

    datasets: tuple[AdoptedDataset, ...]
    files: tuple[str, ...]


def undo_adoption(repository: Repository) -> list[str]:
    """Take the last adoption back: the files, from the DVC root, that are as they were before it.

    Raises:
        RepositoryError: there is none, or one of the files has changed since.
    """
    last = last_change(repository)
    if last is None or last.note["by"] != _BY:
        raise RepositoryError("nothing to undo: no adoption is remembered here as the last change; use git to go back")
    with repository.pipelines.locked():
        last.undo()
    return last.paths


def adopt(repository: Repository, plan: Plan, progress_of: ProgressOf) -> Adopted:
    """Do what ``plan`` says.

    Raises:
        RepositoryError: a dataset is not here, or changed since its stage made it. Nothing has changed then.
        DataError: a row cannot be read, or what is declared of it cannot be.
    """
    with pipeline_change(repository) as files, scratch_folder(repository.temporary, "adopt") as workspace:
        adoption = _Adoption(repository, plan, files, workspace, progress_of)
        with _named_from(repository.root):
            datasets = adoption.write()
        adoption.sidecars.seal(_BY)
    return Adopted(tuple(datasets), tuple(adoption.sidecars.in_git(files.paths)))


@contextmanager
def _named_from(root: Path) -> Iterator[None]:
    """Errors in a dataset name it from the DVC root, as the user does."""
    try:
        yield
    except DataError as error:
        place = Path(error.path)
        if not place.is_relative_to(root):
            raise
        raise DataError(place.relative_to(root).as_posix(), error.row, error.problem) from error


class _Adoption:
    """One adoption, whose files are gathered in ``files``."""

    def __init__(
        self,
        repository: Repository,
        plan: Plan,
        files: NewFiles,
        workspace: Path,
        progress_of: ProgressOf,
    ) -> None:
        self.sidecars = StageSidecars(repository, files, plan.stages, workspace, progress_of)
        self._repository = repository
        self._plan = plan
        self._files = files
        self._workspace = workspace
        self._progress_of = progress_of
        self._ignored: dict[str, list[str]] = {}

    def write(self) -> list[AdoptedDataset]:
        """Write all that is to change, in the order in which it takes its place."""
        datasets = [self._added(path) for path in self._plan.added]
        for stage in in_order(self._plan.stages):
            datasets += [self._made(stage, out) for out in self._plan.outs.get(stage.address, ())]
        for path in self._plan.added:
            pointer = pointer_text(sidecar_path(path), self.sidecars.written[sidecar_path(path)])
            self._files.write(f"{sidecar_path(path)}.dvc", pointer)
        for file, lines in self._ignored.items():
            self._files.write(file, _with_lines(self._repository.root / file, lines))
        self.sidecars.put_locks(self._plan.edited)
        for file, (_, after) in self._plan.texts.items():
            self._files.write(file, after)
        return datasets

    def _added(self, path: str) -> AdoptedDataset:
        root = self._repository.root
        if not (root / path).exists():
            raise RepositoryError(f"{path}: not in the workspace; bring it with `dvc checkout` or `dvc pull`")
        completion = None
        if not self._taken_over(path):
            stated = self._stated(path, None)
            settings = self._repository.settings()
            completion = complete(
                root / path,
                self.sidecars.place(path),
                dataset_path=path,
                identity=identity_of(settings, path, self._repository),
                fingerprint=self._repository.md5,
                workspace=self._workspace,
                temporary=self._repository.temporary,
                tokenizer=tokenizer_of(settings, path),
                dependencies=() if stated is None else (*stated.dependencies, *stated.others),
                births=None if stated is None else stated.births,
                afterwards=True,
                parts=parts_of(settings, path, self._repository),
                progress=self._progress_of(path),
            )
        self._entered(path)
        return AdoptedDataset(path, None, completion)

    def _made(self, stage: StageText, out: str) -> AdoptedDataset:
        read = filter(None, map(stage.from_root, stage.paths("deps")))
        known = [path for path in read if sidecar_path(path) in self.sidecars.written]
        if self.sidecars.has_run(stage):
            self.sidecars.require_here(stage, [out, *known])
        completion = None
        if not self._taken_over(out):
            stated = self._stated(out, self.sidecars.recorded_run(stage))
            completion = self.sidecars.complete(stage, out, stated)
        self._entered(out)
        return AdoptedDataset(out, stage.address, completion)

    def _taken_over(self, path: str) -> bool:
        """Whether there is a sidecar of just this dataset, which then stays."""
        from provenance.errors import SidecarError
        from provenance.lineage.sidecar import open_sidecar

        there = self._repository.root / sidecar_path(path)
        try:
            stated = open_sidecar(there).header.dataset
        except SidecarError:
            return False
        if (stated.path, stated.md5) != (path, self._repository.md5(path)[0]):
            return False
        copy_of(there, self.sidecars.place(path))
        return True

    def _entered(self, path: str) -> None:
        self.sidecars.entered(path)
        if not self.sidecars.is_cached(path):
            return
        if (rule := self._repository.pipelines.ignoring(sidecar_path(path))) is not None:
            self._ignored.setdefault(rule[0], []).append(rule[1])

    def _stated(self, path: str, run: Stage | None) -> Stated | None:
        """What is declared of the dataset at ``path``, which ``run`` made."""
        declaration = self._plan.declared.get(path)
        if declaration is None:
            return None
        identity = identity_of(self._repository.settings(), path, self._repository)
        folder = Path(mkdtemp(dir=self._workspace))
        return births_declared(self._repository, path, identity, declaration, run, folder)


def _with_lines(file: Path, lines: list[str]) -> str:
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    separator = "" if not text or text.endswith("\n") else "\n"
    return text + separator + "".join(f"{line}\n" for line in dict.fromkeys(lines))
