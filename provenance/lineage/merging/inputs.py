"""What is merged, by ranges of ids: the dataset's rows, the births stated of them, and what is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.identity import SampleBatch
from provenance.identity.arrow_values import as_one
from provenance.identity.id_order import leading_bits
from provenance.lineage.births import RecordedBirths
from provenance.lineage.database import count
from provenance.lineage.id_ranges import EVERY_ID, IdRange, bits_for, ranges
from provenance.lineage.merging.gathered import STATED, as_kind, coded_names, coded_schema, ids_of, without_nulls
from provenance.lineage.merging.known import Knowing, Known
from provenance.lineage.merging.numbering import Ids, Numbers
from provenance.lineage.merging.own import Rows, Stated, read_births, stated_columns
from provenance.lineage.merging.parquet_batches import BUFFER, ROWS_AT_ONCE, batches
from provenance.lineage.merging.shelf import Shelf
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import Tables
from provenance.lineage.vocabulary import Vocabulary

# What merges enter in the tables has numbers from here on; what statements enter, from 1.
GIVEN_NUMBERS = 1 << 62
_BIRTHS, _ENTERED = "births", "entered"
# In memory, some 300 bytes each.
_ENTERED_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class Entered:
    """Births that are in the tables, in columns: ``ids`` of their samples, ``numbers`` in the table, ``rows`` of each.

    ``pending``: whether origin and depth still follow from parents.
    """

    columns: dict[str, pa.Array]
    ids: Ids
    parents: Ids
    numbers: Numbers
    rows: Numbers
    pending: Any

    @staticmethod
    def of_each(tables: Tables, bits: int) -> Iterator[Entered]:
        """Those that statements entered in the tables, by ranges of so many leading ``bits``.

        Several ranges are asked for at once, as all that was entered is read each time.
        """
        stated, size = f"FROM records WHERE number < {GIVEN_NUMBERS}", tables.digest_size
        entered = count(tables.connection, f"SELECT count(*) {stated}")
        for several in ranges(min(bits, bits_for(entered, _ENTERED_AT_ONCE))):
            found = tables.connection.sql(f"SELECT * {stated} AND {several.sql()} ORDER BY number").to_arrow_table()
            number = leading_bits(ids_of(as_one(found["sample_id"]), size), bits)
            order = np.argsort(number, kind="stable")
            finer = bits - several.bits
            first = several.number << finer
            ends = np.searchsorted(number[order], np.arange(first, first + (1 << finer) + 1))
            for start, end in pairwise(ends):
                yield Entered._of(found.take(pa.array(order[start:end])), size)

    @staticmethod
    def _of(found: pa.Table, size: int) -> Entered:
        schema = coded_schema(size)
        columns = {name: as_kind(as_one(found[name]), schema.field(name).type) for name in STATED}
        numbers, rows = (found[name].to_numpy().astype(np.int64) for name in ("number", "low"))
        parents = ids_of(columns["parents"].flatten(), size)
        pending = found["pending"].to_numpy()
        return Entered(columns, ids_of(as_one(found["sample_id"]), size), parents, numbers, rows, pending.astype(bool))


@dataclass(frozen=True)
class Range:
    """What there is of the samples of a range of ids."""

    rows: Rows
    births: Stated | None
    entered: Entered | None
    known: Known


class Inputs:
    """All that is merged. ``spans``: the ranges of ids, in order."""

    spans: Sequence[IdRange]

    def __init__(self, knowing: Knowing) -> None:
        self.knowing = knowing
        self._has_entered = False

    def take_entered(self, tables: Tables) -> None:
        """Take the births that are in ``tables`` by now for some of what is merged."""
        self._has_entered = True
        for number, entered in enumerate(Entered.of_each(tables, self.spans[0].bits)):
            self._keep_entered(number, entered)

    def forget(self) -> None:
        """Let go of what has been read."""
        self.knowing.forget()

    def read(self, number: int) -> Range:
        """What there is of a range, by its number."""
        entered = self._entered(number) if self._has_entered else None
        return Range(self._rows(number), self._births(number), entered, self.knowing.read(self.spans[number]))

    def _rows(self, number: int) -> Rows:
        raise NotImplementedError

    def _births(self, number: int) -> Stated | None:
        raise NotImplementedError

    def _keep_entered(self, number: int, entered: Entered) -> None:
        raise NotImplementedError

    def _entered(self, number: int) -> Entered:
        raise NotImplementedError


class InMemory(Inputs):
    """All as one range, read once."""

    spans = (EVERY_ID,)

    def __init__(
        self, knowing: Knowing, tables: Tables, batches: Sequence[SampleBatch], births: RecordedBirths | None
    ) -> None:
        super().__init__(knowing)
        self._tables = tables
        self._given = batches, births
        self._read: Range | None = None
        self._held: Entered | None = None

    def forget(self) -> None:
        super().forget()
        self._read = None

    def read(self, number: int) -> Range:
        if self._read is None:
            self._read = super().read(number)
        return self._read

    def _rows(self, number: int) -> Rows:
        return Rows.of(self._given[0], self._tables.digest_size)

    def _births(self, number: int) -> Stated | None:
        batches, births = self._given
        count = sum(len(batch.sample_ids) for batch in batches)
        return None if births is None else read_births(births, self._tables.vocabulary, count, self._tables.digest_size)

    def _keep_entered(self, number: int, entered: Entered) -> None:
        self._held, self._read = entered, None

    def _entered(self, number: int) -> Entered:
        assert self._held is not None
        return self._held


class Samples(Protocol):
    """A dataset's samples, by ranges of their ids."""

    def within(self, each: IdRange) -> Any:
        """The distinct samples of a range, counted and sorted, as `SortedSamples.within` gives them."""
        ...


class ByRanges(Inputs):
    """Range by range of the ids, of ``bits`` leading bits. ``births``: as `divide_births` laid them on the shelf, or
    None where there are none; it gave this schema."""

    def __init__(
        self, knowing: Knowing, samples: Samples, births: pa.Schema | None, shelf: Shelf, size: int, bits: int
    ) -> None:
        super().__init__(knowing)
        self.spans = tuple(ranges(bits))
        self._samples = samples
        self._shelf = shelf
        self._schema = births
        self._size = size

    def _rows(self, number: int) -> Rows:
        return Rows.of_samples(self._samples.within(self.spans[number]), self._size)

    def _births(self, number: int) -> Stated | None:
        if self._schema is None:
            return None
        table = self._shelf.all_rows(number, _BIRTHS, self._schema)
        types = coded_schema(self._size)
        columns = {
            name: as_kind(as_one(table[name]), types.field(name).type)
            for name in table.column_names
            if name != "sample_id"
        }
        parents = ids_of(columns["parents"].flatten(), self._size)
        return Stated(columns, parents, ids=ids_of(as_one(table["sample_id"]), self._size))

    def _keep_entered(self, number: int, entered: Entered) -> None:
        self._shelf.put(number, _ENTERED, entered)

    def _entered(self, number: int) -> Entered:
        found: Entered = self._shelf.get(number, _ENTERED)
        return found


def divide_births(
    rows: Path, births: RecordedBirths, vocabulary: Vocabulary, shelf: Shelf, bits: int, size: int
) -> pa.Schema:
    """Lay the births of the rows in ``rows`` on the shelf by ranges of ids, in order; of which columns they are."""
    schema = None
    for table, ids in _births_with_ids(rows, births, size):
        with_ids = pa.table({"sample_id": ids} | stated_columns(table, births, vocabulary, size))
        schema = with_ids.schema
        stated = without_nulls(with_ids)
        numbers = leading_bits(ids_of(ids, size), bits)
        order = np.argsort(numbers, kind="stable")
        ends = np.cumsum(np.bincount(numbers, minlength=1 << bits))
        for number, at in enumerate(np.split(order, ends[:-1])):
            if len(at):
                shelf.add_rows(number, _BIRTHS, stated.take(pa.array(at)).combine_chunks())
    assert schema is not None
    return schema


def _births_with_ids(rows: Path, births: RecordedBirths, size: int) -> Iterator[tuple[pa.Table, pa.Array]]:
    """The births of rows, in order, each with the id of its row's sample: both files are in the order of the rows."""
    names = ["row", *BIRTH_NAMES]
    with (
        pq.ParquetFile(rows, buffer_size=BUFFER) as of_rows,
        pq.ParquetFile(births.written(), buffer_size=BUFFER, read_dictionary=coded_names(BIRTH_NAMES)) as of_births,
    ):
        born = batches(of_births, ROWS_AT_ONCE, names)
        waiting = of_births.schema_arrow.empty_table().select(names)
        is_all, first = False, 1
        for batch in batches(of_rows, ROWS_AT_ONCE, ["sample_id"]):
            end = first + len(batch)
            while not is_all and (not len(waiting) or waiting["row"][-1].as_py() < end):
                more = next(born, None)
                is_all = more is None
                if more is not None:
                    waiting = pa.concat_tables([waiting, pa.Table.from_batches([more])])
            numbers = waiting["row"].to_numpy()
            if (np.diff(numbers) < 0).any():
                raise ValueError(f"{births.file}: births are to be in the order of their rows")
            start, stop = np.searchsorted(numbers, [first, end])
            table = waiting.slice(start, stop - start).unify_dictionaries().combine_chunks()
            at = table["row"].to_numpy() - first
            yield table, batch["sample_id"].cast(pa.binary(size)).take(pa.array(at))
            waiting, first = waiting.slice(stop), end
        if first == 1:
            yield waiting, pa.array([], pa.binary(size))
