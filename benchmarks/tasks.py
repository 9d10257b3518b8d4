"""What is measured, each in a process of its own: `python -m benchmarks.tasks NAME ARGUMENT…`; prints JSON."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

_BLOCK_BYTES = 8 << 20

Said = Mapping[str, Any]


def _timed(work: Callable[[], Any]) -> Said:
    """CPU and wall clock seconds of ``work``, without the start of the interpreter and imports."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def md5_of_file(path: str) -> Said:
    with open(path, "rb") as file:
        return _timed(lambda: hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)))


def naive_ids(path: str) -> Said:
    """What one writes first: sorted JSON text and MD5, row by row."""

    def work() -> None:
        with open(path, encoding="utf-8") as file:
            for line in file:
                text = json.dumps(json.loads(line), sort_keys=True)
                hashlib.md5(text.encode(), usedforsecurity=False).digest()

    return _timed(work)


def orjson_ids(path: str) -> Said:
    """The same with the fastest libraries; without rules for null, 1.0 or repeated keys."""
    import orjson
    from xxhash import xxh3_128_digest

    def work() -> None:
        with open(path, "rb") as file:
            for line in file:
                xxh3_128_digest(orjson.dumps(orjson.loads(line), option=orjson.OPT_SORT_KEYS))

    return _timed(work)


def sample_ids(path: str) -> Said:
    import pyarrow as pa

    from provenance.identity import Identity, scan
    from provenance.identity.formats import open_reader

    open_reader(path, Identity())  # imports what reads the format
    pa.array([0])  # imports pandas, where it is installed
    return _timed(lambda: sum(len(batch.sample_ids) for batch in scan(path, Identity())))


def convert_to_parquet(path: str, jsonl: str) -> Said:
    """The rows of the file ``jsonl`` as Parquet, a block at a time."""
    import pyarrow as pa
    import pyarrow.json
    import pyarrow.parquet as pq

    with (
        pa.json.open_json(jsonl, pa.json.ReadOptions(block_size=_BLOCK_BYTES)) as reader,
        pq.ParquetWriter(path, reader.schema, compression="zstd") as writer,
    ):
        for batch in reader:
            writer.write_batch(batch)
    return {}


def read_parquet(path: str, *columns: str) -> Said:
    """Read Parquet and do nothing with it: the floor of every way to compute ids from it."""
    import pyarrow.parquet as pq

    def work() -> None:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                file.read_row_group(group, columns=list(columns))

    return _timed(work)


def write_graph_as_sidecar(path: str, size: str) -> Said:
    from benchmarks.graph import ReferenceGraph, write_sidecar_file

    return write_sidecar_file(Path(path), ReferenceGraph(int(size)))


def write_parted_graph(path: str, size: str, parts: str) -> Said:
    """The same in ``parts``."""
    from benchmarks.graph import ReferenceGraph, write_sidecar_file

    return write_sidecar_file(Path(path), ReferenceGraph(int(size)), parts=int(parts))


def a_deep_sample(path: str) -> Said:
    """The id, in hex, of a sample of the greatest depth in the middle of a sidecar."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        rows = file.read_row_group(file.num_row_groups // 2, ["sample_id", "depth"]).to_pylist()
    return {"id": max(rows, key=lambda row: row["depth"])["sample_id"].hex()}


def write_digest_ids(path: str, size: str) -> Said:
    from benchmarks.proofs import write_ids

    write_ids(Path(path), int(size))
    return {}


def make_tree(path: str) -> Said:
    from benchmarks import proofs

    return proofs.make_tree(Path(path))


def ask_tree(path: str, size: str) -> Said:
    from benchmarks import proofs

    return proofs.ask_tree(Path(path), int(size))


def carry_births(folder: str, rows: str, shared: str, drawn: str, marked: str) -> Said:
    from benchmarks.carried import carry

    return carry(Path(folder), int(rows), int(shared), int(drawn), marked == "marked")


def write_small_sidecars(folder: str, size: str, number: str) -> Said:
    """Sidecars of ``size`` samples and more, each one larger than the one before, as 0.parquet and so on."""
    from benchmarks.graph import write_small_sidecar

    for more in range(int(number)):
        write_small_sidecar(Path(folder) / f"{more}.parquet", int(size) + more)
    return {}


def write_revisions(folder: str, size: str) -> Said:
    """Two sidecars of ``size`` samples, old.parquet and new.parquet, a tenth of which differs."""
    from benchmarks.graph import write_revisions

    write_revisions(Path(folder), int(size))
    return {}


def compare_revisions(old: str, new: str) -> Said:
    """`provenance diff` of two sidecars, without DVC: how many rows were added, removed and kept."""
    from provenance.jobs import without_blas_threads

    with without_blas_threads():  # as the command does
        from provenance.ledger.history.row_difference import compare_rows
        from provenance.lineage.sidecar import open_sidecar

        found = compare_rows(open_sidecar(Path(old)), open_sidecar(Path(new)))
    return {"rows": [found.added.rows, found.removed.rows, found.kept]}


def join_revisions(old: str, new: str) -> Said:
    """The same as plain SQL: a full join on the ids, grouped by what describes a row."""
    import duckdb

    sides = [f"(SELECT * FROM read_parquet('{path}') WHERE rows > 0)" for path in (old, new)]
    columns = ", ".join(f"coalesce(n.{name}, o.{name})" for name in ("origin", "kind", "agent", "source", "license"))
    added, removed, kept = (f"sum({rows})" for rows in ("greatest(y - x, 0)", "greatest(x - y, 0)", "least(x, y)"))
    found = duckdb.execute(
        f"SELECT sum(added), sum(removed), sum(kept) "
        f"FROM (SELECT {added} AS added, {removed} AS removed, {kept} AS kept "
        f"FROM (SELECT ({columns}) AS cell, coalesce(o.rows, 0)::BIGINT AS x, coalesce(n.rows, 0)::BIGINT AS y "
        f"FROM {sides[0]} o FULL JOIN {sides[1]} n ON o.sample_id = n.sample_id) GROUP BY cell)"
    ).fetchall()
    return {"rows": [int(count) for count in found[0]]}


def write_graph_as_sqlite(path: str, size: str) -> Said:
    from benchmarks.graph import ReferenceGraph
    from benchmarks.graph_sqlite import write_database

    return write_database(Path(path), ReferenceGraph(int(size)))


def build_index(folder: str, sidecar: str) -> Said:
    from benchmarks.graph_questions import build_index

    return build_index(Path(folder), Path(sidecar))


def choose_samples(folder: str, sidecar: str) -> Said:
    from benchmarks.graph_questions import choose_samples

    return choose_samples(Path(folder), Path(sidecar))


def ask_index(folder: str, sidecar: str, chosen: str) -> Said:
    from benchmarks.graph_questions import ask_index, read_chosen

    return ask_index(Path(folder), Path(sidecar), read_chosen(chosen))


def ask_duckdb(sidecar: str, chosen: str) -> Said:
    from benchmarks.graph_questions import ask_duckdb, read_chosen

    return ask_duckdb(Path(sidecar), read_chosen(chosen))


def ask_sqlite(database: str, chosen: str, depth: str) -> Said:
    from benchmarks.graph_questions import ask_sqlite, read_chosen

    return ask_sqlite(Path(database), read_chosen(chosen), depth=bool(int(depth)))


def write_prose_rows(path: str, rows: str, seed: str) -> Said:
    from benchmarks.prose import write_prose

    write_prose(Path(path), int(rows), int(seed))
    return {}


def take_data_measures() -> Said:
    """Seconds of each measure that reads data, in the repository in the current folder."""
    from provenance.auditing.measures import Measured, Part, Subject, measures
    from provenance.ledger.sidecars import Sidecars
    from provenance.repository import Repository

    seconds: dict[str, float] = {}
    with Sidecars.open(Repository.open()) as ledger:
        data, reference, evaluation = (
            Part(ledger, ledger.dataset(f"{name}.jsonl")) for name in ("data", "reference", "evaluation")
        )
        subject = Subject(data, ledger.folder, reference=reference, evaluations=(evaluation,), fields=("topic",))
        for name, measure in measures().items():
            if measure.needs == "data":
                started = time.perf_counter()
                found = measure.measure(subject)
                if not isinstance(found, Measured):
                    raise RuntimeError(f"{name}: {found.reason}")
                seconds[name] = time.perf_counter() - started
    return seconds


def write_data_of_sidecar(path: str, sidecar: str) -> Said:
    """Data for the samples of a sidecar, in another order: their ids, and texts of 128 bytes."""
    import duckdb

    text = " || ".join(f"md5(hex(sample_id) || '{part}')" for part in range(4))
    duckdb.execute(
        f"COPY (SELECT sample_id, {text} AS text FROM read_parquet('{sidecar}') ORDER BY hash(sample_id)) "
        f"TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )
    return {}


def record_from(data: str, output: str) -> Said:
    """Record to ``output`` a sample made from each row of ``data``, a thousand at a time."""
    import provenance

    with (
        open(data, encoding="utf-8") as file,
        provenance.record(output, model=provenance.Model(name="writer"), kind="rewrite") as recorder,
    ):
        rows = enumerate(file, start=1)
        while part := [*islice(rows, 1000)]:
            recorder.write_batch(
                [{"text": f"rewritten: {json.loads(line)['text']}"} for _, line in part],
                parents=[[f"{data}:{number}"] for number, _ in part],
            )
    return {}


def every_second_row(data: str, output: str) -> Said:
    """A stage's script: it writes every second row of ``data`` to ``output``."""
    with open(data, "rb") as file, open(output, "wb") as out:
        out.writelines(islice(file, 0, None, 2))
    return {}


def composition_from_lineage(dataset: str) -> Said:
    """In the repository of the working directory; without opening it, which takes DVC a second."""
    from provenance.ledger.composition.composition import composition
    from provenance.ledger.sidecars import Sidecars
    from provenance.repository import Repository

    with Sidecars.open(Repository.open()) as ledger:
        recorded = ledger.dataset(dataset)
        # Opened beforehand: it is the question that is measured.
        ledger.engine.births(bytes(16))
        return _timed(lambda: composition(ledger, recorded))


def composition_from_join(data: str, sidecar: str, folder: str) -> Said:
    """Rows and bytes by what is known of their births, where the data must be asked which rows there are."""
    from provenance.lineage.database import scratch_database

    query = (
        "SELECT origin, kind, agent, source, license, depth, evidence, count(*), sum(strlen(text)) FROM "
        f"read_parquet('{data}') JOIN read_parquet('{sidecar}') USING (sample_id) GROUP BY ALL"
    )
    with scratch_database(Path(folder)) as connection:
        return _timed(lambda: connection.execute(query).fetchall())


def has_kernel() -> Said:
    """Whether sample ids are computed by the native kernel here."""
    from provenance.identity.kernel import kernel

    return {"kernel": kernel() is not None}


def explore_graph(dataset: str) -> Said:
    from benchmarks import exploring

    return exploring.explore_graph(dataset)


def explore_text(dataset: str, rows: str) -> Said:
    from benchmarks import exploring

    return exploring.explore_text(dataset, rows)


_TASKS: tuple[Callable[..., Said], ...] = (
    md5_of_file,
    naive_ids,
    orjson_ids,
    sample_ids,
    has_kernel,
    convert_to_parquet,
    read_parquet,
    write_graph_as_sidecar,
    a_deep_sample,
    write_digest_ids,
    make_tree,
    ask_tree,
    explore_graph,
    explore_text,
    carry_births,
    write_small_sidecars,
    write_parted_graph,
    write_revisions,
    compare_revisions,
    join_revisions,
    write_graph_as_sqlite,
    build_index,
    choose_samples,
    ask_index,
    ask_duckdb,
    ask_sqlite,
    write_prose_rows,
    take_data_measures,
    write_data_of_sidecar,
    record_from,
    every_second_row,
    composition_from_lineage,
    composition_from_join,
)


def main(name: str, *arguments: str) -> None:
    task = next(task for task in _TASKS if task.__name__ == name)
    print(json.dumps(task(*arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
