"""What follows from parents, for records in memory: who depends on whom is worked out on numbers.

The rules see values and never a sample, and records have few different combinations of these: each combination is asked
once, and stands for all records that have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from provenance.lineage.inherited import Born, Inherited, from_births, from_parents, resolved
from provenance.lineage.merging.gathered import NotPlainError, Records, coded_schema, codes
from provenance.lineage.merging.numbering import Flags, Numbers, combined, ranges, starts_of

_OWN = Born._fields[:-1]
_UNSET = -1


@dataclass
class Resolver:
    """Works out what follows from parents. ``generations``: whether activities, by their numbers, are of models.

    ``classes``: the different combinations of what is inherited; a record that is resolved has one of them.
    """

    records: Records
    generations: Flags
    _values: list[Inherited] = field(default_factory=lambda: [Inherited()])
    _numbers: dict[Inherited, int] = field(default_factory=lambda: {Inherited(): 0})

    def __post_init__(self) -> None:
        self._class = np.full(len(self.records), _UNSET)

    @property
    def classes(self) -> pa.Table:
        """All classes, in the order of their numbers."""
        types = coded_schema(1)
        columns = zip(Inherited._fields, zip(*self._values, strict=True), strict=True)
        return pa.table({name: _column(values, types.field(name).type) for name, values in columns})

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
        table = self.records.some(Inherited._fields, places)
        kinds, example = combined([codes(column.chunk(0)) for column in table.columns])
        values = [Inherited(**each) for each in table.take(pa.array(example)).to_pylist()]
        self._class[places] = self._entered(values)[kinds]

    def _entered(self, values: Sequence[Inherited]) -> Numbers:
        """The numbers of the classes that have these values."""
        for each in values:
            if each not in self._numbers:
                self._numbers[each] = len(self._values)
                self._values.append(each)
        return np.array([self._numbers[each] for each in values], np.int64)

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
            starts, lengths = edges.unit_starts[several], counts[several]
            lists, example = sequences(of_births, starts, lengths)
            found = [*self._taken(from_births, of_births, starts[example], lengths[example])]
            unit_class[several] = self._entered(found)[lists]

    def _resolve_ready(self, edges: _Edges, pending: Numbers, ready: Numbers, unit_class: Numbers) -> None:
        of_edges = unit_class[edges.units]
        starts, lengths = edges.starts[ready], edges.lengths[ready]
        lists, example = sequences(of_edges, starts, lengths)
        taken = [*self._taken(from_parents, of_edges, starts[example], lengths[example])]
        places = pending[ready]
        own = self.records.some(_OWN, places)
        activity = self.records.column("activity").take(pa.array(places)).to_numpy()
        is_generation = self.generations[activity]
        columns = [codes(column.chunk(0)) for column in own.columns]
        kinds, one = combined([(lists, len(example)), (is_generation, 2), *columns])
        born = own.take(pa.array(one)).to_pylist()
        found = [
            resolved(Born(**each, is_generation=bool(is_generation[place])), taken[lists[place]])
            for each, place in zip(born, one, strict=True)
        ]
        self._class[places] = self._entered(found)[kinds]

    def _taken(
        self, rule: Callable[[Sequence[Inherited]], Inherited], classes: Numbers, starts: Numbers, lengths: Numbers
    ) -> Iterator[Inherited]:
        """What ``rule`` makes of lists of classes."""
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
            yield rule([self._values[number] for number in classes[start : start + length].tolist()])


def _column(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    return pa.array(values, pa.string()).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(values, kind)


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
