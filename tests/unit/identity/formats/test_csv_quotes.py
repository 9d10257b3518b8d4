"""Quotation marks of CSV: rows are read as Python's strict reader reads them; what it refuses is that row's error."""

import csv
import io
import random
from pathlib import Path
from typing import cast

import pytest

from provenance.errors import DataError
from provenance.identity.formats.compressed import ByteStream
from provenance.identity.formats.csv_quotes import WholeRows
from provenance.identity.reading import read_rows
from provenance.identity.samples import Identity


def as_stream(content: bytes) -> ByteStream:
    return cast("ByteStream", io.BytesIO(content))


def strict_rows(content: str) -> tuple[list[list[str]], bool]:
    """Rows by the standard library, blank lines left out, and whether one cannot be read."""
    rows: list[list[str]] = []
    try:
        rows.extend(row for row in csv.reader(io.StringIO(content, newline=""), strict=True) if row)
    except csv.Error:
        return rows, True
    return rows, False


def test_rows_that_are_handed_over_are_those_of_the_strict_reader() -> None:
    source = random.Random(13)
    failed = 0
    for _ in range(20_000):
        content = "".join(source.choices('a",\n\r', (2, 4, 2, 1, 0.3), k=source.randint(1, 30)))
        file = WholeRows(as_stream(content.encode()), ",", longest=64)
        size = source.randint(1, 64)
        read = b"".join(iter(lambda: file.read(size), b"")).decode()  # noqa: B023 - called at once
        rows, stopped = strict_rows(content)
        assert strict_rows(read) == (rows, False), content
        assert (file.problem is not None) == stopped, content
        failed += stopped
    assert 2_000 < failed < 18_000


@pytest.mark.parametrize(
    ("name", "content", "row", "problem"),
    [
        ("a.tsv", 'q\ta\nx\ty\n"Never mind\tok\nshe said\tno\n"So" it goes\tok\n', 2, "text follows"),
        ("a.csv", 'q,a\n1,2\n\n3,"he said \\"no\\""\n', 2, "text follows"),
        ("a.csv", 'q,a\n1,2\n3,""x""\n', 2, "text follows"),
        ("a.csv", 'q,a\n1,2\n3,"x" \n', 2, "text follows"),
        ("a.csv", 'q,a\n1,2\n3,"x\n4,5\n6,7\n', 2, "does not end"),
        ("a.csv", '"q"x,a\n1,2\n', None, "the header cannot be read"),
        ("a.csv", 'q\n"1"\n"2"x\n', 2, "text follows"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: str, row: int | None, problem: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError, match=problem) as caught:
        list(read_rows(path, Identity()))
    assert caught.value.row == row


def test_a_row_longer_than_may_be_is_named() -> None:
    file = WholeRows(as_stream(b"a,b\n1,2\n" + b"x" * 100 + b",1\n"), ",", longest=32)
    assert b"".join(iter(file.read, b"")) == b"a,b\n1,2\n"
    assert file.problem is not None and file.problem.startswith("longer than")
