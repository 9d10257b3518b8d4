"""A journal, taken apart into rows and births by the places of its tabs and line feeds: no line is parsed by Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from provenance.capture.birth_columns import births_of_lines
from provenance.capture.recording.journal_lines import TABS_OF_ROW

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from provenance.capture.recording.journal import Journal
    from provenance.capture.recording.journal_content import Key

_Places = npt.NDArray[np.int64]

_TAB, _LINE_FEED = 9, 10
_UNKNOWN = len(b"null\t")  # the length of a birth that is not known, with the tab behind it


@dataclass(frozen=True)
class RowsWithBirths:
    """Consecutive rows: their JSON as lines, and the births of those of them that are ``known``, in order."""

    lines: memoryview
    known: npt.NDArray[np.bool_]
    births: pa.RecordBatch


def rows_with_births(journal: Journal) -> Iterator[RowsWithBirths]:
    """The rows of ``journal`` in the order of recording, without those not asked for by this run; some at a time.

    Raises:
        ProvenanceError: a line was damaged since it was written.
    """
    left_over = journal.left_over
    for chunk in journal.chunks():
        starts, tabs = _rows_in(chunk)
        if left_over:
            kept = _asked_for(chunk, starts, tabs, left_over)
            starts, tabs = starts[kept], tabs[kept]
        if len(starts):
            yield _slices(chunk, tabs)


def _rows_in(chunk: bytes) -> tuple[_Places, _Places]:
    """Where the lines of rows in ``chunk`` start, and where each has its tabs."""
    seen = np.frombuffer(chunk, np.uint8)
    # Neither is within JSON text, nor is anything below them.
    places = np.flatnonzero(seen <= _LINE_FEED)
    is_end = seen[places] == _LINE_FEED
    ends = np.flatnonzero(is_end)
    before = np.append(-1, ends[:-1])
    of_rows = np.flatnonzero(ends - before == TABS_OF_ROW + 1)
    starts = np.append(0, places[ends[:-1]] + 1)[of_rows]
    firsts = before[of_rows] + 1
    return starts, np.stack([places[firsts + number] for number in range(TABS_OF_ROW)], axis=1)


def _asked_for(chunk: bytes, starts: _Places, tabs: _Places, left_over: Set[Key]) -> npt.NDArray[np.bool_]:
    keys = (chunk[start:end] for start, end in zip(starts.tolist(), tabs[:, 0].tolist(), strict=True))
    return np.array([not key or orjson.loads(key) not in left_over for key in keys], bool)


def _slices(chunk: bytes, tabs: _Places) -> RowsWithBirths:
    """The births and rows between the ``tabs``, each with the tab behind it, which becomes a line feed."""
    # What is between two rows, a birth and a row are three values of one array, which has the bytes as they are.
    offsets = np.append(0, tabs + 1)
    values = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(chunk)]
    )
    first = np.arange(0, len(offsets) - 1, TABS_OF_ROW)
    known = tabs[:, 1] - tabs[:, 0] != _UNKNOWN
    births = _as_lines(values.take(pa.array(first[known] + 1)))
    return RowsWithBirths(_as_lines(values.take(pa.array(first + 2))), known, births_of_lines(births))


def _as_lines(values: pa.LargeBinaryArray) -> memoryview:
    _, offsets, data = values.buffers()
    ends = np.frombuffer(offsets, np.int64)[1 : len(values) + 1]
    if not len(ends):
        return memoryview(b"")
    lines = np.array(np.frombuffer(data, np.uint8)[: ends[-1]])
    lines[ends - 1] = _LINE_FEED
    return lines.data
