"""The distinct samples of a dataset in the order of their ids, counted, in memory that does not grow with the rows.

An external sort that relies on ids being digests, so that their leading bits spread evenly. Rows are gathered into runs
of a fixed size; a run is written to a file in the order of its rows' leading bits, and it is kept in memory where each
value of these begins. Afterwards, one range of leading bits at a time is read from all runs, sorted and counted: one
after the other, the ranges are the sorted whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.errors import SidecarError
from provenance.files import whole_file
from provenance.identity import SampleBatch
from provenance.identity.id_arrays import bytes_of_ids
from provenance.identity.id_order import leading_bits, order_of_ids
from provenance.jobs import allowed, at_once
from provenance.lineage.allocating import giving_back
from provenance.lineage.id_ranges import IdRange, bits_for, ranges
from provenance.lineage.runs import in_runs
from provenance.lineage.schema import ROW_GROUP_ROWS

_RUN_ROWS = 1 << 17
# Several ranges are in memory at once; sorting is faster, too, where one fits a processor's cache.
_RANGE_ROWS = 1 << 15
# Of at most a megabyte or so, where ids are sent somewhere.
_PIECE_ROWS = 1 << 14
# Where each value of these begins is in memory for each run; of more bits, it is looked for in what is read.
LEADING_BITS = 10
# Ranges for writing have more than `LEADING_BITS` bits where these would be larger than this.
_MOST_RANGE_ROWS = 1 << 18
_NO_TOKENS = -1
# The length of content that is not known, as of samples that are known by their ids alone.
NO_BYTES = (1 << 64) - 1

# A sidecar has numbers of rows of 32 bits.
MOST_ROWS_OF_SAMPLE = 2**32 - 1

SAMPLE_COLUMNS = ("sample_id", "rows", "content_bytes", "tokens")

# Samples, each with a number of rows; of the type that `_sample_type` gives.
_Samples: TypeAlias = "npt.NDArray[Any]"


def distinct_samples(batches: Iterable[SampleBatch], digest_size: int, file: Path) -> Iterator[pa.RecordBatch]:
    """Read all of ``batches``; their samples, as `SAMPLE_COLUMNS`, in the order of the ids.

    ``file`` is made for what does not stay in memory, and is needed until the last result.

    Raises:
        SidecarError: a sample is in more rows than a sidecar counts.
    """
    samples = SortedSamples(file, digest_size)
    samples.take(batches)
    return map(_as_batch, samples.groups())


def distinct_of_pieces(pieces: Iterable[bytes], digest_size: int, file: Path) -> Iterator[pa.RecordBatch]:
    """As `distinct_samples`, of what `pieces_of` gave, in any order."""
    samples = SortedSamples(file, digest_size)
    samples.take_pieces(pieces)
    return map(_as_batch, samples.groups())


def pieces_of(
    batches: Iterable[SampleBatch], digest_size: int, bits: int, before: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """The samples of ``batches`` as bytes, each piece with the first ``bits`` bits of its ids, a number.

    Whoever has all pieces of a number, of any number of datasets, has all samples of the range; see `SortedSamples`.
    ``before``: samples also have the number of their first row, as if so many rows came before the first one.
    """
    kind = _sample_type(digest_size, before is not None)
    read = (_as_samples(batch, kind, before or 0) for batch in batches)
    for counts, samples in map(_by_leading_bits, _runs(read, _RUN_ROWS)):
        start = 0
        for number, length in enumerate(counts.reshape(1 << bits, -1).sum(axis=1).tolist()):
            for first in range(start, start + length, _PIECE_ROWS):
                yield number, samples[first : min(first + _PIECE_ROWS, start + length)].tobytes()
            start += length


class SortedSamples:
    """Samples with their rows, as runs in ``file``, each sorted by leading bits; made by `take`, once.

    Raises:
        SidecarError: a sample is in more rows than a sidecar counts; this holds of what gives samples.
    """

    def __init__(self, file: Path, digest_size: int, *, with_rows: bool = False) -> None:
        """``with_rows``: a sample also has the number of its first ``row``, from 0."""
        self._file = file
        self._type = _sample_type(digest_size, with_rows)
        # A run is in memory more than once while it is sorted; who wants rows has other things there, too.
        self._jobs, self._rows_of_run = (1, _RUN_ROWS // 2) if with_rows else (allowed(), _RUN_ROWS)
        # For each run, where in the file (in samples) each value of the leading bits begins, and the end.
        self._starts: list[npt.NDArray[np.int64]] = []
        self._counts = np.zeros(1 << LEADING_BITS, np.int64)

    def take(self, batches: Iterable[SampleBatch]) -> None:
        """Sort ``batches`` into runs, each while the next is read."""
        self._take(_as_samples(batch, self._type) for batch in batches)

    def take_pieces(self, pieces: Iterable[bytes]) -> None:
        """The same with what `pieces_of` gave."""
        self._take(np.frombuffer(piece, self._type) for piece in pieces)

    def _take(self, some: Iterable[_Samples]) -> None:
        with open(self._file, "wb") as file:
            for counts, samples in giving_back(at_once(_by_leading_bits, _runs(some, self._rows_of_run), self._jobs)):
                before = self._starts[-1][-1] if self._starts else 0
                self._starts.append(before + np.concatenate([[0], np.cumsum(counts)]))
                self._counts += counts
                # Not by numpy, which does not say that a disk is full.
                file.write(samples.data)

    @property
    def rows(self) -> int:
        return int(self._counts.sum())

    def within(self, each: IdRange) -> _Samples:
        """The distinct samples of a range, counted and sorted; threads may ask at once.

        Where a range has more than `LEADING_BITS` bits, all that begins with these is read for it, some at a time.
        """
        more = LEADING_BITS - each.bits
        if more < 0:
            value = each.number >> -more
            return self._range(_Values(value, value + 1, each))
        return self._range(_Values(each.number << more, (each.number + 1) << more, None))

    def groups(self) -> Iterator[_Samples]:
        """The distinct samples, counted and sorted, as many at a time as a row group of a sidecar has at most."""
        for samples in giving_back(at_once(self._range, self._ranges(), allowed())):
            for start in range(0, len(samples), ROW_GROUP_ROWS):
                yield samples[start : start + ROW_GROUP_ROWS]

    def _ranges(self) -> Iterator[_Values]:
        """Ranges that hold about `_RANGE_ROWS`, where they can."""
        first, values = 0, len(self._counts)
        bits = bits_for(self.rows, _MOST_RANGE_ROWS)
        while first < values:
            last = first + 1
            while last < values and self._counts[first : last + 1].sum() <= _RANGE_ROWS:
                last += 1
            if bits > LEADING_BITS and self._counts[first] > _MOST_RANGE_ROWS:
                for part in ranges(bits - LEADING_BITS):
                    number = (first << part.bits) + part.number
                    yield _Values(first, last, IdRange(bits, number))
            else:
                yield _Values(first, last, None)
            first = last

    def _range(self, values: _Values) -> _Samples:
        """The distinct samples of these values."""
        parts: list[_Samples] = [np.empty(0, self._type)]
        waiting = 0
        with open(self._file, "rb") as file:
            for starts in self._starts:
                file.seek(int(starts[values.first]) * self._type.itemsize)
                some = np.fromfile(file, self._type, int(starts[values.last] - starts[values.first]))
                parts.append(some if values.only is None else _those_in(values.only, some))
                waiting += len(parts[-1])
                if waiting >= _RUN_ROWS:
                    # There is no limit to how often a sample may be repeated.
                    parts, waiting = [_counted(np.concatenate(parts))], 0
        return _counted(np.concatenate(parts))


class _Values(NamedTuple):
    """Values of the leading bits, from ``first`` to before ``last``; ``only``: the samples of a part of one value."""

    first: int
    last: int
    only: IdRange | None


def _those_in(each: IdRange, samples: _Samples) -> _Samples:
    leading = leading_bits(_bytes_of_ids(samples), each.bits)
    return np.take(samples, np.flatnonzero(leading == each.number))


class SortedFiles:
    """Samples with their rows that others have sorted, by ``bits`` leading bits, into files of ``folder``.

    `write_sorted` has written them.
    """

    def __init__(self, folder: Path, digest_size: int, bits: int) -> None:
        self._folder, self._bits = folder, bits
        self._type = _sample_type(digest_size, with_rows=True)

    def within(self, each: IdRange) -> _Samples:
        """As `SortedSamples.within`."""
        parts = [np.empty(0, self._type)]
        fewer = max(0, self._bits - each.bits)
        first = each.number >> max(0, each.bits - self._bits) << fewer
        for number in range(first, first + (1 << fewer)):
            file = sorted_file(self._folder, number)
            if file.exists():
                parts.append(np.fromfile(file, self._type))
        return _those_in(each, np.concatenate(parts))


def sorted_file(folder: Path, number: int) -> Path:
    """The file of the samples whose leading bits are ``number``; there may be no such samples."""
    return folder / f"samples-{number}"


def write_sorted(pieces: Iterable[bytes], digest_size: int, folder: Path, bits: int, file: Path) -> int:
    """Sort and count the samples of ``pieces``, of `pieces_of`, into files of ``folder``; of how many rows they are.

    ``file`` is for what does not stay in memory. A file is written whole; who does it again writes the same.
    """
    samples = SortedSamples(file, digest_size, with_rows=True)
    samples.take_pieces(pieces)
    for number, some in groupby(_cut(samples.groups(), bits), key=itemgetter(0)):
        with whole_file(sorted_file(folder, number), lasting=False) as temporary, open(temporary, "wb") as written:
            for _, part in some:
                written.write(part.data)
    return samples.rows


def _cut(groups: Iterable[_Samples], bits: int) -> Iterator[tuple[int, _Samples]]:
    """``groups``, in the order of ids, cut where their leading bits change, with these bits."""
    for samples in groups:
        numbers = leading_bits(_bytes_of_ids(samples), bits)
        for number in np.unique(numbers).tolist():
            yield number, samples[numbers == number]


def _runs(some: Iterable[_Samples], rows_of_run: int) -> Iterator[_Samples]:
    return map(np.concatenate, in_runs(some, len, rows_of_run))


def _sample_type(digest_size: int, with_rows: bool = False) -> np.dtype[Any]:
    # All ids are of this length, so that it does not matter that numpy takes no notice of zeros at the end of one.
    id_type: list[tuple[str, Any]] = [("sample_id", f"S{digest_size}")]
    counted = [("rows", np.uint64), ("content_bytes", np.uint64), ("tokens", np.int64)]
    return np.dtype(id_type + counted + ([("row", np.uint64)] if with_rows else []))


def _as_samples(batch: SampleBatch, kind: np.dtype[Any], before: int = 0) -> _Samples:
    ids = batch.sample_ids
    samples = np.empty(len(ids), kind)
    samples["sample_id"] = bytes_of_ids(ids).view(kind["sample_id"]).ravel()
    samples["rows"] = 1
    samples["content_bytes"] = batch.content_bytes.fill_null(NO_BYTES).to_numpy()
    tokens = None if batch.tokens is None else batch.tokens.cast(pa.int64()).fill_null(_NO_TOKENS)
    samples["tokens"] = _NO_TOKENS if tokens is None else tokens.to_numpy()
    if "row" in (kind.names or ()):
        first = before + batch.first_row - 1
        samples["row"] = np.arange(first, first + len(ids))
    return samples


def _bytes_of_ids(samples: _Samples) -> npt.NDArray[np.uint8]:
    rows = samples.view(np.uint8).reshape(len(samples), samples.itemsize)
    return rows[:, : samples.dtype["sample_id"].itemsize]


def _by_leading_bits(samples: _Samples) -> tuple[npt.NDArray[np.int64], _Samples]:
    """How many of ``samples`` have each value of the leading bits, and they themselves in the order of these."""
    leading = leading_bits(_bytes_of_ids(samples), LEADING_BITS)
    # Of 16-bit integers, the stable sort is a radix sort.
    order = np.argsort(leading, kind="stable")
    # Of records, `take` is ten times as fast as an index.
    return np.bincount(leading, minlength=1 << LEADING_BITS), np.take(samples, order)


def _counted(samples: _Samples) -> _Samples:
    """Each sample once, with the number of its rows and the greatest number of tokens, sorted by id."""
    if not len(samples):
        return samples
    order, is_new = order_of_ids(_bytes_of_ids(samples))
    samples = np.take(samples, order)
    firsts = np.flatnonzero(is_new)
    if len(firsts) == len(samples):
        return samples
    distinct = samples[firsts]
    distinct["rows"] = np.add.reduceat(samples["rows"], firsts)
    _require_countable(distinct)
    distinct["tokens"] = np.maximum.reduceat(samples["tokens"], firsts)
    if "row" in (samples.dtype.names or ()):
        distinct["row"] = np.minimum.reduceat(samples["row"], firsts)
    return distinct


def _require_countable(samples: _Samples) -> None:
    most = int(np.argmax(samples["rows"]))
    if (rows := int(samples["rows"][most])) > MOST_ROWS_OF_SAMPLE:
        # Not by way of `bytes`, which numpy gives without the zeros at its end.
        sample = samples[most : most + 1].view(np.uint8)[:6].tobytes().hex()
        raise SidecarError(
            f"sample {sample}: is in {rows:,} rows of the dataset, and a sidecar counts at most "
            f"{MOST_ROWS_OF_SAMPLE:,} rows of one sample; leave out some of these equal rows"
        )


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
