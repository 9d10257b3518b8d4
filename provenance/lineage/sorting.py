"""The distinct samples of a dataset in the order of their ids, counted, in memory that does not grow with the rows.

An external sort that relies on ids being digests, so that their leading bits spread evenly. Rows are gathered into runs
of a fixed size; a run is written to a file in the order of its rows' leading bits, and it is kept in memory where each
value of these begins. Afterwards, one range of leading bits at a time is read from all runs, sorted and counted: one
after the other, the ranges are the sorted whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.identity import SampleBatch
from provenance.identity.id_arrays import bytes_of_ids
from provenance.lineage.id_ranges import IdRange
from provenance.lineage.schema import ROW_GROUP_ROWS

_RUN_ROWS = 1 << 18
LEADING_BITS = 10
_NO_TOKENS = -1

SAMPLE_COLUMNS = ("sample_id", "rows", "content_bytes", "tokens")

# Samples, each with a number of rows; of the type that `_sample_type` gives.
_Samples: TypeAlias = "npt.NDArray[Any]"


def distinct_samples(batches: Iterable[SampleBatch], digest_size: int, file: Path) -> Iterator[pa.RecordBatch]:
    """Read all of ``batches``; their samples, as `SAMPLE_COLUMNS`, in the order of the ids.

    ``file`` is made for what does not stay in memory, and is needed until the last result.
    """
    samples = SortedSamples(file, digest_size)
    samples.take(batches)
    return map(_as_batch, samples.groups())


class SortedSamples:
    """Samples with their rows, as runs in ``file``, each sorted by leading bits; made by `take`, once."""

    def __init__(self, file: Path, digest_size: int) -> None:
        self._file = file
        self._type = _sample_type(digest_size)
        # For each run, where in the file (in samples) each value of the leading bits begins, and the end.
        self._starts: list[npt.NDArray[np.int64]] = []
        self._counts = np.zeros(1 << LEADING_BITS, np.int64)

    def take(self, batches: Iterable[SampleBatch]) -> None:
        """Sort ``batches`` into runs."""
        waiting: list[_Samples] = []
        rows = 0
        with open(self._file, "wb") as file:
            for batch in batches:
                waiting.append(_as_samples(batch, self._type))
                rows += len(waiting[-1])
                if rows >= _RUN_ROWS:
                    self._write(file, np.concatenate(waiting))
                    waiting, rows = [], 0
            if waiting:
                self._write(file, np.concatenate(waiting))

    @property
    def rows(self) -> int:
        return int(self._counts.sum())

    def within(self, each: IdRange) -> _Samples:
        """The distinct samples of a range of at most `LEADING_BITS`, counted and sorted; threads may ask at once."""
        more = LEADING_BITS - each.bits
        with open(self._file, "rb") as file:
            return self._range(file, each.number << more, (each.number + 1) << more)

    def groups(self) -> Iterator[_Samples]:
        """The distinct samples, counted and sorted, as many at a time as a row group of a sidecar has at most."""
        with open(self._file, "rb") as file:
            for first, last in self._ranges():
                samples = self._range(file, first, last)
                for start in range(0, len(samples), ROW_GROUP_ROWS):
                    yield samples[start : start + ROW_GROUP_ROWS]

    def _write(self, file: IO[bytes], samples: _Samples) -> None:
        leading = _leading_bits(samples)
        counts = np.bincount(leading, minlength=len(self._counts))
        before = self._starts[-1][-1] if self._starts else 0
        self._starts.append(before + np.concatenate([[0], np.cumsum(counts)]))
        self._counts += counts
        # Of 16-bit integers, the stable sort is a radix sort.
        samples[np.argsort(leading, kind="stable")].tofile(file)

    def _ranges(self) -> Iterator[tuple[int, int]]:
        """Ranges of leading bits (the last value excluded) that hold about as many rows as a run, where they can."""
        first, values = 0, len(self._counts)
        while first < values:
            last = first + 1
            while last < values and self._counts[first : last + 1].sum() <= _RUN_ROWS:
                last += 1
            yield first, last
            first = last

    def _range(self, file: IO[bytes], first: int, last: int) -> _Samples:
        """The distinct samples whose leading bits are in this range."""
        parts: list[_Samples] = [np.empty(0, self._type)]
        waiting = 0
        for starts in self._starts:
            file.seek(int(starts[first]) * self._type.itemsize)
            parts.append(np.fromfile(file, self._type, int(starts[last] - starts[first])))
            waiting += len(parts[-1])
            if waiting >= _RUN_ROWS:
                # There is no limit to how often a sample may be repeated.
                parts, waiting = [_counted(np.concatenate(parts))], 0
        return _counted(np.concatenate(parts))


def _sample_type(digest_size: int) -> np.dtype[Any]:
    # All ids are of this length, so that it does not matter that numpy takes no notice of zeros at the end of one.
    return np.dtype(
        [("sample_id", f"S{digest_size}"), ("rows", np.uint64), ("content_bytes", np.uint64), ("tokens", np.int64)]
    )


def _as_samples(batch: SampleBatch, kind: np.dtype[Any]) -> _Samples:
    ids = batch.sample_ids
    samples = np.empty(len(ids), kind)
    samples["sample_id"] = bytes_of_ids(ids).view(kind["sample_id"]).ravel()
    samples["rows"] = 1
    samples["content_bytes"] = batch.content_bytes.to_numpy()
    tokens = None if batch.tokens is None else batch.tokens.cast(pa.int64()).fill_null(_NO_TOKENS)
    samples["tokens"] = _NO_TOKENS if tokens is None else tokens.to_numpy()
    return samples


def _leading_bits(samples: _Samples) -> npt.NDArray[np.uint16]:
    rows = samples.view(np.uint8).reshape(len(samples), samples.itemsize)
    two_bytes = np.ascontiguousarray(rows[:, :2]).view(">u2")[:, 0]
    return (two_bytes >> (16 - LEADING_BITS)).astype(np.uint16)


def _counted(samples: _Samples) -> _Samples:
    """Each sample once, with the number of its rows and the greatest number of tokens, sorted by id."""
    if not len(samples):
        return samples
    samples = samples[np.argsort(samples["sample_id"])]
    ids = samples["sample_id"]
    firsts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
    if len(firsts) == len(samples):
        return samples
    distinct = samples[firsts]
    distinct["rows"] = np.add.reduceat(samples["rows"], firsts)
    distinct["tokens"] = np.maximum.reduceat(samples["tokens"], firsts)
    return distinct


def _as_batch(samples: _Samples) -> pa.RecordBatch:
    ids = pa.py_buffer(np.ascontiguousarray(samples["sample_id"]))
    tokens = np.ascontiguousarray(samples["tokens"])
    columns = {
        "sample_id": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(samples.dtype["sample_id"].itemsize), len(samples), [None, ids]
        ),
        "rows": pa.array(np.ascontiguousarray(samples["rows"])),
        "content_bytes": pa.array(np.ascontiguousarray(samples["content_bytes"])),
        "tokens": pa.array(tokens, mask=tokens == _NO_TOKENS),
    }
    return pa.RecordBatch.from_pydict(columns)
