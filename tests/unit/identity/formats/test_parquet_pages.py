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
from provenance.identity import Identity
from provenance.identity.formats.interface import RowError
from provenance.identity.formats.parquet import ParquetReader, _leaves
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


TEXTS = ["short", "a longer text", "ü" * 40, None]


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "brotli", "lz4", "none"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_the_longest_values_of_dictionaries_are_those_that_arrow_reads(
    tmp_path: Path, compression: str, version: str
) -> None:
    path = tmp_path / "data.parquet"
    columns = {
        "number": range(8),
        "text": TEXTS * 2,
        "list": [[text, "x" * 50] for text in TEXTS * 2],
        "struct": [{"a": text, "b": {"c": "y" * 60}} for text in TEXTS * 2],
        "fixed": pa.array([b"0123456789"] * 8, pa.binary(10)),
        "none": pa.array([None] * 8, pa.string()),
    }
    pq.write_table(pa.table(columns), path, compression=compression, data_page_version=version, row_group_size=4)
    reader = ParquetReader(path, Identity())
    with pq.ParquetFile(path) as file:
        for names, longest in ((None, 80 + 80 + 80 + 60), (["text", "number"], 80), (["list"], 80), (["fixed"], 0)):
            leaves = _leaves(file, names)
            assert reader._pages.longest_repeated(1, leaves) == longest
            assert reader._longest_repeated(file, 1, names) == 1 + longest
            reader._pages.longest_repeated = lambda *arguments: None  # type: ignore[method-assign]
            assert reader._longest_repeated(file, 1, names) == 1 + longest, "as Arrow reads them"
            del reader._pages.longest_repeated


def test_dictionaries_that_are_large_or_damaged_are_left_to_arrow(tmp_path: Path) -> None:
    many, long, damaged = (tmp_path / f"{name}.parquet" for name in ("many", "long", "damaged"))
    pq.write_table(pa.table({"text": [str(number) for number in range(5000)]}), many)
    pq.write_table(pa.table({"text": ["x" * 5 * MEBIBYTE]}), long)
    pq.write_table(pa.table({"text": ["abc" * 9]}), damaged, compression="none")
    content = damaged.read_bytes()
    assert Pages(damaged).longest_repeated(0, [0]) == 27
    for before, after in ((b"\x1b\0\0\0abc", b"\x1c\0\0\0abc"), (b"\x1b\0\0\0abc", b"\xff\xff\xff\xffabc")):
        assert before in content
        damaged.write_bytes(content.replace(before, after, 1))
        assert Pages(damaged).longest_repeated(0, [0]) is None
    assert Pages(many).longest_repeated(0, [0]) is Pages(long).longest_repeated(0, [0]) is None
    assert len(ids(many)) == 5000


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
