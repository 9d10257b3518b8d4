"""The records of a sidecar after rows have left its dataset: none is lost, and what went has tombstones.

A tombstone is a record of the sample whose activity is the purge. It follows the sample's births; it has no rows, no
parents and no evidence, so no question takes it for a birth. The births that went count no rows any more. Where rows of
a sample may be of several births, as many went as may be of one that goes; what is left is the others'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.identity.arrow_values import null_where
from provenance.identity.id_arrays import bytes_of_ids
from provenance.lineage.row_bounds import BirthRows, starts_of
from provenance.lineage.schema import TOMBSTONE_NAMES, sidecar_schema
from provenance.lineage.sidecar import Sidecar, record_groups


@dataclass(frozen=True)
class Tombstones:
    """``causes``: by record, 0 for a birth that stays, else n for the purge that is activity ``first`` + n - 1.

    It is asked with the ids, as rows of bytes, of all records of some samples, in the order of the sidecar. Activities
    are counted from 0, as in the header.
    """

    sidecar: Sidecar
    causes: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint32]]
    first: int

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The new records, of `sidecar_schema`, in the order of ids."""
        schema = sidecar_schema(self.sidecar.digest_size)
        rest = schema.empty_table()
        for start, group in record_groups(self.sidecar, schema.names):
            table = pa.concat_tables([rest, group.cast(schema)])
            # A sample's records may go on in the next row group.
            whole = _first_of_last(table) if start + len(group) < self.sidecar.records else table.num_rows
            rest = table.slice(whole)
            yield from self._changed(table.slice(0, whole)).to_batches()

    def _changed(self, table: pa.Table) -> pa.Table:
        if not table.num_rows:
            return table
        table = table.combine_chunks()
        causes = self.causes(bytes_of_ids(table["sample_id"].chunk(0)))
        if not causes.any():
            return table
        ids = _sort_keys(table)
        is_first = np.append(True, ids[1:] != ids[:-1])
        before = _birth_rows(table, is_first)
        after = before.without(causes > 0)
        of_sample = np.repeat(np.arange(len(before.shared)), np.diff(before.starts))
        # Of what has left wholly, nothing of any birth's prompt is kept.
        goes = (causes > 0) | ((after.total == 0) & (before.total > 0))[of_sample]
        shared = np.zeros(len(causes), np.int64)
        shared[is_first] = after.shared
        numbers = {"rows": after.rows, "possible_rows": after.possible, "ambiguous_rows": shared}
        changed = {name: pa.array(values.astype(np.uint32), pa.uint32()) for name, values in numbers.items()}
        for name in ("possible_rows", "ambiguous_rows"):
            changed[name] = pc.if_else(pc.equal(changed[name], 0), pa.scalar(None, pa.uint32()), changed[name])
        changed["prompt_text"] = null_where(pa.array(goes), table["prompt_text"])
        # Which marks went along is not known.
        touched = np.isin(of_sample, of_sample[causes > 0])
        changed["marks"] = table["marks"].take(pa.array(np.arange(len(causes)), mask=touched))
        stones = self._stones(table, causes, before)
        for name, values in changed.items():
            table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)
        joined = pa.concat_tables([table, stones])
        # Stable: a tombstone comes behind the births of its sample.
        order = np.argsort(_sort_keys(joined), kind="stable")
        return joined.take(pa.array(order))

    def _stones(self, table: pa.Table, causes: npt.NDArray[np.uint32], before: BirthRows) -> pa.Table:
        """A tombstone for each sample and each purge that took rows of it, as its first birth that this reached."""
        of_record = _took_rows(causes, before)
        of = table.take(pa.array(of_record))
        numbers = causes[of_record].astype(np.int64) + (self.first - 1)
        given = {name: of[name] for name in TOMBSTONE_NAMES} | {
            "rows": pa.array(np.zeros(of.num_rows, np.uint32)),
            "activity": pa.array(numbers, pa.uint32()),
        }
        nothing = {
            name: pa.array([[]] * of.num_rows, table.schema.field(name).type) for name in ("parents", "parent_roles")
        }
        columns = [
            given.get(field.name, nothing.get(field.name, pa.nulls(of.num_rows, field.type))) for field in table.schema
        ]
        return pa.Table.from_arrays(columns, schema=table.schema)


def _birth_rows(table: pa.Table, is_first: npt.NDArray[np.bool_]) -> BirthRows:
    rows, possible, shared = (
        table[name].fill_null(0).to_numpy().astype(np.int64) for name in ("rows", "possible_rows", "ambiguous_rows")
    )
    return BirthRows(starts_of(is_first), rows, possible, shared[is_first])


def _took_rows(causes: npt.NDArray[np.uint32], before: BirthRows) -> npt.NDArray[np.int64]:
    """The records, in order, that are the first of their sample that a purge reached, if it took rows of the sample."""
    found = [np.empty(0, np.int64)]
    gone = np.zeros(len(before.shared), np.int64)
    may_have_rows = (before.rows > 0) | (before.possible > 0)
    of_sample = np.repeat(np.arange(len(before.shared)), np.diff(before.starts))
    for cause in np.unique(causes[causes > 0]).tolist():
        most = before.bounds((causes > 0) & (causes <= cause))[1]
        reached = np.flatnonzero((causes == cause) & may_have_rows & (most > gone)[of_sample])
        found.append(
            reached[np.append(True, of_sample[reached[1:]] != of_sample[reached[:-1]])] if len(reached) else reached
        )
        gone = most
    return np.sort(np.concatenate(found))


def _first_of_last(table: pa.Table) -> int:
    """Where the records of the last sample begin."""
    same = pc.equal(table["sample_id"], table["sample_id"][-1]).to_numpy()
    return int(np.argmax(same))


def _sort_keys(table: pa.Table) -> npt.NDArray[np.void]:
    ids = table["sample_id"].combine_chunks()
    ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
    width = ids.type.byte_width
    return np.ascontiguousarray(bytes_of_ids(ids)).view(f"S{width}").ravel()
