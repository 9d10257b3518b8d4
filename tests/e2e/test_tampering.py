"""One changed byte is found, wherever it is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.project import Project

MIX = "data/mix.parquet"


@pytest.fixture
def mix(copy_of_demo: Project) -> Path:
    # DVC may have linked the file to its cache, which all copies share.
    file = copy_of_demo.root / MIX
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    return file


def positions(file: Path) -> Iterator[int]:
    """Places in a Parquet file: its marks, the header and body of pages, the footer and its length; some at random."""
    group = pq.ParquetFile(file).metadata.row_group(0)
    size = file.stat().st_size
    yield from (0, size - 1, size - 6, size - 40)
    for column in range(group.num_columns):
        chunk = group.column(column)
        yield from (chunk.data_page_offset + 2, chunk.data_page_offset + chunk.total_compressed_size // 2)
    yield from random.sample(range(size), 8)


def test_every_byte_of_the_data_counts(copy_of_demo: Project, mix: Path) -> None:
    content = mix.read_bytes()
    for position in positions(mix):
        changed = bytearray(content)
        changed[position] ^= 0x10
        mix.write_bytes(changed)
        answer = copy_of_demo.provenance("verify", MIX, "--json")
        assert (answer.code, answer.stderr) == (1, ""), f"byte {position}: {answer}"
        assert {problem["path"] for problem in answer.json()["problems"]} == {MIX}, f"byte {position}"
    mix.write_bytes(content)
    assert copy_of_demo.ask("verify")["ok"]


def test_the_row_is_named(copy_of_demo: Project) -> None:
    file = copy_of_demo.root / "data/revised.jsonl"
    rows = file.read_bytes().splitlines(keepends=True)
    changed = rows[1].replace(b'"answer":"', b'"answer":"!', 1)
    assert changed != rows[1]
    file.unlink()
    file.write_bytes(b"".join([rows[0], changed, *rows[2:]]))
    answer = copy_of_demo.provenance("verify", "data/revised.jsonl", "--json")
    assert answer.code == 1
    assert ("data/revised.jsonl", 2) in {(problem["path"], problem["row"]) for problem in answer.json()["problems"]}


def test_a_changed_sidecar_is_found(copy_of_demo: Project) -> None:
    sidecar = copy_of_demo.root / f"{MIX}.lineage.parquet"
    content = sidecar.read_bytes()
    sidecar.unlink()
    for position in (len(content) // 2, len(content) - 6):
        changed = bytearray(content)
        changed[position] ^= 0x10
        sidecar.write_bytes(changed)
        answer = copy_of_demo.provenance("verify", MIX)
        assert answer.code in (1, 2), f"byte {position}"
        assert MIX in answer.stdout + answer.stderr and "internal error" not in answer.stderr
