"""Text beside the content that changed on rows that were carried: a doubt, since nobody knows who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provenance.identity import Scan, scan
from provenance.lineage.births import Dependency
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.dependency_rows import rows_of
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.tables import Tables, write_rows


def rows_with_changed_text(
    tables: Tables, data: Path, rows: Scan, dependencies: Sequence[Dependency]
) -> tuple[int, tuple[str, ...]]:
    """How many rows have a sample of a dependency, but not its text beside the content; and the columns compared.

    Compared are columns beside the content on both sides that read like text, or that only a declaration left out. A
    row is one of these if no dependency that has its sample, and the columns, has it with the same text.
    """
    compared: set[str] = set()
    for number, dependency in enumerate(dependencies):
        if dependency.sidecar is None or dependency.data is None:
            continue
        stated = open_sidecar(dependency.sidecar).header.identity
        texts = {*(stated.text_beside or ()), *rows.text_beside, *rows.settled_out}
        columns = tuple(sorted(texts & set(stated.beside) & set(rows.beside)))
        if columns and not compared:
            tables.require_rows("text beside the content may have changed")
            tables.connection.execute("CREATE TABLE text_compared(row BIGINT, is_same BOOLEAN)")
        if columns:
            _compare(tables, data, dependency, columns, number)
            compared.update(columns)
    if not compared:
        return 0, ()
    changed = "SELECT row FROM text_compared GROUP BY row HAVING NOT bool_or(is_same)"
    return count(tables.connection, f"SELECT count(*) FROM ({changed})"), tuple(sorted(compared))


def _compare(tables: Tables, data: Path, dependency: Dependency, columns: tuple[str, ...], number: int) -> None:
    assert dependency.data is not None
    files = {name: tables.folder / f"beside-{name}-{number}.parquet" for name in ("theirs", "ours")}
    for path, file in zip((dependency.data, data), files.values(), strict=True):
        write_rows(scan(path, dependency.identity.on(columns)), file)
    own = parquet_rows(rows_of(tables, dependency)[1])
    theirs, ours = map(parquet_rows, files.values())
    tables.connection.execute(
        f"INSERT INTO text_compared WITH pairs AS (SELECT DISTINCT o.sample_id, t.sample_id AS text FROM {own} o JOIN "
        f"{theirs} t USING (row)) SELECT u.row, p.text IS NOT NULL FROM {ours} u JOIN rows r USING (row) LEFT JOIN "
        "pairs p ON p.sample_id = r.sample_id AND p.text = u.sample_id "
        "WHERE r.sample_id IN (SELECT sample_id FROM pairs)"
    )
