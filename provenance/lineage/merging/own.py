"""The dataset's own samples, and the births that were recorded of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.identity import SampleBatch
from provenance.identity.arrow_values import as_one
from provenance.lineage.births import RecordedBirths
from provenance.lineage.database import Database
from provenance.lineage.merging.gathered import (
    STATED,
    Records,
    answer,
    as_kind,
    coded_names,
    coded_schema,
    codes,
    ids_of,
    without_nulls,
)
from provenance.lineage.merging.lists import null_as_empty
from provenance.lineage.merging.numbering import Ids, Numbers, combined
from provenance.lineage.rules import NO_ROOT, ROOTS, UNEXPLAINED
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.sorting import NO_BYTES
from provenance.lineage.tables import places
from provenance.lineage.vocabulary import Vocabulary


@dataclass(frozen=True)
class Rows:
    """The rows of a dataset, in order; or its samples, each of which stands for several.

    ``numbers``: of each row, from 0, or of the first that is such a sample; ``weights``: how many rows each stands for.
    """

    ids: Ids
    content_bytes: pa.UInt64Array
    tokens: pa.UInt32Array | None
    numbers: Numbers
    weights: Numbers | None = None

    @staticmethod
    def of(batches: Sequence[SampleBatch], size: int) -> Rows:
        ids = [ids_of(batch.sample_ids, size) for batch in batches]
        counted = [pa.nulls(len(b.sample_ids), pa.uint32()) if b.tokens is None else b.tokens for b in batches]
        all_ids = np.concatenate(ids) if ids else np.empty((0, size), np.uint8)
        return Rows(
            all_ids,
            pa.concat_arrays([pa.array([], pa.uint64()), *(batch.content_bytes for batch in batches)]),
            pa.concat_arrays(counted) if any(batch.tokens is not None for batch in batches) else None,
            np.arange(len(all_ids)),
        )

    @staticmethod
    def of_samples(samples: npt.NDArray[Any], size: int) -> Rows:
        """``samples`` as `sorting.SortedSamples` has them, with the numbers of rows."""
        ids = np.ascontiguousarray(samples["sample_id"]).view(np.uint8).reshape(len(samples), size)
        tokens = np.ascontiguousarray(samples["tokens"])
        return Rows(
            ids,
            pa.array(samples["content_bytes"].copy(), mask=samples["content_bytes"] == NO_BYTES),
            pa.array(tokens, mask=tokens < 0).cast(pa.uint32()),
            samples["row"].astype(np.int64),
            samples["rows"].astype(np.int64),
        )


@dataclass(frozen=True)
class Members:
    """What the dataset has of each of the samples of a range, by their numbers.

    ``counts``: its rows; ``first_rows``: the number of the first, from 0. ``content_bytes``: null where it has none;
    ``tokens``: the most that a row has; None: they were not counted.
    """

    counts: Numbers
    first_rows: Numbers
    content_bytes: pa.UInt64Array
    tokens: pa.UInt32Array | None

    @staticmethod
    def of(rows: Rows, samples: Numbers, count: int) -> Members:
        """``samples``: which of ``count`` samples each row is."""
        counts = np.bincount(samples, rows.weights, count).astype(np.int64)
        place = np.full(count, -1, np.int64)
        # Of several rows the first: it is written last.
        place[samples[::-1]] = np.arange(len(samples))[::-1]
        at = pa.array(place, mask=place < 0)
        first = rows.numbers[place] if len(rows.numbers) else place
        return Members(counts, first, rows.content_bytes.take(at), _most_tokens(rows.tokens, samples, count))


def _most_tokens(tokens: pa.UInt32Array | None, samples: Numbers, count: int) -> pa.UInt32Array | None:
    if tokens is None:
        return None
    most = np.full(count, -1, np.int64)
    np.maximum.at(most, samples, tokens.cast(pa.int64()).fill_null(-1).to_numpy())
    return pa.array(most, mask=most < 0).cast(pa.uint32())


@dataclass(frozen=True)
class Stated:
    """Births of rows, in columns; ``parents``: the ids of all parents.

    ``rows``: the number of each row, from 0; or ``ids``: those of its sample.
    """

    columns: dict[str, pa.Array]
    parents: Ids
    rows: Numbers | None = None
    ids: Ids | None = None

    def samples(self, of_rows: Numbers, of_ids: Numbers) -> Numbers:
        """The number of each birth's sample, given those of all rows, and of ``ids``."""
        return of_ids if self.rows is None else of_rows[self.rows]


def enter_births(births: RecordedBirths, vocabulary: Vocabulary) -> None:
    """Enter what the births name in ``vocabulary``."""
    given = births.vocabulary
    vocabulary.add(given.activities.values(), given.agents.values(), given.plans.values(), given.sources.values())
    vocabulary.add(births.activities)


def read_births(births: RecordedBirths, vocabulary: Vocabulary, count: int, size: int) -> Stated:
    """All births that were recorded. ``count``: rows of the dataset."""
    table = births.held
    if table is None:
        with pq.ParquetFile(births.file, read_dictionary=coded_names(BIRTH_NAMES)) as file:
            table = file.read(["row", *BIRTH_NAMES], use_threads=False).unify_dictionaries()
    table = table.combine_chunks()
    rows = table["row"].to_numpy() - 1
    inside = (rows >= 0) & (rows < count)
    if not inside.all():
        table, rows = table.filter(pa.array(inside)).combine_chunks(), rows[inside]
    columns = stated_columns(table, births, vocabulary, size)
    return Stated(columns, ids_of(columns["parents"].flatten(), size), rows=rows)


def stated_columns(table: pa.Table, births: RecordedBirths, vocabulary: Vocabulary, size: int) -> dict[str, pa.Array]:
    """Recorded births as records have them, numbers counting in ``vocabulary``."""
    schema = coded_schema(size)
    columns = {name: as_one(table[name]) for name in BIRTH_NAMES}
    numbers = columns["activity"]
    columns |= {
        name: pa.array(listed, pa.uint32()).take(numbers) for name, listed in _numbers(births, vocabulary).items()
    }
    for name in ("parents", "parent_roles"):
        columns[name] = null_as_empty(columns[name], schema.field(name).type)
    return {name: as_kind(column, schema.field(name).type) for name, column in columns.items()}


def _numbers(births: RecordedBirths, vocabulary: Vocabulary) -> dict[str, list[int | None]]:
    activities = births.activities
    place = {name: places(getattr(vocabulary, name)) for name in ("activities", "agents", "sources")}
    return {
        "activity": [place["activities"][each.id] for each in activities],
        "agent": [place["agents"][each.agent] if each.agent else None for each in activities],
        "source": [place["sources"][each.source] if each.source else None for each in activities],
    }


def birth_records(
    database: Database, stated: Stated, samples: Numbers, parents: Numbers, counts: Numbers
) -> tuple[Records, Numbers]:
    """The records of births, and how many rows each has.

    ``samples``: the number of each birth's sample; ``counts``: how many rows samples have, by their numbers.
    """
    names = [name for name in STATED if name in stated.columns]
    records = Records(without_nulls(pa.table({name: stated.columns[name] for name in names})), samples, parents)
    rows = np.ones(len(samples), np.int64)
    repeated = np.flatnonzero(counts[samples] > 1)
    if len(repeated):
        records, rows = _each_once(database, records, repeated)
    found = _roots(records) | {"calls": pa.array(rows, mask=rows == 1).cast(pa.uint32())}
    stated_ones = records.dense
    columns = dict(zip(stated_ones.column_names, stated_ones.columns, strict=True)) | found
    table = pa.table({name: columns[name] for name in STATED if name in columns}).combine_chunks()
    return Records(without_nulls(table), records.samples, records.parents), rows


def _each_once(database: Database, records: Records, repeated: Numbers) -> tuple[Records, Numbers]:
    """A model may give the same row twice in the same way: that is one birth, and two calls.

    ``repeated``: the places of records of samples with several rows.
    """
    table = records.take(repeated).dense
    born = ", ".join(table.column_names)
    table = table.append_column("sample", pa.array(records.samples[repeated]))
    table = table.append_column("number", pa.array(repeated))
    sql = f"SELECT min(number) AS number, count(*) AS rows FROM repeated GROUP BY sample, {born}"
    found = answer(database, sql, {"repeated": table}, table.schema)
    rows = np.ones(len(records), np.int64)
    rows[repeated] = 0
    rows[found["number"].to_numpy()] = found["rows"].to_numpy()
    kept = np.flatnonzero(rows)
    return records.take(kept), rows[kept]


class _Born(NamedTuple):
    """What says of a birth without parents all that follows. ``activity``: 0 for any."""

    origin: str | None
    evidence: str | None
    activity: int | None


def _roots(records: Records) -> dict[str, pa.Array]:
    """What follows from births without parents; with parents, `Resolver` works it out."""
    is_root = records.lengths == 0
    has_activity = records.column("activity").is_valid().to_numpy(zero_copy_only=False)
    columns = [codes(records.column(name)) for name in ("origin", "evidence")]
    kinds, example = combined([*columns, (has_activity, 2), (is_root, 2)])
    told = records.some(["origin", "evidence"], example).to_pylist()
    born = [
        _Born(**each, activity=0 if has_activity[place] else None) if is_root[place] else None
        for each, place in zip(told, example, strict=True)
    ]
    roots = [ROOTS.get(each.origin or "", NO_ROOT) if each else NO_ROOT for each in born]
    evidence = [each.evidence if each and not UNEXPLAINED.key(each) else None for each in born]
    values: dict[str, Sequence[object]] = {
        "depth": [root.depth for root in roots],
        "real_rooted": [root.real_rooted for root in roots],
        "chain_evidence": evidence,
    }
    types = coded_schema(1)
    return {name: _of(listed, types.field(name).type).take(pa.array(kinds)) for name, listed in values.items()}


def _of(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    coded = pa.types.is_dictionary(kind)
    return pa.array(values, pa.string()).dictionary_encode() if coded else pa.array(values, kind)
