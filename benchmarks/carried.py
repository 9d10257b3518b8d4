"""Two datasets of answers by two models, and a dataset that a script drew from both: what completing that one takes."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.identity import Identity
from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.completion import complete
from provenance.lineage.records import Activity, ActivityType, Agent
from provenance.lineage.schema import birth_schema
from provenance.lineage.vocabulary import Vocabulary

_COUNTED = ("possible_rows", "ambiguous_rows", "marks", "calls", "doubts", "chain_evidence")
_SIZE_SEED = 11

# A row: the number of its text, and the model that wrote it.
_Row = tuple[int, str]


def carry(folder: Path, rows: int, shared: int, drawn: int, marked: bool) -> dict[str, Any]:
    """``rows`` in all, half from each; ``shared`` in a hundred samples are in both, ``drawn`` in a hundred stay.

    ``marked``: rows have an id beside their text, which the script leaves alone.
    """
    half = rows // 2
    both = half * shared // 100
    texts = [list(range(half)), list(range(both)) + list(range(half, 2 * half - both))]
    made = [[(number, model) for number in of_model] for model, of_model in zip("ab", texts, strict=True)]
    inputs = [_written(folder, of_model, marked) for of_model in made]
    chosen = [row for of_model in made for row in of_model]
    random.Random(_SIZE_SEED).shuffle(chosen)
    out = _data(folder / "out.jsonl", chosen[: len(chosen) * drawn // 100], marked)
    sidecar = folder / "out.parquet"
    before = time.process_time()
    report = _complete(out, sidecar, inputs, None)
    cpu = time.process_time() - before
    table = pq.read_table(sidecar, columns=["ambiguous_rows"])
    return {
        "cpu": cpu,
        "rows": report.rows,
        "samples": report.samples,
        "ambiguous": sum(value or 0 for value in table["ambiguous_rows"].to_pylist()),
        "bytes": {name: _bytes_of(sidecar, name) for name in _COUNTED},
        "all_bytes": sidecar.stat().st_size,
    }


def _data(path: Path, rows: list[_Row], marked: bool) -> Path:
    described = (
        {"text": f"answer number {number}"} | ({"id": f"{model}{number}"} if marked else {}) for number, model in rows
    )
    lines = (f"{json.dumps(row)}\n" for row in described)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _written(folder: Path, numbers: list[_Row], marked: bool) -> Dependency:
    model = numbers[0][1]
    name = f"{model}.jsonl"
    data = _data(folder / name, numbers, marked)
    agent = Agent(name=model)
    activity = Activity(type=ActivityType.GENERATION, agent=agent.id)
    births = folder / f"{name}.births"
    table = pa.table(
        {
            "row": pa.array(range(1, len(numbers) + 1), pa.int64()),
            "origin": ["synthetic"] * len(numbers),
            "kind": ["answer"] * len(numbers),
            "activity": pa.array([0] * len(numbers), pa.uint32()),
            "evidence": ["observed"] * len(numbers),
        }
    )
    empty = {
        field.name: pa.nulls(len(numbers), field.type)
        for field in birth_schema()
        if field.name not in table.schema.names
    }
    for column, values in empty.items():
        table = table.append_column(column, values)
    pq.write_table(table.select(birth_schema().names).cast(birth_schema()), births)
    vocabulary = Vocabulary()
    vocabulary.add([activity], agents=[agent])
    sidecar = folder / f"{name}.parquet"
    _complete(data, sidecar, [], RecordedBirths(births, [activity], vocabulary))
    return Dependency(path=name, name=name, data=data, sidecar=sidecar)


def _complete(data: Path, sidecar: Path, inputs: list[Dependency], births: RecordedBirths | None) -> Any:
    derivation = Activity(type=ActivityType.DERIVATION) if births is None else None
    return complete(
        data,
        sidecar,
        dataset_path=data.name,
        identity=Identity(),
        fingerprint=lambda path: (None, path.stat().st_size),
        workspace=data.parent,
        dependencies=inputs,
        births=births,
        derivation=derivation,
    )


def _bytes_of(sidecar: Path, column: str) -> int:
    metadata = pq.read_metadata(sidecar)
    found = 0
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(place)
            found += chunk.total_compressed_size if chunk.path_in_schema.split(".")[0] == column else 0
    return found
