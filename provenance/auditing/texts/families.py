"""Which rows of two samples belong together, so that deals do not take them for independent.

A family is what the user's field says (a document, a dialogue) or, where none is named, the rows that go back to a
common ancestor, or to each other. Rows of both groups with the same text belong together too, with their families.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xxhash

from provenance.auditing.chance.hashing import Hashes
from provenance.auditing.measure import Subject
from provenance.auditing.texts.dataset_texts import column_of
from provenance.identity.id_arrays import bytes_of_ids
from provenance.ledger.composition.ancestry import Members
from provenance.ledger.graph.graph import Direction
from provenance.ledger.part import Part

Integers = npt.NDArray[np.int64]
Ids = npt.NDArray[np.uint8]


def families(subject: Subject, compared: pa.Table, reference: pa.Table) -> Hashes:
    """A key for each row of ``compared`` and then of ``reference``: rows of one family have one key.

    It is the least of its rows' text keys, whatever the order of rows.
    """
    keys = np.concatenate([table["key"].to_numpy() for table in (compared, reference)])
    rows = np.arange(len(keys))
    ties = _Ties(len(keys))
    ties.join(rows, ties.named(_as_bytes(keys[:, np.newaxis])))
    other = subject.audited if subject.reference is None else subject.reference
    for table, part, own in (
        (compared, subject.audited, rows[: len(compared)]),
        (reference, other, rows[len(compared) :]),
    ):
        if subject.family is not None:
            ties.join_by_field(own, table[column_of(subject.family)])
        else:
            ties.join_by_lineage(own, bytes_of_ids(table["sample_id"].combine_chunks()), part)
    family = components(ties.size, *ties.ends())[rows]
    least = np.full(len(keys), np.iinfo(np.uint64).max, np.uint64)
    # A family's node of least number is a row: rows come first.
    np.minimum.at(least, family, keys)
    return least[family]


def ancestors(part: Part, sample_ids: pa.FixedSizeBinaryArray) -> pa.FixedSizeBinaryArray:
    """The ids of all that these samples of ``part`` were made from."""
    graph = Members.of(part).graph
    numbers = graph.numbers_of_bytes(bytes_of_ids(sample_ids))
    reached = graph.reached(np.unique(numbers[numbers >= 0]), Direction.ANCESTORS)
    found = graph.ids_as_bytes(reached)
    return pa.Array.from_buffers(sample_ids.type, len(found), [None, pa.py_buffer(np.ascontiguousarray(found))])


def components(size: int, one: Integers, other: Integers) -> Integers:
    """For each of ``size`` nodes the least node that it is connected with, along the edges between one and other."""
    label = np.arange(size)
    while True:
        before = label.copy()
        low = np.minimum(label[one], label[other])
        # A node's label takes its neighbours' along, so that long chains are short work.
        for ends in (one, other, before[one], before[other]):
            np.minimum.at(label, ends, low)
        label = label[label]
        if np.array_equal(label, before):
            return label


class _Ties:
    """What belongs together: rows, numbered from 0, and whatever joins them, numbered as it is named."""

    def __init__(self, rows: int) -> None:
        self.size = rows
        self._numbers: dict[bytes, int] = {}
        self._ends: list[tuple[Integers, Integers]] = []

    def named(self, names: Iterable[bytes]) -> Integers:
        """The number of each name."""
        first = self.size - len(self._numbers)
        found = [first + self._numbers.setdefault(name, len(self._numbers)) for name in names]
        self.size = first + len(self._numbers)
        return np.array(found, np.int64)

    def join(self, one: Integers, other: Integers) -> None:
        """Let what stands at the same place belong together."""
        self._ends.append((one, other))

    def join_by_field(self, rows: Integers, column: pa.ChunkedArray) -> None:
        """Rows with one value of a field; those without any belong to none."""
        values = column.to_pylist()
        has = [place for place, value in enumerate(values) if value is not None]
        self.join(rows[has], self.named(xxhash.xxh3_128_digest(values[place].encode()) for place in has))

    def join_by_lineage(self, rows: Integers, ids: Ids, part: Part) -> None:
        """Rows with their ids, and these with all that they go back to."""
        graph = Members.of(part).graph
        numbers = graph.numbers_of_bytes(ids)
        reached = graph.reached(np.unique(numbers[numbers >= 0]), Direction.ANCESTORS)
        children, parents, _ = graph.edges_among(reached)
        self.join(rows, self.named(_as_bytes(ids)))
        children, parents = (self.named(_as_bytes(graph.ids_as_bytes(ends))) for ends in (children, parents))
        self.join(children, parents)

    def ends(self) -> tuple[Integers, Integers]:
        """Both ends of everything that belongs together."""
        one, other = zip(*self._ends, strict=True)
        return np.concatenate(one), np.concatenate(other)


def _as_bytes(rows: npt.NDArray[np.unsignedinteger[Any]]) -> list[bytes]:
    """The bytes of each row."""
    content = np.ascontiguousarray(rows)
    listed: Any = content.view(np.dtype((np.void, content.itemsize * content.shape[1]))).ravel().tolist()
    found: list[bytes] = listed
    return found
