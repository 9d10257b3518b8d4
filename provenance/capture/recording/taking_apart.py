"""A journal, taken apart into rows and births by the places of its tabs and line feeds: no line is parsed by Python."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, compress, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from provenance.capture.birth_columns import births_of_lines
from provenance.capture.recording.batch_births import births_of_columns
from provenance.capture.recording.journal_lines import END_LENGTH, OBJECT, TABS_OF_ROW, parts_of_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from provenance.capture.recording.journal import Journal
    from provenance.capture.recording.journal_lines import Key

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
        for is_batches, some in groupby(_runs(chunk), itemgetter(0)):
            if is_batches:
                yield _of_batches([batch for _, batch in some], left_over)
                continue
            for _, (starts, tabs) in some:
                kept = tabs[_asked_for(chunk, starts, tabs, left_over)] if left_over else tabs
                if len(kept):
                    yield _slices(chunk, kept)


def _runs(chunk: memoryview) -> Iterator[tuple[bool, Any]]:
    """The lines of ``chunk`` in order: batches (see `parts_of_batch`), and where the rows between these are."""
    seen = np.frombuffer(chunk, np.uint8)
    # Neither is within JSON text, nor is anything below them.
    places = np.flatnonzero(seen <= _LINE_FEED)
    ends = np.flatnonzero(seen[places] == _LINE_FEED)
    starts = np.append(0, places[ends[:-1]] + 1)
    begun = 0
    for line in np.flatnonzero(seen[starts] == OBJECT[0]).tolist():
        start, end = int(starts[line]), int(places[ends[line]]) + 1
        batch = parts_of_batch(bytes(chunk[start : end - END_LENGTH]))
        if batch is not None:
            yield from _rows_in(places, ends, starts, slice(begun, line))
            yield True, batch
            begun = line + 1
    yield from _rows_in(places, ends, starts, slice(begun, None))


def _rows_in(places: _Places, ends: _Places, starts: _Places, lines: slice) -> Iterator[tuple[bool, Any]]:
    """Where the lines of rows among ``lines`` start, and where each has its tabs.

    ``places``: of all tabs and line feeds; ``ends``: which of these end a line.
    """
    before = np.append(-1, ends[:-1])[lines]
    of_rows = ends[lines] - before == TABS_OF_ROW + 1
    firsts = before[of_rows] + 1
    if len(firsts):
        tabs = np.stack([places[firsts + number] for number in range(TABS_OF_ROW)], axis=1)
        yield False, (starts[lines][of_rows], tabs)


def _of_batches(batches: Sequence[tuple[bytes, bytes]], left_over: Set[Key]) -> RowsWithBirths:
    described = [orjson.loads(about) for about, _ in batches]
    births = births_of_columns([(each["births"], each["rows"]) for each in described])
    lines = b"\t".join([*(rows for _, rows in batches), b""]).replace(b"\t", b"\n")
    if left_over:
        keys = chain.from_iterable(each.get("keys") or [None] * each["rows"] for each in described)
        is_kept = [key is None or key not in left_over for key in keys]
        births = births.filter(pa.array(is_kept, pa.bool_()))
        lines = b"".join(compress(lines.splitlines(keepends=True), is_kept))
    return RowsWithBirths(memoryview(lines), np.ones(len(births), bool), births)


def _asked_for(chunk: memoryview, starts: _Places, tabs: _Places, left_over: Set[Key]) -> npt.NDArray[np.bool_]:
    keys = (chunk[start:end] for start, end in zip(starts.tolist(), tabs[:, 0].tolist(), strict=True))
    return np.array([not key or orjson.loads(key) not in left_over for key in keys], bool)


def _slices(chunk: memoryview, tabs: _Places) -> RowsWithBirths:
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
