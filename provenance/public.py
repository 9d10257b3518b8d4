"""The ledger as Python programs use it: `provenance.Ledger`.

A thin face over what the command line asks too. Nothing is loaded before it is asked for, and what may be larger than
memory is given piece by piece.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Self
from weakref import finalize

from provenance.arguments import require, require_optional
from provenance.errors import ProvenanceError
from provenance.faces.tabular import Tabular
from provenance.ledger.graph.graph import Direction, SampleSet
from provenance.ledger.sidecars import Sidecars
from provenance.ledger.walks import Walk
from provenance.plurals import counted

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.ledger.composition.composition import Composition
    from provenance.ledger.impact import Impact
    from provenance.ledger.sql.questions import Parameters, Questions
    from provenance.lineage.records import Record

_ID = re.compile(r"[0-9a-fA-F]{6,128}")


@dataclass(frozen=True)
class Dataset:
    """A dataset that DVC tracks. ``path`` is from the DVC root, ``md5`` DVC's hash of the data.

    ``state``: of its sidecar, ``ok``, ``stale`` (made for other data), ``changed`` (not the one that DVC has recorded),
    ``missing`` or ``unusable``; with the last two ``rows`` is None.
    """

    path: str
    state: str
    rows: int | None
    md5: str | None


class Traced(Walk, Tabular):
    """A walk through the lineage of a sample; its table has a row for each sample reached, the nearest first."""

    def to_mermaid(self) -> str:
        """The walk as a Mermaid flow chart, as `provenance trace --mermaid` writes it."""
        from provenance.report.pictures import mermaid

        return mermaid(self)

    def _table_rows(self) -> Iterator[dict[str, Any]]:
        return (asdict(node) for node in self.nodes)

    def __repr__(self) -> str:
        return f"<Walk {self.direction.value} from {self.start}: {counted(self.reached, 'sample')}>"

    def _repr_html_(self) -> str:
        from provenance.faces.notebook import Table, block

        shown = ("sample_id", "origin", "kind", "depth", "model", "prompt", "source", "license", "stage")
        rows = ({name: row[name] for name in shown} for row in self._table_rows())
        title = f"{self.direction.value} of {self.start}: {counted(self.reached, 'sample')}"
        return block(title, tables=[Table.of("nearest first", rows, len(self.nodes))])


class Ledger(Tabular):
    """All lineage of one revision of a DVC repository; `Ledger.open` gives one.

    A sample goes by its id, by six or more hex digits that its id begins with, or by ``PATH:ROW`` (rows from 1). Paths
    are from the DVC root, or absolute. Every method raises `provenance.errors.UnknownReferenceError` for a sample,
    dataset or selector that does not exist, `provenance.errors.SidecarError` for a sidecar that cannot be used, and
    `provenance.errors.ProvenanceError` for an argument of another type than is asked for. Its table has a row for each
    dataset.
    """

    def __init__(self, sidecars: Sidecars, resources: ExitStack) -> None:
        self._sidecars = sidecars
        self._resources = resources
        # In a notebook no block can hold a ledger from cell to cell.
        self._closing = finalize(self, resources.close)
        self._open_questions: dict[tuple[str, ...], Questions] = {}

    @classmethod
    def open(cls, repo: str | PathLike[str] = ".", rev: str | None = None) -> Self:
        """Open the ledger of the repository that the folder ``repo`` is in.

        It is open as long as a ``with`` block lasts, or, without one, until `close` or until nobody holds it.

        ``rev``: a git revision, which is read without checkout; None is the workspace. Of each sidecar that cannot be
        used a warning (of the module `warnings`) says so: answers are about the others.

        Raises:
            RepositoryError: not a DVC repository, or no such revision.
        """
        from provenance.repository import Repository

        require("repo", repo, str, PathLike)
        require_optional("rev", rev, str)
        with ExitStack() as resources:
            sidecars = resources.enter_context(Sidecars.open(Repository.open(repo), rev))
            for reason in sidecars.unusable.values():
                warnings.warn(f"{reason}; it is not asked", stacklevel=2)
            return cls(sidecars, resources.pop_all())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what is open; nothing can be asked any more."""
        self._closing()

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """Every dataset that DVC tracks, by path."""
        found = [Dataset(each.path, each.state.value, each.rows, each.md5) for each in self._sidecars.recorded]
        missing = (*self._sidecars.unrecorded, *self._sidecars.unfetched)
        found += [Dataset(path, "missing", None, None) for path in missing]
        found += [Dataset(path, "unusable", None, None) for path in self._sidecars.unusable]
        return tuple(sorted(found, key=lambda dataset: dataset.path))

    def record(self, sample: str) -> Record:
        """The sample's most credible birth."""
        return self.records(sample)[0]

    def records(self, sample: str) -> list[Record]:
        """Every birth of the sample, the most credible first; ``rows`` counts over all datasets."""
        return self._sidecars.records(self._id(sample))

    def ancestors(self, samples: str | Iterable[str]) -> SampleSet:
        """All samples that any of ``samples`` was made from, directly or not."""
        return self._reached(samples, Direction.ANCESTORS)

    def descendants(self, samples: str | Iterable[str]) -> SampleSet:
        """All samples that were made from any of ``samples``, directly or not."""
        return self._reached(samples, Direction.DESCENDANTS)

    def trace(self, sample: str, *, down: bool = False, depth: int | None = None) -> Traced:
        """The sample, its ancestors (``down``: its descendants) within ``depth`` steps, and who was made from whom.

        Raises:
            ProvenanceError: ``depth`` is less than 1.
        """
        from provenance.ledger.walks import trace

        require("down", down, bool)
        require_optional("depth", depth, int)
        direction = Direction.DESCENDANTS if down else Direction.ANCESTORS
        return Traced(**vars(trace(self._sidecars.models, self._id(sample), direction, depth)))

    def impact(self, *selectors: str) -> Impact:
        """Everything that came from what fits any of ``selectors``, counted in every dataset.

        Raises:
            ProvenanceError: there is none.
        """
        from provenance.ledger.impact import impact

        if not selectors:
            raise ProvenanceError("nothing is selected; name at least one selector, such as source:NAME")
        return impact(self._sidecars, [self._selector(selector) for selector in selectors])

    def composition(self, dataset: str | PathLike[str]) -> Composition:
        """What the dataset at this path is made of."""
        from provenance.ledger.composition.composition import composition

        require("dataset", dataset, str, PathLike)
        return composition(self._sidecars, self._sidecars.dataset(self._sidecars.repository.root / dataset))

    def sql(self, query: str, parameters: Parameters = (), *, fields: Sequence[str] = ()) -> pa.RecordBatchReader:
        """The rows that a SELECT over the views of docs/query.md gives, in batches, as they are computed.

        ``parameters`` stand for ``?`` (a sequence) or ``$name`` (a mapping) in it. ``fields``: columns of the data that
        are read for the view ``field_values``.

        Raises:
            QueryError: it is not one SELECT, or DuckDB refuses it; also while the batches are read.
            UnknownReferenceError: no dataset has one of ``fields``.
        """
        require("query", query, str)
        if isinstance(parameters, str | bytes):
            raise ProvenanceError("parameters: expected a sequence or a mapping; for a single one, [value]")
        require("parameters", parameters, Sequence, Mapping)
        if isinstance(fields, str):
            raise ProvenanceError("fields: expected a sequence of names; for a single one, [name]")
        require("fields", fields, Sequence)
        return self._questions(tuple(fields)).ask(query, parameters).batches

    def _table_rows(self) -> Iterator[dict[str, Any]]:
        return (asdict(dataset) for dataset in self.datasets)

    def __repr__(self) -> str:
        return f"<Ledger of {counted(len(self.datasets), 'dataset')} at {self._sidecars.rev or 'the workspace'}>"

    def _repr_html_(self) -> str:
        from provenance.faces.notebook import Table, block

        found = self.datasets
        title = f"lineage at {self._sidecars.rev or 'the workspace'}: {counted(len(found), 'dataset')}"
        return block(title, tables=[Table.of("datasets", self._table_rows(), len(found))])

    def _questions(self, fields: tuple[str, ...]) -> Questions:
        from provenance.ledger.sql.questions import open_questions

        if fields not in self._open_questions:
            self._open_questions[fields] = self._resources.enter_context(open_questions(self._sidecars, fields))
        return self._open_questions[fields]

    def _reached(self, samples: str | Iterable[str], direction: Direction) -> SampleSet:
        from provenance.ledger.walks import reached_from

        require("samples", samples, str, Iterable)
        ids = [self._id(sample) for sample in ([samples] if isinstance(samples, str) else samples)]
        return reached_from(self._sidecars.graph, ids, direction)

    def _id(self, sample: str) -> str:
        from provenance.ledger.references import resolve

        require("sample", sample, str)
        return resolve(self._sidecars, self._from_root(sample))

    def _from_root(self, sample: str) -> str:
        return sample if _ID.fullmatch(sample) else str(self._sidecars.repository.root / sample)

    def _selector(self, selector: str) -> str:
        require("selector", selector, str)
        kind, _, value = selector.partition(":")
        if kind == "sample" and value:
            return f"{kind}:{self._from_root(value)}"
        if kind == "dataset" and value:
            return f"{kind}:{self._sidecars.repository.root / value}"
        return selector
