"""The rows of a dataset that fit a filter, in the order of its file, a page at a time.

Where row places are kept, only the rows of the page are read; else the data from its beginning, a block of rows at a
time. From the row on that a page begins after, time counts: a page says how far it looked, and the next one goes on
from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.errors import RepositoryError
from provenance.identity import scan
from provenance.identity.id_arrays import bytes_of_ids
from provenance.identity.picking import pick_rows
from provenance.ledger.contents import named_as, whole_data
from provenance.ledger.row_places import identity_of_sidecar, kept_places
from provenance.ledger.walks import Node, describe
from provenance.ledger.word_index import WordIndex

if TYPE_CHECKING:
    from pathlib import Path

    from provenance.identity import Identity
    from provenance.identity.row_places import RowPlaces
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.graph.graph import Graph
    from provenance.ledger.graph.store import Array
    from provenance.ledger.row_births import Fitting
    from provenance.ledger.sidecars import Sidecars

MOST_ROWS = 50
_SECONDS = 0.25
# Rows that are read one by one, between looks at the clock.
_PICKED_AT_ONCE = 17


@dataclass(frozen=True)
class Row:
    """``number``: of the row in the dataset, from 1 (None: the data is not here); ``place``: of a directory, its file.

    ``may_fit``: not all rows of equal text certainly fit. ``text`` is empty where it is not here.
    """

    number: int | None
    place: str
    node: Node
    text: str
    may_fit: bool


@dataclass(frozen=True)
class Page:
    """``looked_at``: the last row that was; ``following``: behind which row the next page looks on, if any.

    ``has_text``: whether the data is on this machine. ``by_index``: whether an index of words was asked.
    """

    rows: list[Row]
    looked_at: int
    following: int | None
    has_text: bool
    by_index: bool = False


@dataclass(frozen=True)
class _Found:
    row: int
    place: str
    sample: Array
    text: str


class Reading:
    """Reads the rows of ``dataset``; made in the ledger's thread, and then used in any.

    ``fitting``: the samples that are wanted, by number in the ledger's graph (None: all); ``words``: what they say.
    """

    def __init__(self, ledger: Sidecars, dataset: RecordedDataset, fitting: Fitting | None, words: str) -> None:
        self.dataset = dataset
        self._graph: Graph = ledger.graph
        # What is said of a row is what the dataset's own sidecar says.
        self._own: Graph = ledger.graph_of(dataset)
        self._fitting = fitting
        self._words = words
        self._identity: Identity = identity_of_sidecar(ledger, dataset)
        self._data: Path | None = None
        self._places: RowPlaces | None = None
        self._index: WordIndex | None = None
        try:
            self._data = whole_data(ledger, dataset)
            self._places = kept_places(ledger, dataset)
            self._index = WordIndex.find(ledger, dataset) if words and self._places is not None else None
        except RepositoryError:
            self._members = ledger.graph.members(dataset.place)[0]

    @property
    def has_text(self) -> bool:
        """Whether the data is on this machine."""
        return self._data is not None

    def rows(self) -> Iterator[Row]:
        """All rows that fit, in order.

        Raises:
            DataError: the data cannot be read.
        """
        if self._data is None:
            yield from self._of_members(0)
            return
        for found, _ in self._blocks(0):
            yield from self._described(found)

    def page(self, after: int, most: int = MOST_ROWS, now: Callable[[], float] = time.monotonic) -> Page:
        """The first ``most`` rows that fit behind row ``after``, or those that are found in time.

        Raises:
            DataError: the data cannot be read.
        """
        if self._data is None:
            rows = list(islice(self._of_members(after), most + 1))
            following = after + most if len(rows) > most else None
            return Page(rows[:most], len(self._members), following, has_text=False)
        found: list[_Found] = []
        ends: float | None = None
        looked_at = after
        for block, last in self._looked_through(after):
            looked_at = last
            ends = ends or now() + _SECONDS
            found += islice(block, most + 1 - len(found))
            if len(found) > most or now() >= ends:
                break
        shown = found[:most]
        if len(found) > most:
            looked_at = shown[-1].row
        following = looked_at if looked_at < self.dataset.rows else None
        by_index = self._found_by_index(after) is not None
        return Page(self._described(shown), looked_at, following, has_text=True, by_index=by_index)

    def _looked_through(self, after: int) -> Iterator[tuple[Iterator[_Found], int]]:
        """The rows behind ``after`` that fit, some at a time, each with the last row that has been looked at."""
        if self._places is None or (self._words and self._found_by_index(after) is None):
            yield from ((block, last) for block, last in self._blocks(after) if last > after)
            return
        rows = self._candidates(self._places, after)
        while some := list(islice(rows, _PICKED_AT_ONCE)):
            yield iter(self._picked(self._places, some)), some[-1]
        yield iter(()), self.dataset.rows

    def _found_by_index(self, after: int) -> Iterator[int] | None:
        return None if self._index is None else self._index.rows(self._words, after)

    def _candidates(self, places: RowPlaces, after: int) -> Iterator[int]:
        if (indexed := self._found_by_index(after)) is not None:
            return indexed
        if self._fitting is None:
            return iter(range(after + 1, len(places.heads) + 1))
        found = places.rows_with(self._fitting.heads(self._graph), after)
        return (row for rows in found for row in rows.tolist())

    def _picked(self, places: RowPlaces, rows: list[int]) -> list[_Found]:
        """Those of ``rows`` that fit: other ids may begin alike."""
        assert self._data is not None
        with named_as(self.dataset, self._data):
            picked = list(pick_rows(self._data, self._identity, places, rows))
        samples = np.frombuffer(b"".join(each.sample_id for each in picked), np.uint8).reshape(len(picked), -1)
        keep = self._wanted(samples)
        if self._words:
            keep &= self._says(pa.array([each.text for each in picked], pa.large_string()))
        return [
            _Found(each.number, each.place, samples[number], each.text)
            for number, each in enumerate(picked)
            if keep[number]
        ]

    def _blocks(self, after: int) -> Iterator[tuple[Iterator[_Found], int]]:
        """The rows behind ``after`` that fit, by blocks, each with the last row that has been looked at."""
        assert self._data is not None
        start = self._places.start(after + 1) if self._places is not None and not self._places.files else None
        scanned = scan(self._data, self._identity, texts_and=[], start=start)
        with named_as(self.dataset, self._data):
            for batch in scanned:
                last = batch.first_row + len(batch.sample_ids) - 1
                if last <= after:
                    yield iter(()), last
                    continue
                samples = bytes_of_ids(batch.sample_ids)
                keep = self._wanted(samples)
                keep[: max(after + 1 - batch.first_row, 0)] = False
                texts = None if batch.texts is None else batch.texts.texts
                if self._words:
                    keep &= np.zeros(len(keep), bool) if texts is None else self._says(texts)

                def found(first: int = batch.first_row, samples=samples, keep=keep, texts=texts) -> Iterator[_Found]:  # type: ignore[no-untyped-def]
                    for offset in np.flatnonzero(keep).tolist():
                        inside, row = scanned.place(first + offset)
                        place = "" if inside is None else inside if row is None else f"{inside}:{row}"
                        text = "" if texts is None else texts[offset].as_py() or ""
                        yield _Found(first + offset, place, samples[offset], text)

                yield found(), last

    def _says(self, texts: pa.LargeStringArray) -> Array:
        says: Array = pc.match_substring(texts, self._words, ignore_case=True).to_numpy(zero_copy_only=False)
        return says

    def _wanted(self, samples: Array) -> Array:
        if self._fitting is None:
            return np.ones(len(samples), bool)
        numbers = self._graph.numbers_of_bytes(samples)
        wanted: Array = (numbers >= 0) & self._fitting.may[numbers]
        return wanted

    def _described(self, found: Iterator[_Found] | list[_Found]) -> list[Row]:
        listed = list(found)
        if not listed:
            return []
        samples = np.stack([each.sample for each in listed])
        may_fit = self._may_fit(self._graph.numbers_of_bytes(samples))
        nodes = describe(self._own, self._own.numbers_of_bytes(samples))
        return [
            Row(each.row, each.place, node, each.text, bool(unsure))
            for each, node, unsure in zip(listed, nodes, may_fit, strict=True)
        ]

    def _may_fit(self, numbers: Array) -> Array:
        if self._fitting is None:
            return np.zeros(len(numbers), bool)
        unsure: Array = ~self._fitting.certainly[numbers]
        return unsure

    def _of_members(self, after: int) -> Iterator[Row]:
        """Samples, where rows cannot be read: in the order of the graph, each once."""
        wanted = self._members if self._fitting is None else self._members[self._fitting.may[self._members]]
        if self._words:
            return
        for start in range(after, len(wanted), MOST_ROWS):
            numbers = wanted[start : start + MOST_ROWS]
            nodes = describe(self._own, self._own.numbers(self._graph.ids(numbers)))
            for node, unsure in zip(nodes, self._may_fit(numbers), strict=True):
                yield Row(None, "", node, "", bool(unsure))
