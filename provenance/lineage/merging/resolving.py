"""What follows from parents, for merged records: who depends on whom is worked out on numbers.

The rules see values and never a sample, and records have few different combinations of these, *classes*: each is asked
once, and stands for all records that have it. A class for each sample is all that ranges of ids have to know of each
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.lineage.inherited import Born, Inherited, from_births, from_parents, resolved
from provenance.lineage.merging.exchange import Numbered
from provenance.lineage.merging.flagged_samples import FlaggedSamples
from provenance.lineage.merging.gathered import Records, coded_schema, codes
from provenance.lineage.merging.numbering import Flags, Numbers, combined, ranges, starts_of

_OWN = Born._fields[:-1]
_UNSET = -1


class Values:
    """The different combinations of what is inherited, by their numbers; that of a parent nobody knows is 0."""

    def __init__(self) -> None:
        self.values = [Inherited()]
        self._numbers = {Inherited(): 0}

    @property
    def table(self) -> pa.Table:
        """All classes, in the order of their numbers."""
        types = coded_schema(1)
        columns = zip(Inherited._fields, zip(*self.values, strict=True), strict=True)
        return pa.table({name: _column(values, types.field(name).type) for name, values in columns})

    def of(self, records: Records, places: Numbers) -> Numbers:
        """The classes of the records at these places, by what they state."""
        if not len(places):
            return np.empty(0, np.int64)
        table = records.some(Inherited._fields, places)
        kinds, example = combined([codes(column.chunk(0)) for column in table.columns])
        values = [Inherited(**each) for each in table.take(pa.array(example)).to_pylist()]
        return self.entered(values)[kinds]

    def entered(self, values: Sequence[Inherited]) -> Numbers:
        """The numbers of the classes that have these values."""
        for each in values:
            if each not in self._numbers:
                self._numbers[each] = len(self.values)
                self.values.append(each)
        return np.array([self._numbers[each] for each in values], np.int64)


class Classes(Values):
    """The same, and the classes of samples. ``asked``: the samples that are parents of which that is asked."""

    def __init__(self, samples: int) -> None:
        super().__init__()
        self.asked = FlaggedSamples(samples)
        # One more than the number of each sample's class, once it is known; there are few classes, so a byte will do.
        self._of_samples: npt.NDArray[np.unsignedinteger] = np.zeros(samples, np.uint8)

    def set_of(self, samples: Numbers, classes: Numbers) -> None:
        """Enter the classes of these samples, as far as they are known."""
        if len(self.values) > np.iinfo(self._of_samples.dtype).max:
            self._of_samples = self._of_samples.astype(np.min_scalar_type(2 * len(self.values)))
        self._of_samples[samples] = classes - _UNSET

    def of_samples(self, samples: Numbers) -> Numbers:
        """The classes of these samples, as far as they are known."""
        return self._of_samples[samples].astype(np.int64) + _UNSET

    def taken(
        self, rule: Callable[[Sequence[Inherited]], Inherited], classes: Numbers, starts: Numbers, lengths: Numbers
    ) -> Iterator[Inherited]:
        """What ``rule`` makes of lists of classes."""
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
            yield rule([self.values[number] for number in classes[start : start + length].tolist()])


def _column(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    return pa.array(values, pa.string()).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(values, kind)


@dataclass
class Waiting:
    """The records of a range that wait for their parents' classes, and its samples that others wait for.

    ``first``: the number among all samples of the first of the range. ``pending``: the places of records; ``born``:
    what these have of their own, ``kinds``: which of these each has. ``targets``: their parents, among all samples, or
    below 0 a *unit*, ``lengths``: how many each has. Units are samples that are asked (``samples``), behind them those
    that are their own parents; ``births``: the places of records that each may be, ``counts``: how many.
    """

    first: int
    pending: Numbers
    born: list[Born]
    kinds: Numbers
    targets: Numbers
    lengths: Numbers
    classes: Numbers
    samples: Numbers
    births: Numbers
    counts: Numbers
    of_unit: Numbers

    def renumbered(self, classes: Numbers) -> None:
        """Have the numbers of ``classes``, by those that they have had here."""
        known = self.classes != _UNSET
        self.classes[known] = classes[self.classes[known]]

    @property
    def is_done(self) -> bool:
        """Whether nobody waits any longer."""
        return not len(self.open_records) and not (self.of_unit == _UNSET).any()

    @property
    def open_records(self) -> Numbers:
        """The places of records without a class."""
        found: Numbers = self.pending[self.classes[self.pending] == _UNSET]
        return found

    def advance(self, classes: Classes) -> bool:
        """Work out what can be by now; whether that is anything."""
        has_found = False
        while True:
            is_new = self._close_units(classes)
            is_ready = self._resolve(classes)
            if not is_ready:
                return has_found or is_new
            has_found = True

    def open_a_loop(self, classes: Classes) -> bool:
        """What a sample became cannot be how it came to be: leave such births aside; whether there are any."""
        of_births, unit = self.classes[self.births], np.repeat(np.arange(len(self.counts)), self.counts)
        is_settled = of_births != _UNSET
        settled = np.bincount(unit, is_settled, len(self.counts))
        is_mixed = (settled > 0) & (settled < self.counts)
        stays = is_settled | ~is_mixed[unit]
        self.births, self.counts = self.births[stays], np.bincount(unit[stays], minlength=len(self.counts))
        return bool(is_mixed.any()) and self._close_units(classes)

    def _close_units(self, classes: Classes) -> bool:
        """Give each unit its class, once all births that it may have had have theirs; whether one got it."""
        of_births = self.classes[self.births]
        waits = np.zeros(len(self.counts), bool)
        waits[np.repeat(np.arange(len(self.counts)), self.counts)[of_births == _UNSET]] = True
        new = (self.of_unit == _UNSET) & ~waits
        if not new.any():
            return False
        starts = starts_of(self.counts)
        self.of_unit[new & (self.counts == 0)] = 0
        single = np.flatnonzero(new & (self.counts == 1))
        self.of_unit[single] = of_births[starts[single]]
        several = np.flatnonzero(new & (self.counts > 1))
        if len(several):
            lists, example = sequences(of_births, starts[several], self.counts[several])
            chosen = several[example]
            found = [*classes.taken(from_births, of_births, starts[chosen], self.counts[chosen])]
            self.of_unit[several] = classes.entered(found)[lists]
        classes.set_of(self.first + self.samples, self.of_unit[: len(self.samples)])
        return True

    def _resolve(self, classes: Classes) -> bool:
        """Give each record its class whose parents all have theirs; whether there was one."""
        waiting = np.flatnonzero(self.classes[self.pending] == _UNSET)
        starts, lengths = starts_of(self.lengths), self.lengths[waiting]
        targets = self.targets[ranges(starts[waiting], lengths)]
        of_targets = classes.of_samples(np.maximum(targets, 0))
        echoes = np.flatnonzero(targets < 0)
        of_targets[echoes] = self.of_unit[-targets[echoes] - 1]
        owner = np.repeat(np.arange(len(waiting)), lengths)
        is_waiting = np.bincount(owner, of_targets == _UNSET, len(waiting)) > 0
        is_waiting |= self.kinds[waiting] == _UNSET
        ready = np.flatnonzero(~is_waiting)
        if not len(ready):
            return False
        own_starts = starts_of(lengths)
        lists, example = sequences(of_targets, own_starts[ready], lengths[ready])
        chosen = ready[example]
        taken = [*classes.taken(from_parents, of_targets, own_starts[chosen], lengths[chosen])]
        kinds, one = combined([(lists, len(example)), (self.kinds[waiting[ready]], len(self.born) + 1)])
        found = [resolved(self.born[self.kinds[waiting[ready[each]]]], taken[lists[each]]) for each in one]
        self.classes[self.pending[waiting[ready]]] = classes.entered(found)[kinds]
        return True


def waiting_of(
    records: Records,
    numbered: Numbered,
    pending: Numbers,
    level: Numbers,
    generations: Flags,
    samples: Numbers,
    classes: Values,
) -> Waiting:
    """What waits in a range. ``level``: how near to a row each birth is, of which the nearest count.

    ``generations``: whether activities are of models. ``samples``: those of the range that are asked, by their places
    in it. What is known gets its number in ``classes``.
    """
    first, count = numbered.first, numbered.count
    all_lengths = records.lengths
    lengths = all_lengths[pending]
    targets = records.parents[ranges(starts_of(all_lengths)[pending], lengths)]
    own = np.repeat(records.samples[pending], lengths) + first
    # A model that repeats its parent word for word gives a sample that is its own parent: that parent was born in
    # another way, and if no other is known, nobody knows how.
    is_echo = targets == own
    echoed = np.unique(targets[is_echo]) - first
    births, counts = _births_of(records, np.concatenate([samples, echoed]), level, count)
    if len(echoed):
        unit = np.repeat(np.arange(len(counts)), counts)
        stays = (unit < len(samples)) | ~_is_own_parent(records, first)[births]
        births, counts = births[stays], np.bincount(unit[stays], minlength=len(counts))
        targets = targets.copy()
        targets[is_echo] = -(len(samples) + np.searchsorted(echoed, targets[is_echo] - first)) - 1
    own_classes = np.full(len(records), _UNSET)
    is_open = np.zeros(len(records), bool)
    is_open[pending] = True
    is_settled = np.zeros(len(records), bool)
    is_settled[births] = True
    settled = np.flatnonzero(is_settled & ~is_open)
    own_classes[settled] = classes.of(records, settled)
    born, kinds = _born(records, pending, generations)
    unset = np.full(len(counts), _UNSET)
    return Waiting(first, pending, born, kinds, targets, lengths, own_classes, samples, births, counts, unset)


def _born(records: Records, pending: Numbers, generations: Flags) -> tuple[list[Born], Numbers]:
    """What records have of their own, each combination once, and which each has; none where it has no activity."""
    if not len(pending):
        return [], np.empty(0, np.int64)
    activities = records.column("activity").take(pa.array(pending))
    has_one = activities.is_valid().to_numpy(zero_copy_only=False)
    numbers = activities.fill_null(0).to_numpy()
    is_generation = generations[numbers] if len(generations) else np.zeros(len(pending), bool)
    own = records.some(_OWN, pending)
    kinds, one = combined([(is_generation, 2), *(codes(column.chunk(0)) for column in own.columns)])
    told = own.take(pa.array(one)).to_pylist()
    born = [Born(**each, is_generation=bool(is_generation[place])) for each, place in zip(told, one, strict=True)]
    return born, np.where(has_one, kinds, _UNSET)


def _births_of(records: Records, samples: Numbers, level: Numbers, count: int) -> tuple[Numbers, Numbers]:
    """The births that each of ``samples`` may have had: those of the best level; and how many each has."""
    best = np.full(count, _UNSET)
    np.maximum.at(best, records.samples, level)
    wanted = np.zeros(count, bool)
    wanted[samples] = True
    places = np.flatnonzero(wanted[records.samples] & (level == best[records.samples]))
    places = places[np.argsort(records.samples[places], kind="stable")]
    counts = np.bincount(records.samples[places], minlength=count)
    return places[ranges(starts_of(counts)[samples], counts[samples])], counts[samples]


def _is_own_parent(records: Records, first: int) -> Flags:
    lengths = records.lengths
    owner = np.repeat(np.arange(len(lengths)), lengths)
    found = np.zeros(len(lengths), bool)
    found[owner[records.parents == records.samples[owner] + first]] = True
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
