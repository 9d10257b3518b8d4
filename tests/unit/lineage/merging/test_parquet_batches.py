from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from provenance.lineage.merging.parquet_batches import batches


@pytest.mark.parametrize("lengths", [[], [7], [1, 2, 3, 1], [2, 2, 2]])
@pytest.mark.parametrize("rows", [1, 2, 4, 100])
def test_all_rows_of_a_file_come_in_order_and_a_few_at_a_time(tmp_path: Path, lengths: list[int], rows: int) -> None:
    schema = pa.schema([("number", pa.int64()), ("text", pa.string())])
    numbers = iter(range(sum(lengths)))
    with pq.ParquetWriter(tmp_path / "rows.parquet", schema) as writer:
        for length in lengths:
            some = [next(numbers) for _ in range(length)]
            writer.write_table(pa.table({"number": some, "text": [str(number) for number in some]}, schema=schema))
    with pq.ParquetFile(tmp_path / "rows.parquet") as file:
        found = [batch.to_pydict() for batch in batches(file, rows, ["number"])]
    assert [number for each in found for number in each["number"]] == [*range(sum(lengths))]
    assert all(set(each) == {"number"} and len(each["number"]) <= rows for each in found)
