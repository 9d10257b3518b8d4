"""Can a sidecar be asked beside others? Then one that was made badly, or is damaged, is of no use by itself alone.

`open_sidecar` looks at the footer. Here every page is read once, and all that questions over many sidecars rely on is
checked. Whether a sidecar tells the truth about its dataset is for `verification`.
"""

from __future__ import annotations

from pathlib import Path

from provenance.errors import SidecarError
from provenance.files import scratch_folder
from provenance.lineage.id_ranges import ranges_for
from provenance.lineage.problems import not_closed
from provenance.lineage.sidecar import IN_OTHER_PARTS, Sidecar, stated_columns

# Every value counts in the hash, so that every page is decoded.
_COUNTS = """
    SELECT count(*), bit_xor(hash(r)),
        count(*) FILTER (sample_id IS NULL OR rows IS NULL OR origin IS NULL),
        count(*) FILTER (parents IS NOT NULL AND (len(parents) IS DISTINCT FROM len(parent_roles)
            OR len(list_filter(parents, lambda parent: octet_length(parent) IS DISTINCT FROM $width)) > 0)),
        count(*) FILTER (activity >= $activities), count(*) FILTER (agent >= $agents),
        count(*) FILTER (source >= $sources), count(*) FILTER (sample_id < before)
    FROM (SELECT *, lag(sample_id) OVER () AS before FROM records) r"""

_LACKING = "records lack an id, a number of rows or an origin"
_UNSORTED = "its records are not sorted by sample id"


def require_sound(sidecar: Sidecar, workspace: Path) -> None:
    """Read all of the sidecar. ``workspace`` is for temporary files.

    Raises:
        SidecarError: it cannot be read, or its records do not keep the specification.
    """
    import duckdb

    from provenance.lineage.database import said_by, scratch_database
    from provenance.lineage.record_rows import dangling, enter_parents, in_other_parts, placed_records
    from provenance.lineage.row_bounds import misstated, misstated_in_words

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
            strange = in_other_parts(connection, sidecar)
            enter_parents(connection)
            without_record = dangling(connection)
            bounds = misstated_in_words(misstated(connection, sidecar, ranges_for(sidecar.records)))
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except (duckdb.Error, UnicodeDecodeError) as error:
            raise _unsound(sidecar, f"it cannot be read ({said_by(error)})") from error
    records, _, empty, parents, *undescribed, unsorted = found
    for number, said in (
        (records != sidecar.records, "it has another number of records than its footer states"),
        (empty, _LACKING),
        (parents, "parents do not each have an id and a role"),
        *zip(undescribed, map(_undescribed, ("activity", "agent", "source")), strict=True),
        (unsorted, _UNSORTED),
        (strange, IN_OTHER_PARTS),
        (without_record, not_closed(without_record)),
    ):
        if number:
            raise _unsound(sidecar, said)
    if bounds:
        raise _unsound(sidecar, bounds[0])


def require_stated_sound(sidecar: Sidecar) -> None:
    """As `require_sound`, by what the files' footers state of their columns: no record is read.

    Raises:
        SidecarError: they cannot be read, or state what is not as the specification has it.
    """
    described = {
        "activity": len(sidecar.header.activities),
        "agent": len(sidecar.header.agents),
        "source": len(sidecar.header.sources),
    }
    last = b""
    for file in sidecar.part_files:
        for column, stated in stated_columns(file.path):
            if column in ("sample_id", "rows", "origin") and stated.has_null_count and stated.null_count:
                raise _unsound(sidecar, _LACKING)
            if not stated.has_min_max:
                continue
            if column in described and stated.max >= described[column]:
                raise _unsound(sidecar, _undescribed(column))
            if column == "sample_id":
                if stated.min < last:
                    raise _unsound(sidecar, _UNSORTED)
                if not all(map(sidecar.range_of(file).contains, (stated.min, stated.max))):
                    raise _unsound(sidecar, IN_OTHER_PARTS)
                last = stated.max


def _undescribed(column: str) -> str:
    return f"a record names {'a' if column == 'source' else 'an'} {column} that its header does not describe"


def _unsound(sidecar: Sidecar, said: str) -> SidecarError:
    return SidecarError(f"{sidecar.path}: {said}; restore it with `dvc checkout`, or make it again")
