"""What an audit was asked for: which datasets, compared with what, at which revision."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast, get_args

from pydantic import BaseModel, ConfigDict

from provenance.arguments import require, shown
from provenance.auditing.measures import Part
from provenance.auditing.mixture.file import read_mixture
from provenance.engines.choosing import EngineName
from provenance.errors import ProvenanceError
from provenance.identity.samples import TextPart
from provenance.ledger.datasets import RecordedDataset
from provenance.ledger.sidecars import Sidecars
from provenance.repository import Repository

_GREATEST_SEED = 2**64 - 1

ALL_MEASURES = "all"


class DatasetAt(BaseModel):
    """A dataset by its path from the DVC root, in a commit (None: in the workspace)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    commit: str | None


class Request(BaseModel):
    """One audit, such that it can be asked again: paths are from the DVC root, revisions are commits.

    ``commit`` is where the datasets are read, ``since`` the one whose versions of them came before. ``measures`` are
    taken besides those that read lineage alone, and those that the policy needs; "all" among them: all there are.
    ``fields`` are fields of the data whose values are compared, ``family`` the one whose value rows that belong
    together share, ``text`` the part of rows' text that is compared; ``seed`` is of all random choices.
    ``mixture`` is the path of a mixture file
    (absolute where it is outside of the repository).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    datasets: tuple[str, ...]
    commit: str | None = None
    reference: DatasetAt | None = None
    evaluation: tuple[DatasetAt, ...] = ()
    since: str | None = None
    fields: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    mixture: str | None = None
    family: str | None = None
    text: TextPart = "own"
    seed: int = 0


class Ledgers:
    """The ledger of each commit that an audit asks of, opened once."""

    def __init__(self, repository: Repository, stack: ExitStack, engine: EngineName) -> None:
        self._repository = repository
        self._engine = engine
        self._stack = stack
        self._opened: dict[str | None, Sidecars] = {}

    @property
    def root(self) -> Path:
        """The DVC root."""
        return self._repository.root

    def at(self, commit: str | None) -> Sidecars:
        """The ledger of ``commit``, or of the workspace."""
        if commit not in self._opened:
            opening = Sidecars.open(self._repository, commit, engine=self._engine)
            self._opened[commit] = self._stack.enter_context(opening)
        return self._opened[commit]

    def recorded(self, dataset: DatasetAt) -> RecordedDataset:
        """The dataset with its sidecar.

        Raises:
            UnknownReferenceError: DVC tracks no such dataset there.
            SidecarError: it has no sidecar there that can be used.
        """
        return self.at(dataset.commit).dataset(self._repository.root / dataset.path)

    def part(self, dataset: DatasetAt) -> Part:
        """The dataset with its ledger.

        Raises:
            UnknownReferenceError: DVC tracks no such dataset there.
            SidecarError: it has no sidecar there that can be used, or one of other data.
        """
        recorded = self.recorded(dataset)
        recorded.require_current()
        return Part(self.at(dataset.commit), recorded)


@contextmanager
def opened_ledgers(repository: Repository, engine: EngineName = EngineName.DUCKDB) -> Iterator[Ledgers]:
    """Ledgers of ``repository``, which are closed at the end; ``engine``: what is asked."""
    with ExitStack() as stack:
        yield Ledgers(repository, stack, engine)


def request_for(
    repository: Repository,
    datasets: Sequence[str | os.PathLike[str]],
    *,
    rev: str | None = None,
    reference: str | os.PathLike[str] | None = None,
    evaluation: Sequence[str | os.PathLike[str]] = (),
    since: str | None = None,
    fields: Sequence[str] = (),
    measures: Sequence[str] = (),
    mixture: str | os.PathLike[str] | None = None,
    family: str | None = None,
    text: str = "own",
    seed: int = 0,
) -> Request:
    """The request that a user means; paths count from the current folder. ``reference`` and ``evaluation``: PATH[@REV].

    Where no datasets are named, they are those of the mixture.

    Raises:
        RepositoryError: no such revision, or a path outside of the repository.
        ProvenanceError: the mixture file is none.
    """
    _require_seed(seed)
    if not all(fields) or family == "":
        raise ProvenanceError("a field of the data needs a name")
    if text not in get_args(TextPart):
        raise ProvenanceError(f"the text to compare is one of {', '.join(get_args(TextPart))}, not {text!r}")
    commit = None if rev is None else repository.commit(rev)
    if mixture is not None and not datasets:
        held = read_mixture(mixture).parts
        datasets = [repository.root / part.dataset for part in held if part.dataset is not None]
    elif not datasets:
        raise ProvenanceError("name the datasets to audit, or a mixture file")
    return Request(
        datasets=tuple(dict.fromkeys(repository.relative(path) for path in datasets)),
        commit=commit,
        reference=None if reference is None else dataset_at(repository, os.fspath(reference), commit),
        evaluation=tuple(dataset_at(repository, os.fspath(each), commit) for each in evaluation),
        since=None if since is None else repository.commit(since),
        fields=tuple(dict.fromkeys(fields)),
        measures=tuple(dict.fromkeys(measures)),
        mixture=None if mixture is None else _file(repository, Path(mixture).absolute()),
        family=family,
        text=cast(TextPart, text),
        seed=seed,
    )


def dataset_at(repository: Repository, named: str, commit: str | None) -> DatasetAt:
    """PATH in ``commit``, or PATH@REV; where both could be meant, a dataset that is there.

    Raises:
        RepositoryError: no such revision, or a path outside of the repository.
    """
    known = {dataset.path for dataset in repository.datasets(commit)} if "@" in named else set()
    if "@" not in named or repository.relative(named) in known:
        return DatasetAt(path=repository.relative(named), commit=commit)
    cuts = [place for place, character in enumerate(named) if character == "@"]
    cut = next((place for place in cuts if repository.relative(named[:place]) in known), cuts[0])
    return DatasetAt(path=repository.relative(named[:cut]), commit=repository.commit(named[cut + 1 :]))


def _require_seed(seed: object) -> None:
    require("seed", seed, int)
    if not 0 <= cast(int, seed) <= _GREATEST_SEED:
        raise ProvenanceError(f"seed: expected a whole number from 0 to {_GREATEST_SEED:,}, got {shown(seed)}")


def _file(repository: Repository, file: Path) -> str:
    """The path of ``file`` from the DVC root, where it is inside."""
    inside = file.resolve().is_relative_to(repository.root)
    return repository.relative(file) if inside else str(file)
