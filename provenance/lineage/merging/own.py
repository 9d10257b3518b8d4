"""The dataset's own samples, and the births that were recorded of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.identity import SampleBatch
from provenance.lineage.births import RecordedBirths
from provenance.lineage.database import Database
from provenance.lineage.merging.gathered import (
    STATED,
    NotPlainError,
    Records,
    answer,
    coded_schema,
    codes,
    ids_of,
    without_nulls,
)
from provenance.lineage.merging.lists import null_as_empty
from provenance.lineage.merging.numbering import Flags, Ids, Numbers, combined
from provenance.lineage.rules import NO_ROOT, ROOTS, UNEXPLAINED
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import places
from provenance.lineage.vocabulary import Vocabulary


@dataclass(frozen=True)
class Rows:
    """The rows of a dataset, in order."""

    ids: Ids
    content_bytes: pa.UInt64Array
    tokens: pa.UInt32Array | None

    @staticmethod
    def of(batches: Sequence[SampleBatch], size: int) -> Rows:
        ids = [ids_of(batch.sample_ids, size) for batch in batches]
        counted = [pa.nulls(len(b.sample_ids), pa.uint32()) if b.tokens is None else b.tokens for b in batches]
        return Rows(
            np.concatenate(ids) if ids else np.empty((0, size), np.uint8),
            pa.concat_arrays([pa.array([], pa.uint64()), *(batch.content_bytes for batch in batches)]),
            pa.concat_arrays(counted) if any(batch.tokens is not None for batch in batches) else None,
        )

    def most_tokens(self, samples: Numbers, count: int) -> pa.UInt32Array | None:
        """Of each of ``count`` samples the most tokens that a row has; ``samples``: that of each row."""
        if self.tokens is None:
            return None
        most = np.full(count, -1, np.int64)
        np.maximum.at(most, samples, self.tokens.cast(pa.int64()).fill_null(-1).to_numpy())
        return pa.array(most, mask=most < 0).cast(pa.uint32())


@dataclass(frozen=True)
class Stated:
    """Births of rows: ``rows`` from 0, and what they say, in columns; ``parents``: the ids of all parents."""

    rows: Numbers
    columns: dict[str, pa.Array]
    parents: Ids


def read_births(births: RecordedBirths, vocabulary: Vocabulary, count: int, size: int) -> Stated:
    """The births that were recorded; what they name is entered in ``vocabulary``. ``count``: rows of the dataset."""
    given = births.vocabulary
    vocabulary.add(given.activities.values(), given.agents.values(), given.plans.values(), given.sources.values())
    vocabulary.add(births.activities)
    table = pq.read_table(births.file, columns=["row", *BIRTH_NAMES], use_threads=False).combine_chunks()
    rows = table["row"].to_numpy() - 1
    if len(rows) and (rows[0] < 0 or rows[-1] >= count or (np.diff(rows) <= 0).any()):
        raise NotPlainError
    schema = coded_schema(size)
    columns = {name: _one(table[name]) for name in BIRTH_NAMES}
    parents = ids_of(columns["parents"].flatten(), size)
    numbers = columns["activity"]
    columns |= {
        name: pa.array(listed, pa.uint32()).take(numbers) for name, listed in _numbers(births, vocabulary).items()
    }
    for name in ("parents", "parent_roles"):
        columns[name] = null_as_empty(columns[name], schema.field(name).type)
    columns = {name: _as(column, schema.field(name).type) for name, column in columns.items()}
    return Stated(rows, columns, parents)


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.array([], column.type)


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return column.dictionary_encode()
    try:
        return column.cast(kind)
    except pa.ArrowInvalid as error:
        raise NotPlainError from error


def _numbers(births: RecordedBirths, vocabulary: Vocabulary) -> dict[str, list[int | None]]:
    activities = births.activities
    place = {name: places(getattr(vocabulary, name)) for name in ("activities", "agents", "sources")}
    return {
        "activity": [place["activities"][each.id] for each in activities],
        "agent": [place["agents"][each.agent] if each.agent else None for each in activities],
        "source": [place["sources"][each.source] if each.source else None for each in activities],
    }


def birth_records(
    database: Database,
    stated: Stated,
    samples: Numbers,
    parents: Numbers,
    counts: Numbers,
) -> tuple[Records, Numbers, Flags]:
    """The records of births, how many rows each has, and whether what follows from its parents is still open.

    ``samples``: the number of each row's sample; ``counts``: how many rows samples have, by their numbers.
    """
    of_birth = samples[stated.rows]
    count = len(of_birth)
    names = [name for name in STATED if name in stated.columns]
    records = Records(without_nulls(pa.table({name: stated.columns[name] for name in names})), of_birth, parents)
    rows = np.ones(count, np.int64)
    repeated = np.flatnonzero(counts[of_birth] > 1)
    if len(repeated):
        records, rows = _each_once(database, records, repeated)
    found = _roots(records) | {"calls": pa.array(rows, mask=rows == 1).cast(pa.uint32())}
    columns = dict(zip(records.table.column_names, records.table.columns, strict=True)) | found
    table = pa.table({name: columns[name] for name in STATED if name in columns}).combine_chunks()
    return Records(without_nulls(table), records.samples, records.parents), rows, records.lengths > 0


def _each_once(database: Database, records: Records, repeated: Numbers) -> tuple[Records, Numbers]:
    """A model may give the same row twice in the same way: that is one birth, and two calls.

    ``repeated``: the places of records of samples with several rows.
    """
    table = records.table.take(pa.array(repeated)).combine_chunks()
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
