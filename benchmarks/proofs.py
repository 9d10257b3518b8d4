"""Merkle trees over the ids of a large sidecar: making the root, proofs from what is remembered, and their size."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.processes import measure_task
from benchmarks.results import Result, Settings, Target

if TYPE_CHECKING:
    import pyarrow as pa

_SAMPLES = 10_000_000
_PROOFS = 50
_BATCH = 50_000
_ID_SIZE = 32


def run(settings: Settings) -> Result:
    count = settings.scaled(_SAMPLES)
    sidecar = settings.folder / "x.jsonl.lineage.parquet"
    measure_task("write_digest_ids", sidecar, count, folder=settings.folder)
    made = measure_task("make_tree", sidecar, folder=settings.folder)
    asked = measure_task("ask_tree", sidecar, count, folder=settings.folder)
    said = asked.said
    return Result(
        f"Proofs over {count:,} samples",
        ("step", "time", "CPU s", "peak MiB", "bytes"),
        [
            [
                "root of all rows, from the sidecar",
                f"{made.said['wall']:.1f} s",
                f"{made.said['cpu']:.1f}",
                f"{made.peak:.0f}",
                "32",
            ],
            ["outline read again", f"{said['open'] * 1e3:.0f} ms", "", f"{asked.peak:.0f}", f"{said['kept']:,}"],
            ["first proof", f"{said['first'] * 1e3:.1f} ms", "", "", ""],
            ["a proof of inside, median", f"{said['inside'] * 1e3:.1f} ms", "", "", f"{said['inside_bytes']:,}"],
            ["a proof of outside, median", f"{said['outside'] * 1e3:.1f} ms", "", "", f"{said['outside_bytes']:,}"],
            ["checking one, median", f"{said['check'] * 1e3:.2f} ms", "", "", ""],
        ],
        [
            Target("root, a million samples", made.said["cpu"] * 1e6 / count, 3, unit="CPU s"),
            Target("proof of outside", said["outside_bytes"], 8192, unit="bytes"),
        ],
        ["Each proof is of a sample elsewhere in the tree, so its block is read from the sidecar anew."],
    )


def sample_of(number: int) -> bytes:
    """Ids in the order of the numbers, and as hard to compress as digests."""
    return (number * 1_000_003).to_bytes(8, "big") + sha256(number.to_bytes(8, "big")).digest()[:24]


def write_ids(path: Path, count: int) -> None:
    from provenance.lineage.records import DatasetState, Header, IdentitySettings
    from provenance.lineage.schema import FORMAT_VERSION
    from provenance.lineage.sidecar import write_sidecar

    header = Header(
        version=FORMAT_VERSION,
        dataset=DatasetState(path="x.jsonl", size=1, rows=count),
        identity=IdentitySettings(digest="sha256", canonical_form=1, rule="named", fields=("text",)),
    )
    write_sidecar(path, header, _batches(count), _ID_SIZE)


def _batches(count: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    from provenance.lineage.schema import sidecar_schema

    schema = sidecar_schema(_ID_SIZE)
    for first in range(0, count, _BATCH):
        numbers = range(first, min(first + _BATCH, count))
        stated = {
            "sample_id": pa.array([sample_of(number) for number in numbers], pa.binary(_ID_SIZE)),
            "rows": pa.array([1] * len(numbers), schema.field("rows").type),
            "origin": pa.array(["real"] * len(numbers), schema.field("origin").type),
        }
        empty = {field.name: pa.nulls(len(numbers), field.type) for field in schema if field.name not in stated}
        yield pa.RecordBatch.from_arrays([(stated | empty)[name] for name in schema.names], schema=schema)


def make_tree(path: Path) -> Mapping[str, Any]:
    from provenance.attest.trees import remembered_tree
    from provenance.lineage.sidecar import open_sidecar

    start, cpu = time.perf_counter(), time.process_time()
    root = remembered_tree(open_sidecar(path), "rows", path.with_suffix(".json"), anew=True).outline.root
    return {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu, "root": root.hex()}


def ask_tree(path: Path, count: int) -> Mapping[str, Any]:
    from provenance.attest.proving import prove
    from provenance.attest.trees import remembered_tree
    from provenance.lineage.sidecar import open_sidecar

    kept = path.with_suffix(".json")
    start = time.perf_counter()
    tree = remembered_tree(open_sidecar(path), "rows", kept)
    opened = time.perf_counter() - start
    root, size = tree.outline.root, tree.outline.size
    found: dict[str, Any] = {"open": opened, "kept": kept.stat().st_size}
    checks = []
    for name, last in (("inside", b""), ("outside", bytes(1))):
        times = []
        for step in range(_PROOFS):
            sample = sample_of(count * step // _PROOFS)
            asked = (sample[:-1] + bytes([sample[-1] ^ 1]) if last else sample).hex()
            start = time.perf_counter()
            proof = prove(tree, asked)
            times.append(time.perf_counter() - start)
            start = time.perf_counter()
            assert proof.problem(root, size) is None and proof.inside == (not last)
            checks.append(time.perf_counter() - start)
        found.setdefault("first", times[0])
        found |= {name: median(times), f"{name}_bytes": len(proof.model_dump_json())}
    return found | {"check": median(checks)}
