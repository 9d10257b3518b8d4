"""The rows of `benchmarks.large`: short texts in Parquet shards, and a stage's script that mixes and derives."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_BATCH = 1 << 17
_SHARDS_OF_MIX = 8
_KEPT, _DERIVED = 2, 10
# From which two of ten rows a new one is made; neither is kept.
_PARENTS = (1, 3)


def shard_name(number: int) -> str:
    """The file of the shard of this number, from 0."""
    return f"part-{number:04}.parquet"


def base(folder: Path, rows: int, of_shard: int) -> None:
    """Rows 0 to ``rows``, so many in each file."""
    folder.mkdir(parents=True)
    for shard, first in enumerate(range(0, rows, of_shard)):
        _write(folder / shard_name(shard), _texts(first, min(first + of_shard, rows)))


def more(folder: Path, first: int, rows: int) -> None:
    """One more file."""
    shard = len(list(folder.iterdir()))
    _write(folder / shard_name(shard), _texts(first, first + rows))


def mix(source: Path, output: Path) -> None:
    """Every second row as it is, and of every ten rows a new one, made from two that are not kept."""
    output.mkdir(parents=True)
    files = sorted(source.iterdir())
    per_shard = -(-len(files) // _SHARDS_OF_MIX)
    for shard, first in enumerate(range(0, len(files), per_shard)):
        some = files[first : first + per_shard]
        _write(output / shard_name(shard), (each for file in some for each in _mixed(file)))


def _mixed(file: Path) -> Iterator[pa.Table]:
    first = 1
    with pq.ParquetFile(file) as opened:
        for batch in opened.iter_batches(_BATCH):
            texts = batch["text"]
            firsts = np.arange(len(texts) // _DERIVED) * _DERIVED
            numbers = [firsts + parent for parent in _PARENTS]
            yield _with_parents(texts.take(np.arange(0, len(texts), _KEPT)), None)
            new = pc.binary_join_element_wise("said again:", texts.take(numbers[0]), " ")
            yield _with_parents(new, _named(file, first, numbers))
            first += len(texts)


def _named(file: Path, first: int, numbers: list[npt.NDArray[np.int64]]) -> pa.ListArray:
    """For each new row, which rows of ``file`` it was made from."""
    rows = np.stack(numbers, axis=1).ravel() + first
    named = pc.binary_join_element_wise(f"{file}:", pa.array(rows).cast(pa.string()), "")
    return pa.ListArray.from_arrays(pa.array(range(0, len(named) + 1, len(numbers)), pa.int32()), named)


def _with_parents(texts: pa.Array, parents: pa.Array | None) -> pa.Table:
    if parents is None:
        parents = pa.nulls(len(texts), pa.list_(pa.string()))
    return pa.table({"text": texts, "_parents": parents})


def _texts(first: int, end: int) -> Iterator[pa.Table]:
    for start in range(first, end, _BATCH):
        numbers = pa.array(range(start, min(start + _BATCH, end)), pa.int64()).cast(pa.string())
        yield pa.table({"text": pc.binary_join_element_wise("row", numbers, " ")})


def _write(path: Path, tables: Iterator[pa.Table]) -> None:
    writer = None
    for table in tables:
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def pages(dataset: str, rows: int) -> None:
    """Print what pages of the explorer take: seconds of CPU, the first time and warm."""
    from benchmarks.exploring import timed
    from provenance.explorer.site import Site
    from provenance.repository import Repository

    page = f"/d/{dataset}"
    named = {
        "overview": "/",
        "rows": page,
        "rows from the middle": f"{page}?after={rows // 2}",
        "what is in it": f"{page}?view=composition",
        "impact of the source": "/impact?selector=source:crawl-7",
    }
    with Site.open(Repository.open(), None) as site:
        print(json.dumps(timed(site, named)))


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    if what == "mix":
        mix(Path(words[0]), Path(words[1]))
    elif what == "pages":
        pages(words[0], int(words[1]))
    else:
        {"base": base, "more": more}[what](Path(words[0]), *map(int, words[1:]))
