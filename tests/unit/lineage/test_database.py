from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

import provenance
from provenance.lineage.database import count, parquet_rows

PACKAGE = Path(provenance.__file__).parent


@pytest.mark.parametrize("name", ["a[1].parquet", "a*.parquet", "a?.parquet", "it's.parquet"])
def test_rows_are_those_of_just_the_file(tmp_path: Path, name: str) -> None:
    connection = duckdb.connect()
    for file, rows in ((name, 3), ("a1.parquet", 7), ("ab.parquet", 9)):
        path = str(tmp_path / file).replace("'", "''")
        connection.execute(f"COPY (SELECT * FROM range({rows})) TO '{path}' (FORMAT parquet)")
    assert count(connection, f"SELECT count(*) FROM {parquet_rows(tmp_path / name)}") == 3


def test_parquet_is_read_through_parquet_rows_alone() -> None:
    """A file's name is a pattern to DuckDB: whoever writes `read_parquet` by hand may read another file."""
    home = PACKAGE / "lineage/database.py"
    by_hand = [
        f"{file.relative_to(PACKAGE)}:{number}"
        for file in PACKAGE.rglob("*.py")
        if file != home
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"(read_parquet|parquet_scan|read_csv|read_json\w*)\(\s*[{'\"\[]", line)
    ]
    assert by_hand == []
