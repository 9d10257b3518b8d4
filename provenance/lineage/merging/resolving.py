"""What follows from parents, for records in memory: who depends on whom is worked out on numbers.

The rules themselves are those of `rules`, in SQL. They see values and never a sample, and records have few different
combinations of these: each combination is asked once, and stands for all records that have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from provenance.lineage.database import Database
from provenance.lineage.merging.gathered import NotPlainError, Records, answer, coded_schema, codes
from provenance.lineage.merging.numbering import Flags, Numbers, combined, ranges, starts_of
from provenance.lineage.rules import FROM_BIRTHS, FROM_PARENTS, resolved
from provenance.lineage.words import DOUBTS

# What a record has of its parents; all that is asked of a parent, too.
INHERITED = (*DOUBTS, "chain_evidence", "doubts")
_OWN = ("origin", "kind", "agent", "source", "license", "evidence")
_UNSET = -1


@dataclass
class Resolver:
    """Works out what follows from parents. ``generations``: whether activities, by their numbers, are of models.

    ``classes``: the different combinations of what is inherited; a record that is resolved has one of them.
    """

    database: Database
    records: Records
    generations: Flags
    classes: pa.Table = field(init=False)

    def __post_init__(self) -> None:
        types = coded_schema(1)
        self.classes = pa.table({name: pa.nulls(1, types.field(name).type) for name in INHERITED})
        self._class = np.full(len(self.records), _UNSET)

    def resolve(self, pending: Numbers, level: Numbers) -> Numbers:
        """The class of each ``pending`` record. ``level``: how near to a row a birth is, by record; the best count.

        Raises:
            NotPlainError: samples are their own ancestors, or a record has no activity.
        """
        if not len(pending):
            return np.empty(0, np.int64)
        if self.records.column("activity").take(pa.array(pending)).null_count:
            raise NotPlainError
        edges = _Edges.of(self.records, pending, level)
        is_open = np.zeros(len(self.records), bool)
        is_open[pending] = True
        self._classify(np.unique(edges.births[~is_open[edges.births]]))
        unit_class = np.full(len(edges.unit_starts) - 1, _UNSET)
        waiting = np.arange(len(pending))
        while len(waiting):
            self._close_units(edges, unit_class)
            lengths = edges.lengths[waiting]
            of_waiting = unit_class[edges.units[ranges(edges.starts[waiting], lengths)]]
            is_waiting = (
                np.bincount(np.repeat(np.arange(len(waiting)), lengths), of_waiting == _UNSET, len(waiting)) > 0
            )
            ready = waiting[~is_waiting]
            if not len(ready):
                raise NotPlainError
            self._resolve_ready(edges, pending, ready, unit_class)
            waiting = waiting[is_waiting]
        return self._class[pending]

    def _classify(self, places: Numbers) -> None:
        """Give the records at these places their class."""
        if not len(places):
            return
        table = self.records.some(INHERITED, places)
        kinds, example = combined([codes(table[name].chunk(0)) for name in INHERITED])
        self._class[places] = self._enter(table.take(pa.array(example)))[kinds]

    def _enter(self, table: pa.Table) -> Numbers:
        """The numbers of new classes."""
        first = len(self.classes)
        added = table.select(INHERITED).cast(self.classes.schema)
        self.classes = pa.concat_tables([self.classes, added]).unify_dictionaries().combine_chunks()
        return np.arange(first, len(self.classes))

    def _close_units(self, edges: _Edges, unit_class: Numbers) -> None:
        """Give each parent its class, once all births that it may have had have theirs."""
        counts = np.diff(edges.unit_starts)
        of_births = self._class[edges.births]
        waits = np.zeros(len(counts), bool)
        waits[np.repeat(np.arange(len(counts)), counts)[of_births == _UNSET]] = True
        new = (unit_class == _UNSET) & ~waits
        unit_class[new & (counts == 0)] = 0
        single = np.flatnonzero(new & (counts == 1))
        unit_class[single] = of_births[edges.unit_starts[single]]
        several = np.flatnonzero(new & (counts > 1))
        if len(several):
            lists, example = sequences(of_births, edges.unit_starts[several], counts[several])
            found = self._taken(FROM_BIRTHS, of_births, edges.unit_starts[several][example], counts[several][example])
            unit_class[several] = self._enter(found)[lists]

    def _resolve_ready(self, edges: _Edges, pending: Numbers, ready: Numbers, unit_class: Numbers) -> None:
        of_edges = unit_class[edges.units]
        starts, lengths = edges.starts[ready], edges.lengths[ready]
        lists, example = sequences(of_edges, starts, lengths)
        taken = self._taken(FROM_PARENTS, of_edges, starts[example], lengths[example])
        places = pending[ready]
        own = self.records.some(_OWN, places)
        activity = self.records.column("activity").take(pa.array(places)).to_numpy()
        own = own.append_column("generation", pa.array(self.generations[activity]))
        kinds, one = combined([(lists, len(example)), *(codes(own[name].chunk(0)) for name in own.column_names)])
        asked = own.take(pa.array(one))
        for name in INHERITED:
            asked = asked.append_column(f"from_{name}", taken[name].take(pa.array(lists[one])))
        rules = resolved("b", "f", "b.generation")
        inherited = ", ".join(f"from_{name} AS {name}" for name in INHERITED)
        what = ", ".join(f"{sql} AS {name}" for name, sql in rules.items())
        sql = f"SELECT {what} FROM asked b, (SELECT place_, {inherited} FROM asked) f WHERE f.place_ = b.place_ "
        placed = asked.append_column("place_", pa.array(np.arange(len(asked))))
        found = answer(self.database, f"{sql} ORDER BY b.place_", {"asked": placed}, self.classes.schema)
        self._class[places] = self._enter(found)[kinds]

    def _taken(self, rules: Mapping[str, str], classes: Numbers, starts: Numbers, lengths: Numbers) -> pa.Table:
        """What ``rules``, aggregates, make of lists of classes."""
        rows = self.classes.take(pa.array(classes[ranges(starts, lengths)]))
        rows = rows.append_column("list_", pa.array(np.repeat(np.arange(len(starts)), lengths)))
        what = ", ".join(f"{sql} AS {name}" for name, sql in rules.items())
        sql = f"SELECT {what} FROM p GROUP BY list_ ORDER BY list_"
        return answer(self.database, sql, {"p": rows}, self.classes.schema)


@dataclass(frozen=True)
class _Edges:
    """Whom pending records come from: parents as *units*, which have the births that a parent may have had.

    ``units``: those of all pending records, one record's after the other's, in ranges of ``lengths`` from ``starts``;
    ``births``: those of all units, in ranges that begin at ``unit_starts``.
    """

    units: Numbers
    starts: Numbers
    lengths: Numbers
    births: Numbers
    unit_starts: Numbers

    @staticmethod
    def of(records: Records, pending: Numbers, level: Numbers) -> _Edges:
        all_lengths = records.lengths
        starts, lengths = starts_of(all_lengths)[pending], all_lengths[pending]
        parents = records.parents[ranges(starts, lengths)]
        owner = np.repeat(np.arange(len(pending)), lengths)
        # A model that repeats its parent word for word gives a sample that is its own parent: that parent was born in
        # another way, and if there is none, nobody knows how.
        is_echo = parents == records.samples[pending][owner]
        keys, units = np.unique(parents * 2 + is_echo, return_inverse=True)
        births, counts = _births_of(records, keys // 2, (keys % 2).astype(bool), level)
        if (counts > 1).any():
            # Where parents have several births, each parent counts once.
            pairs = np.unique(owner * len(keys) + units)
            owner, units = pairs // len(keys), pairs % len(keys)
        lengths = np.bincount(owner, minlength=len(pending))
        return _Edges(units, starts_of(lengths)[:-1], lengths, births, starts_of(counts))


def _births_of(records: Records, samples: Numbers, is_echo: Flags, level: Numbers) -> tuple[Numbers, Numbers]:
    """The births that samples may have had: those of the best level, of an echo those that are none; how many each."""
    count = int(max(records.samples.max(), samples.max())) + 1
    best = np.full(count, _UNSET)
    np.maximum.at(best, records.samples, level)
    wanted = np.zeros(count, bool)
    wanted[samples] = True
    places = np.flatnonzero(wanted[records.samples] & (level == best[records.samples]))
    places = places[np.argsort(records.samples[places], kind="stable")]
    counts = np.bincount(records.samples[places], minlength=count)
    found = ranges(starts_of(counts)[samples], counts[samples])
    births, owner = places[found], np.repeat(np.arange(len(samples)), counts[samples])
    if is_echo.any():
        stays = ~(is_echo[owner] & _is_own_parent(records)[births])
        births, owner = births[stays], owner[stays]
    return births, np.bincount(owner, minlength=len(samples))


def _is_own_parent(records: Records) -> Flags:
    lengths = records.lengths
    owner = np.repeat(np.arange(len(lengths)), lengths)
    found = np.zeros(len(lengths), bool)
    found[owner[records.parents == records.samples[owner]]] = True
    return found


def sequences(values: Numbers, starts: Numbers, lengths: Numbers) -> tuple[Numbers, Numbers]:
    """Of each range of ``values``, which of the distinct lists it is; of each of these, a range that is it."""
    kinds = int(values.max(initial=0)) + 1
    lists, count = np.zeros(len(starts), np.int64), 1
    longer = np.flatnonzero(lengths > 0)
    place = 0
    while len(longer):
        found, example = combined([(lists[longer], count), (values[starts[longer] + place], kinds)])
        lists[longer] = count + found
        count += len(example)
        place += 1
        longer = longer[lengths[longer] > place]
    return combined([(lists, count)])
