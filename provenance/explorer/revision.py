"""The ledger of one revision, with the answers about it that several pages need, each worked out once."""

from __future__ import annotations

from collections import Counter
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np

from provenance.errors import UnknownReferenceError
from provenance.explorer.filters import groups_by_facet
from provenance.explorer.reach import Selected, as_origins, selected
from provenance.explorer.remembering import Remembered
from provenance.ledger.composition.breakdowns import UNSURE
from provenance.ledger.reached import Reached
from provenance.ledger.references import is_prefix
from provenance.ledger.row_births import Fitting, SampleRows
from provenance.ledger.rows import DatasetRows
from provenance.ledger.selectors import select
from provenance.report.page.pipeline import Pipeline, pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provenance.explorer.filters import Filter, GroupOf
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.graph.graph import Direction
    from provenance.ledger.rows import Between
    from provenance.ledger.sidecars import Sidecars

# Of what there may be very many, the overview lists those of most rows.
_MOST_LISTED = 12
# Of what has a bit or more for each sample, so many are kept; and so many of what has numbers alone.
_MOST_LARGE, _MOST_SMALL = 8, 256


class Revision:
    """What is asked about ``ledger``."""

    def __init__(self, ledger: Sidecars) -> None:
        self.ledger = ledger
        self._sample_rows: dict[int, SampleRows] = {}
        self._reached = Remembered[Reached](_MOST_LARGE)
        self._fitting = Remembered[tuple[Fitting | None, Fitting | None]](_MOST_LARGE)
        self._pipelines = Remembered[Pipeline](_MOST_SMALL)
        self._others = Remembered[int](_MOST_SMALL)
        self._selected = Remembered[Selected](_MOST_SMALL)
        self._narrowed = Remembered[tuple[DatasetRows, DatasetRows]](_MOST_SMALL)

    def dataset(self, path: str) -> RecordedDataset:
        """The dataset at ``path``, from the DVC root.

        Raises:
            UnknownReferenceError: DVC tracks no dataset there.
            SidecarError: it has no sidecar that can be read.
        """
        return self.ledger.dataset(self.ledger.repository.root / path)

    @cached_property
    def by_origin(self) -> dict[str, dict[str, int]]:
        """Of each dataset, its rows by origin; those whose origin is not certain are of unknown origin here."""
        return {path: as_origins(found) for path, found in self.ledger.rows_by_origin().items()}

    @cached_property
    def most_frequent(self) -> dict[str, list[tuple[str, int]]]:
        """Models, sources, and so on, each with the rows of all datasets that are certainly theirs."""
        prompts = {str(each["plan"]) for each in self.ledger.graph.descriptions.activities if each["plan"]}
        found: dict[str, Counter[str]] = {"model": Counter(), "source": Counter(), "license": Counter()}
        found["prompt"] = Counter(dict.fromkeys(sorted(prompts), 0))
        for dataset in self.ledger.recorded:
            if dataset.md5 and dataset.described_md5 not in (None, dataset.md5):
                continue  # of other data: its rows cannot be counted
            rows = self.ledger.rows(dataset)
            for name, counted in found.items():
                groups: dict[str, Between] = dict(rows.by(self.groups_by_facet[name]).groups)
                counted.update({group: each.certain.rows for group, each in groups.items() if group not in UNSURE})
        return {name: counted.most_common(_MOST_LISTED) for name, counted in found.items()}

    @cached_property
    def groups_by_facet(self) -> Mapping[str, GroupOf]:
        """The value that a birth has, by facet."""
        words = self.ledger.vocabulary
        plans = [None if each.plan is None else words.plans.get(each.plan) for each in words.activities.values()]
        return groups_by_facet([None if plan is None else plan.name for plan in plans])

    def sample_rows(self, dataset: RecordedDataset) -> SampleRows:
        """How the rows of each sample of ``dataset`` were born.

        Raises:
            SidecarError: the sidecar is of other data than DVC has.
        """
        if dataset.place not in self._sample_rows:
            self._sample_rows[dataset.place] = SampleRows(self.ledger, dataset)
        return self._sample_rows[dataset.place]

    def reached(self, selector: str) -> Reached:
        """What ``selector`` selects, and all that came of it.

        Raises:
            UnknownReferenceError: it selects nothing that this revision knows.
        """
        rooted = self._rooted(selector)
        return self._reached.get(rooted, lambda: Reached.by(self.ledger.models, select(self.ledger, [rooted])))

    def selected(self, selector: str) -> Selected:
        """What ``selector`` selects and reaches, in numbers.

        Raises:
            UnknownReferenceError: it selects nothing that this revision knows.
        """
        return self._selected.get(selector, lambda: selected(self.ledger, self.reached(selector), selector))

    def pipeline(self, dataset: RecordedDataset | None = None) -> Pipeline:
        """Where the rows of ``dataset`` (None: of all datasets) came from, dataset by dataset."""
        place = None if dataset is None else dataset.place
        return self._pipelines.get(place, lambda: pipeline(self.ledger, dataset))

    def fitting(
        self, dataset: RecordedDataset, asked: Filter, among: Sequence[str] | None = None
    ) -> tuple[Fitting | None, Fitting | None]:
        """The samples that fit ``asked``, and those that fit what they came from alone; None: nothing is asked.

        ``among``: only these (None: all).
        """
        key = (dataset.place, *asked.of_births, tuple(asked.came_from), tuple(among or ()))
        return self._fitting.get(key, lambda: self._fitting_of(dataset, asked, among))

    def _fitting_of(
        self, dataset: RecordedDataset, asked: Filter, among: Sequence[str] | None
    ) -> tuple[Fitting | None, Fitting | None]:
        by_ancestry = [self.came_from(dataset, selector) for selector in asked.came_from]
        by_ancestry += [] if among is None else [self._these(among)]
        came_from = reduce(lambda one, other: one & other, by_ancestry) if by_ancestry else None
        if not asked.is_of_births:
            return came_from, came_from
        by_birth = self.sample_rows(dataset).fitting(asked.fits(self.groups_by_facet))
        return (by_birth if came_from is None else by_birth & came_from), came_from

    def _these(self, samples: Sequence[str]) -> Fitting:
        numbers = self.ledger.graph.numbers(samples)
        chosen = np.zeros(self.ledger.graph.size, bool)
        chosen[numbers[numbers >= 0]] = True
        return Fitting(chosen, chosen)

    def narrowed(
        self, dataset: RecordedDataset, asked: Filter, among: Sequence[str] | None = None
    ) -> tuple[DatasetRows, DatasetRows]:
        """The rows of ``dataset`` that certainly came from what is asked, and those that may have; else all rows."""
        if not asked.came_from and among is None:
            rows = self.ledger.rows(dataset)
            return rows, rows
        key = (dataset.place, tuple(asked.came_from), tuple(among or ()))
        return self._narrowed.get(key, lambda: self._narrowed_to(dataset, asked, among))

    def _narrowed_to(
        self, dataset: RecordedDataset, asked: Filter, among: Sequence[str] | None
    ) -> tuple[DatasetRows, DatasetRows]:
        came_from = self.fitting(dataset, asked, among)[1]
        assert came_from is not None, "something is asked"
        by_sample = self.sample_rows(dataset)
        return by_sample.only(came_from.certainly), by_sample.only(came_from.may)

    def came_from(self, dataset: RecordedDataset, selector: str) -> Fitting:
        """The samples of ``dataset`` that are, or came of, what ``selector`` selects."""
        graph = self.ledger.graph
        members, rows = graph.members(dataset.place)
        least, most = self.reached(selector).in_all.rows_of_members(dataset.place)
        certainly, may = np.zeros(graph.size, bool), np.zeros(graph.size, bool)
        certainly[members[(least >= rows) & (rows > 0)]] = True
        may[members[most > 0]] = True
        return Fitting(certainly, may)

    def others(self, number: int, direction: Direction) -> int:
        """How many ancestors or descendants sample ``number`` has."""
        return self._others.get((number, direction), lambda: self._count_others(number, direction))

    def _count_others(self, number: int, direction: Direction) -> int:
        graph = self.ledger.graph
        near = graph.next_in(direction).next_to(np.array([number], np.int64))
        return len(graph.reached(near, direction))

    def _rooted(self, selector: str) -> str:
        """``selector`` with paths that count from the DVC root, wherever the server was started."""
        kind, _, value = selector.partition(":")
        is_path = kind == "dataset" or (kind == "sample" and not is_prefix(value))
        return f"{kind}:{self.ledger.repository.root / value}" if is_path and value else selector

    def number(self, sample_id: str) -> int:
        """The sample's number in the graph.

        Raises:
            UnknownReferenceError: no sidecar knows it.
        """
        number = int(self.ledger.graph.numbers([sample_id])[0])
        if number < 0:
            raise UnknownReferenceError(f"{sample_id}: no sidecar of this revision knows this sample")
        return number
