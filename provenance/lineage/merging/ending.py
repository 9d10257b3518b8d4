"""A sidecar closed: the records of all ancestors, what follows from parents, and all records in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from provenance.errors import SidecarError
from provenance.lineage.manifest import Part
from provenance.lineage.merging import asked
from provenance.lineage.merging.ending_range import (
    MERGED,
    PIECE,
    Merged,
    Wanted,
    arrange,
    batches_of,
    parents_of,
    parents_of_own,
    parents_of_pending,
    ranges_of_part,
    waiting_in,
    with_ancestors,
    write_parts,
)
from provenance.lineage.merging.flagged_samples import FlaggedSamples
from provenance.lineage.merging.merge import Merging
from provenance.lineage.merging.numbering import Flags, Numbers
from provenance.lineage.merging.resolving import Classes, Waiting
from provenance.lineage.merging.written import NUMBERED, Piece
from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.tables import places
from provenance.lineage.vocabulary import Vocabulary

_WAITING = "waiting"


class Ending:
    """The records of a sidecar whose own rows were explained; made, it has them all."""

    def __init__(self, merging: Merging, *, is_anew: bool = False) -> None:
        """``is_anew``: what follows from parents is worked out again for what an earlier sidecar says of the rows."""
        self._merging, self._work, self._hands = merging, merging.work, merging.hands
        self._shelf = self._work.shelf
        self._vocabulary = merging.tables.vocabulary
        self._dangling = FlaggedSamples(merging.total)
        self._used = {name: set[int]() for name in NUMBERED}
        self._pending: dict[int, int] = {}
        self.counts = Counter[str]()
        self.dangling_row: int | None = None
        self._close(is_anew)
        self._arrange(self._resolve())

    def used(self, activities: Iterable[Activity]) -> Vocabulary:
        """The part of the vocabulary that the records need, and that ``activities`` do."""
        place = places(self._vocabulary.activities)
        numbers = {name: sorted(found) for name, found in self._used.items()}
        numbers["activity"] += [place[each.id] for each in activities]
        return self._vocabulary.only(*numbers.values())

    def batches(self, used: Vocabulary) -> Iterator[pa.RecordBatch]:
        """The sidecar's rows in its order, numbers counting in ``used``."""
        for number in self._work.spans:
            yield from batches_of(used, self._work, number)
            self._shelf.give_back()

    def parts(self, used: Vocabulary, folder: Path, bits: int) -> list[Part]:
        """The sidecar's parts by ``bits`` leading bits, written to ``folder``; see `parts.each_part`."""
        firsts = range(0, len(self._work.spans), ranges_of_part(self._work, bits))
        step = partial(write_parts, str(folder), bits, used)
        return [part for parts in self._hands.each(step, firsts) for part in parts]

    def leave_out(self, chosen: Callable[[Piece, Flags], Flags]) -> None:
        """Leave out the records of samples that are ``chosen``, given which of a piece's samples nobody knows.

        No record has rows then.
        """
        self._used = {name: set[int]() for name in NUMBERED}
        for number in self._work.spans:
            piece, order = self._shelf.get(number, PIECE)
            dangling = self._dangling.within(piece.first, len(piece.ids))
            order = order[~chosen(piece, dangling)[piece.records.samples[order]]]
            piece = piece.take(order)
            piece = replace(piece, shares=asked.no_rows(len(order), len(piece.ids)))
            self._shelf.put(number, PIECE, (piece, np.arange(len(order))))
            self._use(piece.used())

    def _use(self, used: Mapping[str, Iterable[int]]) -> None:
        for name, found in used.items():
            self._used[name].update(found)

    def _close(self, is_anew: bool) -> None:
        """Add the records of all ancestors."""
        wanted = self._ancestors()
        step = partial(with_ancestors, self._are_derived() if is_anew else None)
        closed = self._hands.each(step, self._work.spans, lambda number: self._wanted(wanted, number))
        for number, found in zip(self._work.spans, closed, strict=True):
            self._dangling.add(found.dangling)
            self.counts["dangling"] += len(found.dangling)
            if found.pending:
                self._pending[number] = found.pending
        self._work.forget()

    def _wanted(self, wanted: FlaggedSamples, number: int) -> Wanted:
        samples, tables = self._merging.within(wanted, number), self._merging.tables
        if not len(samples) or not tables.are_there:
            return Wanted(samples, None)
        each = self._work.inputs.spans[number]
        seen = tables.connection.sql(
            f"SELECT sample_id, max(content_bytes) AS content_bytes FROM seen WHERE {each.sql()} GROUP BY 1"
        ).to_arrow_table()
        return Wanted(samples, seen if len(seen) else None)

    def _ancestors(self) -> FlaggedSamples:
        """The samples that are parents of the dataset's records, or their ancestors."""
        merging = self._merging
        found = FlaggedSamples(merging.total)
        for parents in self._hands.each(parents_of_own, self._work.spans):
            found.add(parents)
        frontier = found
        while frontier:
            reached = FlaggedSamples(merging.total)
            asked_of = {number: own for number in self._work.spans if len(own := merging.within(frontier, number))}
            for parents in self._hands.each(parents_of, asked_of, asked_of.get):
                reached.add(parents)
            reached.remove_all(found)
            found.add_all(reached)
            frontier = reached
        return found

    def _are_derived(self) -> Flags:
        """Of each activity, whether what it made takes its origin from its parents.

        Where it was aligned, it may be unknown whatever they are.
        """
        activities = self._vocabulary.activities.values()
        return np.array([each.type is ActivityType.DERIVATION and each.aligned_on is None for each in activities], bool)

    def _resolve(self) -> Classes:
        """Work out origin, depth and what else follows from parents, these first.

        Raises:
            SidecarError: samples are their own ancestors.
        """
        classes = Classes(self._merging.total if self._pending else 0)
        for parents in self._hands.each(parents_of_pending, self._pending):
            classes.asked.add(parents)
        activities = self._vocabulary.activities.values()
        generations = np.array([each.type is ActivityType.GENERATION for each in activities], bool)
        # Where nothing is open, nobody waits, and nobody has to be read.
        waiting = {*self._work.spans} if self._pending else set[int]()
        asked_of = partial(self._merging.within, classes.asked)
        found = self._hands.each(partial(waiting_in, generations), sorted(waiting), asked_of)
        for number, (one, values) in zip(sorted(waiting), found, strict=True):
            one.renumbered(classes.entered(values))
            self._shelf.put(number, _WAITING, one)
        while waiting:
            is_new = self._with_each(waiting, lambda each: each.advance(classes))
            if not is_new and waiting and not self._with_each(waiting, lambda each: each.open_a_loop(classes)):
                raise self._loop(min(waiting))
        return classes

    def _with_each(self, waiting: set[int], step: Callable[[Waiting], bool]) -> bool:
        """Whether the step did anything in one of the ranges; those that wait no longer go."""
        has_found = False
        for number in sorted(waiting):
            found: Waiting = self._shelf.get(number, _WAITING)
            if step(found):
                has_found = True
            self._shelf.put(number, _WAITING, found)
            if found.is_done:
                waiting.discard(number)
        return has_found

    def _loop(self, number: int) -> SidecarError:
        waiting: Waiting = self._shelf.get(number, _WAITING)
        merged: Merged = self._shelf.get(number, MERGED)
        sample = merged.records.samples[waiting.open_records].min()
        one = self._work.numbered(number).ids[sample].tobytes().hex()
        return SidecarError(f"sample {one} is its own ancestor, or comes from one that is: check its parents")

    def _arrange(self, classes: Classes) -> None:
        """Put the records of each range in order, each birth once."""
        step = partial(arrange, classes.table, self._dangling if self._dangling else None)
        rows = []
        for found in self._hands.each(step, self._work.spans, self._classes_of_pending):
            self.counts.update(found.counts)
            self._use(found.used)
            rows.append(found.dangling_row)
        self.dangling_row = min((row for row in rows if row is not None), default=None)

    def _classes_of_pending(self, number: int) -> Numbers:
        """The classes of the records of a range of which it was open what follows from parents."""
        if number not in self._pending:
            return np.empty(0, np.int64)
        waiting: Waiting = self._shelf.take(number, _WAITING)
        return waiting.classes[waiting.pending]
