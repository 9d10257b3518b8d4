"""Questions to the graph of a revision. Samples go by number, from 0; `numbers` and `ids` translate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from provenance.ledger.graph.adjacency import Adjacency, merged
from provenance.ledger.graph.births import BirthClass, Descriptions, classes_of, is_tombstone, license_of
from provenance.ledger.graph.disputed import DisputedBirths
from provenance.ledger.graph.identifiers import SampleIds
from provenance.ledger.graph.store import Array, Folder
from provenance.lineage.rules import FIXED_DEPTHS, FIXED_ROOTS, ROOTS
from provenance.plurals import counted

if TYPE_CHECKING:
    import pyarrow as pa

_IDS_AT_ONCE = 10_000
# In `Graph.depths`: not known, as an ancestor is unknown.
UNKNOWN_DEPTH = np.uint16(2**16 - 1)
# In `Graph.real_rooted`, in the order in which several parents count.
NOT_ROOTED, NOT_KNOWN, ROOTED = np.uint8(0), np.uint8(1), np.uint8(2)


class Direction(StrEnum):
    """Towards the parents, or towards what came of a sample."""

    ANCESTORS = "ancestors"
    DESCENDANTS = "descendants"


@dataclass(frozen=True)
class GraphDataset:
    """A dataset of the graph: its path, its sidecar's hash, and what that says of the data it was made for."""

    path: str
    digest: str
    rows: int
    md5: str | None


class Graph:
    """All samples that the sidecars of a revision know, and who was made from whom.

    A sample that was born twice has the parents of all its births; ``classes[class_of[n]]`` is its most credible birth.
    Arrays are memory-mapped: what is not asked for is not read.
    """

    def __init__(self, folder: Folder) -> None:
        stated = folder.stated
        self._folder = folder
        self._ids = SampleIds(folder.array("heads"), folder.array("tails"), stated["width"])
        self.size = len(self._ids)
        self.parents = Adjacency(folder.array("parent_offsets"), folder.array("parents"))
        self.children = Adjacency(folder.array("child_offsets"), folder.array("children"))
        self.class_of = folder.array("class")
        self.classes: list[BirthClass] = classes_of(stated)
        self.descriptions = Descriptions(**stated["descriptions"])
        self.datasets = [
            GraphDataset(each["path"], each["digest"], each["described"]["rows"], each["described"].get("md5"))
            for each in stated["datasets"]
        ]
        self._roles: list[str | None] = stated["roles"]
        self._disputed: dict[int, DisputedBirths] = {}

    @property
    def level_starts(self) -> Array:
        """The number of the first sample of each level, and the size: parents of a sample are of levels before its own.

        Only the last level can hold parents of its own samples, where sidecars contradict each other in a circle.
        """
        return self._folder.array("level_starts")

    @property
    def other_births(self) -> tuple[Array, Array]:
        """The samples that were born more than once, and the class of each birth but the most credible one."""
        return self._folder.array("other_sample"), self._folder.array("other_class")

    @property
    def bytes(self) -> int:
        """Size on disk."""
        return self._folder.bytes

    def numbers(self, sample_ids: Iterable[str]) -> Array:
        """The number of each id (hex digits); -1 for one that no sidecar knows. int64."""
        places = self._ids.places_of(SampleIds.of_hex(sample_ids, self._ids.width))
        return self._of_places(places)

    def numbers_of_bytes(self, rows: Array) -> Array:
        """The same for ids as rows of bytes (n x width, uint8)."""
        if rows.shape[1] != self._ids.width:
            return np.full(len(rows), -1, np.int64)
        return self._of_places(self._ids.places_of(SampleIds.of_bytes(rows)))

    def _of_places(self, places: Array) -> Array:
        numbers = self._folder.array("number_of")[np.maximum(places, 0)].astype(np.int64) if self.size else places
        return np.where(places < 0, -1, numbers)

    def ids(self, numbers: Array) -> list[str]:
        """The id of each number, in hex digits."""
        return self._ids[self._folder.array("place_of")[numbers]].hex()

    def ids_as_bytes(self, numbers: Array) -> Array:
        """The id of each number, as rows of bytes (n x width, uint8)."""
        return self._ids[self._folder.array("place_of")[numbers]].bytes()

    def beginning_with(self, prefix: str, most: int) -> list[str]:
        """At most ``most`` of the ids that begin with ``prefix`` (lower-case hex digits), in order."""
        return self._ids[self._ids.beginning_with(prefix, most)].hex()

    def heads_of(self, chosen: Array) -> Array:
        """The first four bytes of the ids of the ``chosen`` samples (bool, by number), as integers, in order."""
        in_order = chosen[self._folder.array("number_of")]
        heads: Array = (self._ids.heads[in_order] >> np.uint64(32)).astype(np.uint32)
        return heads

    def in_order_of_ids(self, numbers: Array) -> Array:
        """``numbers``, sorted by their ids."""
        # Sorting their places and going back to numbers is faster than finding the order in which to take them.
        places = np.sort(self._folder.array("place_of")[numbers])
        ordered: Array = self._folder.array("number_of")[places]
        return ordered

    def next_in(self, direction: Direction) -> Adjacency:
        """The adjacency that leads in ``direction``."""
        return self.parents if direction is Direction.ANCESTORS else self.children

    def walk(self, start: Array, direction: Direction, depth: int | None = None) -> Iterator[Array]:
        """The samples at distance 0 (``start``), 1, … up to ``depth`` (None: to the end); each sample once."""
        return self.next_in(direction).walk(start, depth)

    def reached(self, start: Array, direction: Direction) -> Array:
        """``start`` and all its ancestors or descendants, in order."""
        found = list(self.walk(start, direction))
        return merged(found, self.size) if found else np.empty(0, np.int64)

    def edges_among(self, numbers: Array) -> tuple[Array, Array, list[str | None]]:
        """Every derivation between two of ``numbers`` (in order): children, parents and roles."""
        places, counts = self.parents.edges_of(numbers)
        children, parents = np.repeat(numbers, counts), self.parents.targets[places]
        position = np.minimum(np.searchsorted(numbers, parents), max(len(numbers) - 1, 0))
        inside = np.flatnonzero(numbers[position] == parents) if len(numbers) else np.empty(0, np.int64)
        codes = self._folder.array("roles")[places[inside]]
        return children[inside], parents[inside], [self._roles[code] for code in codes]

    def content_bytes(self, number: int) -> int | None:
        """The length of the sample's content in canonical form; None for a parent that was named but never seen."""
        stored = int(self._folder.array("content")[number])
        return stored - 1 if stored else None

    def born(self, number: int) -> BirthClass:
        """The sample's most credible birth."""
        return self.classes[int(self.class_of[number])]

    def license_of(self, born: BirthClass) -> str | None:
        """The birth's own licence, else its source's."""
        return license_of(born, self.descriptions)

    def model_of(self, born: BirthClass) -> str | None:
        """The label of the model whose content the sample is."""
        return None if born.agent is None else str(self.descriptions.agents[born.agent]["label"])

    def with_birth(self, fits: Callable[[BirthClass], bool], *, every: bool = False) -> Array:
        """The samples one of whose births ``fits``; with ``every``, those all of whose births do. In order."""
        return self.with_birth_of(np.array([fits(each) for each in self.classes], bool), every=every)

    def with_birth_of(self, fitting: Array, *, every: bool = False) -> Array:
        """The same by birth class (bool)."""
        if not fitting.any():
            return np.empty(0, np.int64)
        chosen = fitting[self.class_of]
        others, births = self.other_births
        chosen[others[fitting[births] != every]] = not every
        return np.flatnonzero(chosen)

    def births_of(self, numbers: Array) -> list[BirthClass]:
        """Every birth class of any of ``numbers``."""
        chosen = np.zeros(self.size, bool)
        chosen[numbers] = True
        others, births = self.other_births
        found = np.zeros(len(self.classes), bool)
        found[self.class_of[numbers]] = True
        found[births[chosen[others]]] = True
        return [self.classes[number] for number in np.flatnonzero(found)]

    def births_known(self, number: int) -> int:
        """How many births of the sample are known that differ in class; at least 1, though it may explain nothing."""
        samples, classes = self.other_births
        others = classes[np.searchsorted(samples, number) : np.searchsorted(samples, number, "right")]
        known = [self.classes[each] for each in others]
        return 1 + sum(not (each.unexplained or self.is_tombstone(each)) for each in known)

    def members(self, dataset: int) -> tuple[Array, Array]:
        """The samples of dataset number ``dataset``, in order, and how many of its rows each has."""
        return self._folder.array(f"members_{dataset}"), self._folder.array(f"rows_{dataset}")

    def disputed(self, dataset: int) -> DisputedBirths:
        """The records of those members of dataset number ``dataset`` that were born in several ways."""
        if dataset not in self._disputed:
            self._disputed[dataset] = DisputedBirths.of(self._folder, dataset)
        return self._disputed[dataset]

    @property
    def mixed(self) -> Array:
        """The samples, in order, that have a birth without one of their parents."""
        return self._folder.array("mixed")

    def is_tombstone(self, born: BirthClass) -> bool:
        """Whether it is no birth, but says that the sample was purged."""
        return is_tombstone(born, self.descriptions)

    def rows_of(self, number: int) -> list[int]:
        """For each dataset, how many of its rows are the sample."""
        counted = []
        for members, rows in map(self.members, range(len(self.datasets))):
            # As a number of another type it would have all members copied.
            place = int(np.searchsorted(members, members.dtype.type(number)))
            counted.append(int(rows[place]) if place < len(members) and members[place] == number else 0)
        return counted

    @cached_property
    def depths(self) -> Array:
        """The generation depth of every sample (uint16), worked out from its parents; `UNKNOWN_DEPTH` where unknown.

        0 for real; a model's output is one deeper than its deepest parent, a derivation without a model as deep.
        """
        return self.depths_above({})

    def depths_above(self, agents: Mapping[int, int]) -> Array:
        """The same where what an agent generates came also from something as deep as ``agents`` says of its number."""
        depths = {origin: root.depth for origin, root in ROOTS.items() if root.depth is not None}
        root = _by_class(self.classes, depths, int(UNKNOWN_DEPTH)).astype(np.uint32)
        step = np.array([self._is_generation(each) for each in self.classes], np.uint32)
        fixed = np.array([each.origin in FIXED_DEPTHS for each in self.classes], bool)
        floor = np.array([0 if each.agent is None else agents.get(each.agent, 0) for each in self.classes], np.uint32)
        floor[(step == 0) | fixed] = 0
        root = np.where(floor > 0, np.maximum(root, floor + step), root)
        return self._from_parents(np.minimum(root, UNKNOWN_DEPTH).astype(np.uint16), fixed, step, UNKNOWN_DEPTH, floor)

    @cached_property
    def real_rooted(self) -> Array:
        """Whether each sample or one of its ancestors is real (uint8): `ROOTED`, `NOT_KNOWN` or `NOT_ROOTED`."""
        states = {origin: int(ROOTED if root.real_rooted else NOT_ROOTED) for origin, root in ROOTS.items()}
        root = _by_class(self.classes, states, int(NOT_KNOWN))
        fixed = np.array([each.origin in FIXED_ROOTS for each in self.classes], bool)
        nothing = np.zeros(len(self.classes), np.uint8)
        return self._from_parents(root.astype(np.uint8), fixed, nothing, ROOTED, nothing)

    def _is_generation(self, born: BirthClass) -> bool:
        return born.activity is not None and self.descriptions.activities[born.activity]["type"] == "generation"

    def _from_parents(self, root: Array, fixed: Array, step: Array, most: np.generic, floor: Array) -> Array:
        """For every sample the greatest value among its parents plus its class's ``step``, at most ``most``.

        Parents count as at least their child's class's ``floor``.
        Samples without parents, and those of a ``fixed`` class, have their class's ``root``. One pass: the numbers of
        a level are in a row, and all its parents before it.
        """
        values = root[self.class_of]
        offsets, targets = self.parents.offsets, self.parents.targets
        bounds = self.level_starts
        for start, end in zip(bounds[1:-1].tolist(), bounds[2:].tolist(), strict=True):
            edges = offsets[start : end + 1].astype(np.int64)
            classes = self.class_of[start:end]
            of_parents = np.maximum.reduceat(values[targets[edges[0] : edges[-1]]], edges[:-1] - edges[0])
            deeper = np.minimum(np.maximum(of_parents.astype(np.uint32), floor[classes]) + step[classes], most)
            values[start:end] = np.where(fixed[classes], values[start:end], deeper)
        return values

    def roots(self, numbers: Array) -> Array:
        """Those ancestors of ``numbers``, or of them themselves, that have no parents; in order."""
        reached = self.reached(numbers, Direction.ANCESTORS)
        offsets = self.parents.offsets
        without_parents: Array = reached[offsets[reached + 1] == offsets[reached]]
        return without_parents


class SampleSet:
    """Samples of a graph; iterating gives their ids in order, as hex digits, without holding all of them at once.

    `to_arrow` gives them as a table of one column.
    """

    def __init__(self, graph: Graph, numbers: Array) -> None:
        self.numbers = numbers
        self._graph = graph

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[str]:
        ordered = self._graph.in_order_of_ids(self.numbers)
        for start in range(0, len(ordered), _IDS_AT_ONCE):
            yield from self._graph.ids(ordered[start : start + _IDS_AT_ONCE])

    def to_arrow(self) -> pa.Table:
        """A table with the column ``sample_id``."""
        import pyarrow as pa

        return pa.table({"sample_id": pa.array(self, pa.string())})

    def __repr__(self) -> str:
        return f"<SampleSet of {counted(len(self), 'sample')}>"


def _by_class(classes: Sequence[BirthClass], by_origin: dict[str, int], otherwise: int) -> Array:
    return np.array([by_origin.get(each.origin, otherwise) for each in classes], np.int64)
