"""Columns that a stage only renamed, found by their values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provenance.identity import scan
from provenance.lineage.births import Dependency
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.tables import Tables, write_rows

# Each column is read by itself.
_MOST_COLUMNS = 8
# What every column is called while its values are compared.
_NAME = "value"


def renamed_fields(
    tables: Tables, data: Path, dependency: Dependency, added: Sequence[str], gone: Sequence[str]
) -> dict[str, str]:
    """Which of the columns ``gone`` of the dependency each of the columns ``added`` of ``data`` is, by its new name.

    Empty unless each of them has its values, in rows that nothing has explained, in just one column of the dependency.
    """
    if not 0 < len(added) <= len(gone) <= _MOST_COLUMNS:
        return {}
    assert dependency.data is not None
    theirs = {name: _values(tables, dependency.data, dependency, name, f"gone-{n}") for n, name in enumerate(gone)}
    found: dict[str, str] = {}
    for number, new in enumerate(added):
        ours = _values(tables, data, dependency, new, f"added-{number}")
        holding = [old for old, file in theirs.items() if all_found(tables, ours, file)]
        if len(holding) != 1 or holding[0] in found.values():
            return {}
        found[new] = holding[0]
    return found


def _values(tables: Tables, data: Path, dependency: Dependency, name: str, file: str) -> str:
    """The rows of ``data``, each with an id of what it has in the column ``name``, as SQL."""
    path = tables.folder / f"{file}.parquet"
    write_rows(scan(data, dependency.identity.on((name,), {name: _NAME})), path)
    return parquet_rows(path)


def all_found(tables: Tables, ours: str, theirs: str) -> bool:
    """Whether each row that nothing has explained is in ``ours`` by an id that ``theirs`` has; both are SQL."""
    return not count(
        tables.connection,
        f"SELECT count(*) FROM {ours} u JOIN rows r USING (row) WHERE r.sample_id IN (SELECT sample_id FROM left_over) "
        f"AND u.sample_id NOT IN (SELECT sample_id FROM {theirs})",
    )
