"""Parquet and Arrow files, damaged at random by a seed, each read to its end: a child process of test_damaged.py.

Prints each seed before its file is read, so that a process that ends by a signal says where.
"""

import io
import random
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from provenance.errors import ProvenanceError
from provenance.identity import Identity, scan

_COLUMNS: list[pa.Array] = [
    pa.array(["a", "bb", None, "a"]),
    pa.array([1, 2, 3, None]),
    pa.array([1.5, None, 2.0, 3.0]),
    pa.array([["x"], [], None, ["y", None]]),
    pa.array([{"role": "user", "content": "hi"}, None, {"role": None, "content": "x"}, {"role": "a", "content": ""}]),
    pa.array([b"\0\1", b"", None, b"z"]),
    pa.array(["a", "a", "b", None]).dictionary_encode(),
    pa.array([[("k", 1)], [], None, [("l", 2)]], pa.map_(pa.string(), pa.int64())),
    pa.array([True, False, None, True]),
    pa.array([0, 1, None, 2], pa.timestamp("us", "UTC")),
    pa.array(["a", "b", None, "longer than the view's head"], pa.string_view()),
    pa.array([1, 1, 2, 2], pa.int8()),
    pa.nulls(4),
]


def _parquet(table: pa.Table, source: random.Random) -> bytes:
    output = io.BytesIO()
    compression = source.choice(["none", "snappy", "zstd"])
    pq.write_table(table, output, compression=compression, row_group_size=source.choice([2, 4]))
    return output.getvalue()


def _arrow(table: pa.Table, source: random.Random) -> bytes:
    output = io.BytesIO()
    new: Callable[..., ipc.RecordBatchStreamWriter] = source.choice([ipc.new_file, ipc.new_stream])
    options = ipc.IpcWriteOptions(compression=source.choice([None, "zstd", "lz4"]))
    with new(output, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=source.choice([2, 4]))
    return output.getvalue()


def damaged(kind: str, seed: int) -> bytes:
    """A small file of ``kind`` with some of its bytes changed, left out, or its end cut off."""
    source = random.Random(seed)
    columns = source.sample(_COLUMNS, source.randint(0, 4))
    table = pa.table(dict(zip(["text", "x", "messages", "ü"], columns, strict=False)))
    data = bytearray({"parquet": _parquet, "arrow": _arrow}[kind](table, source))
    for _ in range(source.randint(1, 3)):
        place, way = source.randrange(len(data)), source.random()
        if way < 0.4:
            data[place] ^= 1 << source.randrange(8)
        elif way < 0.8:
            data[place] = source.choice([0, 1, 0x7F, 0x80, 0xFF, source.randrange(256)])
        elif way < 0.9:
            del data[place]
        else:
            del data[place + 1 :]
    return bytes(data)


def main(kind: str, first: int, count: int, folder: Path) -> None:
    """Read ``count`` damaged files from seed ``first`` on; what is not our error ends the process with a traceback."""
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    path = folder / f"data.{kind}"
    for seed in range(first, first + count):
        sys.stdout.write(f"{seed}\n")
        sys.stdout.flush()
        path.write_bytes(damaged(kind, seed))
        try:
            list(scan(path, Identity()))
        except ProvenanceError as error:
            if str(path) not in str(error) or not str(error).isprintable():
                raise RuntimeError(str(error)) from error


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
