"""The records of a sidecar after samples have left its dataset: none is lost, and each of these gets a tombstone.

A tombstone is a record of the sample whose activity is the purge. It follows the sample's births, which count no rows
any more; it has no parents and no evidence, so no question takes it for a birth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from provenance.identity.id_arrays import bytes_of_ids
from provenance.lineage.schema import TOMBSTONE_NAMES, sidecar_schema
from provenance.lineage.sidecar import Sidecar


@dataclass(frozen=True)
class Tombstones:
    """``causes``: for ids as rows of bytes, 0 for what stays, else n for the purge that is activity ``first`` + n - 1.

    Activities are counted from 0, as in the header.
    """

    sidecar: Sidecar
    causes: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint32]]
    first: int

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The new records, of `sidecar_schema`, in the order of ids."""
        schema = sidecar_schema(self.sidecar.digest_size)
        rest = schema.empty_table()
        with pq.ParquetFile(self.sidecar.path) as file:
            for group in range(file.num_row_groups):
                table = pa.concat_tables([rest, file.read_row_group(group, schema.names).cast(schema)])
                # A sample's records may go on in the next row group.
                whole = _first_of_last(table) if group + 1 < file.num_row_groups else table.num_rows
                rest = table.slice(whole)
                yield from self._changed(table.slice(0, whole)).to_batches()

    def _changed(self, table: pa.Table) -> pa.Table:
        if not table.num_rows:
            return table
        table = table.combine_chunks()
        causes = self.causes(bytes_of_ids(table["sample_id"].chunk(0)))
        if not causes.any():
            return table
        goes = pa.array(causes > 0)
        counted = pc.greater(table["rows"], 0)
        stones = self._stones(table, causes, pc.and_(counted, goes))
        rows = pc.if_else(goes, pa.scalar(0, pa.uint32()), table["rows"])
        texts = pc.if_else(goes, pa.scalar(None, pa.string()), table["prompt_text"])
        for name, values in (("rows", rows), ("prompt_text", texts)):
            table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)
        joined = pa.concat_tables([table, stones])
        # Stable: a tombstone comes behind the births of its sample.
        order = np.argsort(_sort_keys(joined), kind="stable")
        return joined.take(pa.array(order))

    def _stones(self, table: pa.Table, causes: npt.NDArray[np.uint32], ended: pa.ChunkedArray) -> pa.Table:
        of = table.filter(ended)
        numbers = causes[ended.to_numpy().astype(bool)].astype(np.uint32) + np.uint32(self.first - 1)
        given = {name: of[name] for name in TOMBSTONE_NAMES} | {
            "rows": pa.array(np.zeros(of.num_rows, np.uint32)),
            "activity": pa.array(numbers),
        }
        nothing = {
            name: pa.array([[]] * of.num_rows, table.schema.field(name).type) for name in ("parents", "parent_roles")
        }
        columns = [
            given.get(field.name, nothing.get(field.name, pa.nulls(of.num_rows, field.type))) for field in table.schema
        ]
        return pa.Table.from_arrays(columns, schema=table.schema)


def _first_of_last(table: pa.Table) -> int:
    """Where the records of the last sample begin."""
    same = pc.equal(table["sample_id"], table["sample_id"][-1]).to_numpy()
    return int(np.argmax(same))


def _sort_keys(table: pa.Table) -> npt.NDArray[np.void]:
    ids = table["sample_id"].combine_chunks()
    ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
    width = ids.type.byte_width
    return np.ascontiguousarray(bytes_of_ids(ids)).view(f"S{width}").ravel()
