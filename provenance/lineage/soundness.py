"""Can a sidecar be asked beside others? Then one that was made badly, or is damaged, is of no use by itself alone.

`open_sidecar` looks at the footer. Here every page is read once, and all that questions over many sidecars rely on is
checked. Whether a sidecar tells the truth about its dataset is for `verification`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import SidecarError
from provenance.files import scratch_folder
from provenance.lineage.id_ranges import ranges_for
from provenance.lineage.sidecar import Sidecar

if TYPE_CHECKING:
    import duckdb

# Every value counts in the hash, so that every page is decoded.
_COUNTS = """
    SELECT count(*), bit_xor(hash(r)),
        count(*) FILTER (sample_id IS NULL OR rows IS NULL OR origin IS NULL),
        count(*) FILTER (parents IS NOT NULL AND (len(parents) IS DISTINCT FROM len(parent_roles)
            OR len(list_filter(parents, lambda parent: octet_length(parent) IS DISTINCT FROM $width)) > 0)),
        count(*) FILTER (activity >= $activities), count(*) FILTER (agent >= $agents),
        count(*) FILTER (source >= $sources), count(*) FILTER (sample_id < before)
    FROM (SELECT *, lag(sample_id) OVER () AS before FROM records) r"""
_DANGLING = """
    SELECT count(*) FROM (SELECT DISTINCT unnest(parents) AS sample_id FROM records)
    ANTI JOIN records USING (sample_id)"""


def require_sound(sidecar: Sidecar, workspace: Path) -> None:
    """Read all of the sidecar. ``workspace`` is for temporary files.

    Raises:
        SidecarError: it cannot be read, or its records do not keep the specification.
    """
    import duckdb

    from provenance.lineage.database import count, scratch_database
    from provenance.lineage.record_rows import placed_records
    from provenance.lineage.row_bounds import misstated

    with scratch_folder(workspace, "sound") as folder, scratch_database(folder) as connection:
        try:
            connection.execute("SET preserve_insertion_order = true")
            connection.execute(f"CREATE VIEW records AS FROM {placed_records(sidecar)}")
            header = sidecar.header
            numbers = {
                "width": sidecar.digest_size,
                "activities": len(header.activities),
                "agents": len(header.agents),
                "sources": len(header.sources),
            }
            (found,) = connection.execute(_COUNTS, numbers).fetchall()
            strange = _in_other_parts(connection, sidecar)
            dangling = count(connection, _DANGLING)
            bounds = misstated(connection, ranges_for(sidecar.records))
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except (duckdb.Error, UnicodeDecodeError) as error:
            first_line = str(error).strip().split("\n")[0]
            raise _unsound(sidecar, f"it cannot be read ({first_line})") from error
    records, _, empty, parents, *undescribed, unsorted = found
    for number, said in (
        (records != sidecar.records, "it has another number of records than its footer states"),
        (empty, "records lack an id, a number of rows or an origin"),
        (parents, "parents do not each have an id and a role"),
        (undescribed[0], "a record names an activity that its header does not describe"),
        (undescribed[1], "a record names an agent that its header does not describe"),
        (undescribed[2], "a record names a source that its header does not describe"),
        (unsorted, "its records are not sorted by sample id"),
        (strange, "a part has ids of another part"),
        (dangling, f"it is not closed: {dangling} parents have no record in it"),
    ):
        if number:
            raise _unsound(sidecar, said)
    if bounds:
        raise _unsound(sidecar, bounds[0])


def _in_other_parts(connection: duckdb.DuckDBPyConnection, sidecar: Sidecar) -> bool:
    """Whether a part has ids that do not begin with its number."""
    from provenance.lineage.parts import number_of
    from provenance.lineage.record_rows import record_rows

    if sidecar.layout is None:
        return False
    bounds = connection.execute(
        f"SELECT file_index::BIGINT, min(sample_id), max(sample_id) FROM {record_rows(sidecar)} GROUP BY 1"
    ).fetchall()
    bits, files = sidecar.layout.bits, sidecar.part_files
    return any(number_of(each, bits) != files[file].number for file, *ids in bounds for each in ids)


def _unsound(sidecar: Sidecar, said: str) -> SidecarError:
    return SidecarError(f"{sidecar.path}: {said}; restore it with `dvc checkout`, or make it again")
