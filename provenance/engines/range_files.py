"""What tasks leave for one another: tables by range of sample ids, in files of a folder that all of them see."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from provenance.files import whole_file
from provenance.lineage.id_ranges import ranges


def write_by_range(file: Path, table: pa.Table, ends: Sequence[int]) -> None:
    """Write ``table``, whose rows are those of one range after the other; ``ends``: where the rows of each end.

    A task that is done once more writes the same again.
    """
    columns = [pa.concat_arrays(each.chunks) if each.chunks else each.combine_chunks() for each in table.columns]
    whole = pa.record_batch(columns, schema=table.schema)
    with whole_file(file, lasting=False) as temporary, pa.ipc.new_file(temporary, table.schema) as writer:
        for start, end in zip([0, *ends], ends, strict=False):
            writer.write_batch(whole.slice(start, end - start))


def read_range(file: Path, number: int) -> pa.Table:
    """The rows of range ``number`` in a file that `write_by_range` wrote."""
    return pa.Table.from_batches([pa.ipc.open_file(pa.memory_map(str(file))).get_batch(number)])


def gather_range(files: Iterable[Path], number: int) -> pa.Table:
    """The rows of range ``number`` in all ``files``, of which there is at least one."""
    return pa.concat_tables([read_range(file, number) for file in files])


def ends_of_ids(ids: pa.ChunkedArray, bits: int) -> list[int]:
    """Where, among ``ids`` in their order (nulls first), those of each range of ``bits`` bits end."""
    ends = []
    for each in ranges(bits):
        upper = each.upper
        ends.append(
            len(ids)
            if upper is None
            else bisect_left(range(len(ids)), upper, key=lambda place: ids[place].as_py() or b"")
        )
    return ends


def ends_of_numbers(numbers: pa.ChunkedArray, bits: int) -> list[int]:
    """The same of ``numbers`` of ranges, in their order."""
    import numpy as np

    return np.searchsorted(numbers.to_numpy(), np.arange(1, (1 << bits) + 1)).tolist()  # type: ignore[no-any-return]
