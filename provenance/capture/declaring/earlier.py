"""What an earlier sidecar of a dataset knows that a new declaration leaves standing."""

from __future__ import annotations

from pathlib import Path

from provenance.errors import SidecarError
from provenance.identity import Identity, scan
from provenance.lineage.database import count, parquet_rows, scratch_database, stream
from provenance.lineage.record_rows import record_rows
from provenance.lineage.schema import ROW_GROUP_ROWS, sidecar_schema
from provenance.lineage.sidecar import open_sidecar, write_sidecar
from provenance.lineage.tables import write_rows


def without_declared(sidecar: Path, data: Path, identity: Identity, births: Path, workspace: Path) -> Path | None:
    """A sidecar with the records of ``sidecar`` except what was declared of samples whose rows ``births`` all states.

    What was observed stays. None where there is no earlier sidecar, or one that cannot be used any more; the file
    given back is ``sidecar`` itself where nothing in it was declared.
    """
    try:
        opened = open_sidecar(sidecar)
    except SidecarError:
        return None
    records = record_rows(opened)
    with scratch_database(workspace) as connection:
        if not count(connection, f"SELECT count(*) FROM {records} WHERE evidence = 'declared'"):
            return sidecar
        rows = workspace / "earlier-rows.parquet"
        write_rows(scan(data, identity), rows)
        # With names: both would be called alike, and DuckDB would take the column from the query around this one.
        stated = (
            f"SELECT r.sample_id FROM {parquet_rows(rows)} r LEFT JOIN {parquet_rows(births)} b ON r.row = b.row "
            "GROUP BY r.sample_id HAVING count(b.row) = count(*)"
        )
        columns = ", ".join(sidecar_schema(opened.digest_size).names)
        kept = workspace / "earlier.parquet"
        query = (
            f"SELECT {columns} FROM {records} e WHERE e.evidence IS DISTINCT FROM 'declared' "
            f"OR e.sample_id NOT IN ({stated}) ORDER BY e.sample_id"
        )
        schema = sidecar_schema(opened.digest_size)
        batches = (batch.cast(schema) for batch in stream(connection, query, ROW_GROUP_ROWS))
        write_sidecar(kept, opened.header, batches, opened.digest_size)
    return kept
