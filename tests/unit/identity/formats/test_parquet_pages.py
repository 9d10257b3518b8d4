from __future__ import annotations

import os
import random
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.samples import ids

from provenance.errors import DataError
from provenance.identity.formats.interface import RowError
from provenance.identity.formats.parquet_pages import Pages
from provenance.identity.formats.thrift import CompactReader

MEBIBYTE = 1 << 20


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "none"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_pages_are_those_that_were_written(tmp_path: Path, compression: str, version: str) -> None:
    path = tmp_path / "data.parquet"
    rows = 20_000
    table = pa.table(
        {"number": range(rows), "text": [f"text {n % 7}" for n in range(rows)], "nested": [[n] for n in range(rows)]}
    )
    pq.write_table(table, path, compression=compression, data_page_version=version, row_group_size=5000)
    pages = Pages(path)
    columns = range(3)
    for group in range(4):
        pages.check(group, columns)
    # "text 0" to "text 6", each with its length of four bytes; of numbers, none may be long.
    assert pages.repeated_bytes(0, columns) == 7 * (4 + len("text 0"))
    assert pages.repeated_bytes(0, [0, 2]) == 0


@pytest.mark.parametrize("dictionary", [True, False])
def test_a_small_file_that_expands_without_bounds_is_refused(tmp_path: Path, dictionary: bool) -> None:
    path = tmp_path / "bomb.parquet"
    texts = pa.array([f"{number:04}" + "a" * MEBIBYTE for number in range(300)])
    table = pa.table({f"column {number}": texts for number in range(4)})
    pq.write_table(
        table, path, compression="zstd", use_dictionary=dictionary, data_page_size=2**30, write_batch_size=300
    )
    assert path.stat().st_size < MEBIBYTE
    with pytest.raises(RowError, match="expand to more than 1024 MiB at once"):
        Pages(path).check(0, range(4))
    # One column at a time is no danger.
    Pages(path).check(0, [2])
    with pytest.raises(DataError, match="bomb.parquet.*write smaller pages"):
        ids(path)


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=False))
def test_a_damaged_file_is_an_error_or_is_read(tmp_path_factory: pytest.TempPathFactory, chance: random.Random) -> None:
    path = tmp_path_factory.mktemp("damaged") / "data.parquet"
    pq.write_table(pa.table({"text": ["a", "b", "c"], "nested": [[1], [], [2]]}), path)
    content = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 3)):
        content[chance.randrange(4, len(content) - 8)] = chance.randrange(256)
    path.write_bytes(content)
    with suppress(RowError):  # any other error would end a command with a traceback
        Pages(path).check(0, [0, 1])


def test_a_footer_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    path.write_bytes(b"PAR1" + os.urandom(10) + b"\xff\xff\xff\x7fPAR1")
    with pytest.raises(RowError, match="its footer makes no sense"):
        Pages(path).check(0, [0])


@pytest.mark.parametrize(
    "footer", [{}, {4: 1}, {4: [{1: [{3: 6}]}]}, {4: [{1: [6]}]}, {4: [{1: [{3: {9: b"", 7: 1}}]}]}]
)
def test_a_footer_that_holds_other_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, footer: object) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"text": ["a"]}), path)
    monkeypatch.setattr(CompactReader, "struct", lambda _: footer)
    with pytest.raises(RowError, match="its footer makes no sense"):
        Pages(path).check(0, [0])
