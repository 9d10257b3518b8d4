"""The reference lineage graph: 10 % real samples, five generations made from the one before, 1.67 parents a sample."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.lineage.records import Activity, ActivityType, Agent, DatasetState, Header, IdentitySettings, Source
from provenance.lineage.schema import COST_TYPE, FORMAT_VERSION, ROW_GROUP_ROWS, sidecar_schema
from provenance.lineage.sidecar import write_sidecar

_GENERATIONS = 5
_REAL_FRACTION = 0.1
# Of the derived samples: how many have one, two and three parents.
_PARENT_COUNTS = {1: 0.4, 2: 0.35, 3: 0.25}
# A first parent that is not the sample's counterpart in the generation before; a further one that is an exemplar.
_FAR_FRACTION, _EXEMPLAR_FRACTION = 0.2, 0.3
_EXEMPLARS = 1000
_PROMPT_FRACTION = 0.3
_ACTIVITIES = 300
_AGENTS, _SOURCES = 20, 7
_ID_BYTES = 16
_ROLES = ("derived_from", "exemplar", "context")


@dataclass(frozen=True)
class Graph:
    """``table``: one record a sample, of `sidecar_schema`, in the order of recording. ``edges``: how many parents."""

    table: pa.Table
    edges: int


def reference_graph(size: int) -> Graph:
    """The graph of ``size`` samples, the same in every run."""
    pick = np.random.default_rng(5)
    real = max(1, int(size * _REAL_FRACTION))
    bounds = np.linspace(real, size, _GENERATIONS + 1).astype(np.int64)
    starts = np.concatenate([[0], bounds[:-1]])
    generation = np.searchsorted(bounds, np.arange(size), side="right")
    parents, roles, offsets = _parents(pick, generation, starts, bounds)
    columns = _birth_columns(pick, generation, real)
    ids, digests = (_random_ids(pick, size) for _ in range(2))
    has_prompt = (generation > 0) & (pick.random(size) < _PROMPT_FRACTION)
    lists = pa.array(offsets, pa.int32())
    columns |= {
        "sample_id": ids,
        "parents": pa.ListArray.from_arrays(lists, ids.take(pa.array(parents))),
        "parent_roles": pa.ListArray.from_arrays(lists, pa.array(_ROLES).take(pa.array(roles))),
        "prompt": pc.if_else(pa.array(has_prompt), digests, pa.scalar(None, digests.type)),
    }
    schema = sidecar_schema(_ID_BYTES)
    arrays = [
        columns[name].cast(kind) if name in columns else pa.nulls(size, kind)
        for name, kind in zip(schema.names, schema.types, strict=True)
    ]
    return Graph(pa.Table.from_arrays(arrays, schema=schema), len(parents))


def _parents(pick: np.random.Generator, generation: Any, starts: Any, bounds: Any) -> tuple[Any, Any, Any]:
    """Row numbers of all parents, their roles, and where each sample's begin."""
    size, real = len(generation), int(bounds[0])
    counts = np.zeros(size, np.int64)
    counts[real:] = pick.choice(list(_PARENT_COUNTS), size - real, p=list(_PARENT_COUNTS.values()))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    child = np.repeat(np.arange(size), counts)
    place = np.arange(offsets[-1]) - offsets[child]
    begin, end = starts[generation[child] - 1], bounds[generation[child] - 1]
    share = (child - starts[generation[child]]) / (bounds[generation[child]] - starts[generation[child]])
    counterpart = begin + (share * (end - begin)).astype(np.int64)
    anyone = begin + (pick.random(len(child)) * (end - begin)).astype(np.int64)
    # Exemplars are few and real, and some are used much more than others.
    exemplars = np.minimum((pick.pareto(0.8, len(child)) * 3).astype(np.int64), min(_EXEMPLARS, real) - 1)
    is_first = place == 0
    is_far = pick.random(len(child)) < _FAR_FRACTION
    is_exemplar = ~is_first & (pick.random(len(child)) < _EXEMPLAR_FRACTION)
    parents = np.where(is_exemplar, exemplars, np.where(is_first & ~is_far, counterpart, anyone))
    return parents, np.where(is_first, 0, np.where(is_exemplar, 1, 2)), offsets


def _birth_columns(pick: np.random.Generator, generation: Any, real: int) -> dict[str, pa.Array]:
    size = len(generation)
    is_real = np.arange(size) < real
    activity = np.arange(size) * _ACTIVITIES // size
    read, written = (np.exp(pick.normal(mean, 0.55, size)).astype(np.uint32) for mean in (6.0, 5.5))
    price = pick.integers(1, 40, _ACTIVITIES)[activity]
    micro_dollars = (read * price + written * price * 4) // 10
    return {
        "rows": pa.array(np.ones(size, np.uint32)),
        "content_bytes": pa.array((written * 4 + 7).astype(np.uint64)),
        "origin": pa.array(["synthetic", "real"]).take(pa.array(is_real.astype(np.int8))),
        "kind": pa.array(["rewrite", None]).take(pa.array(is_real.astype(np.int8))),
        "activity": pa.array(activity),
        "agent": pa.array(activity % _AGENTS, mask=is_real),
        "source": pa.array(activity % _SOURCES, mask=~is_real),
        "seed": pa.array(pick.integers(0, 2**31, size), mask=is_real),
        "input_tokens": pa.array(read, mask=is_real),
        "output_tokens": pa.array(written, mask=is_real),
        "cost": pa.array(micro_dollars.astype(np.int64), mask=is_real).cast(pa.decimal128(19, 0)).cast(COST_TYPE),
        "depth": pa.array(generation.astype(np.uint16)),
        "real_rooted": pa.array(np.ones(size, bool)),
        "license": pa.array(["Apache-2.0", "CC-BY-4.0"]).take(pa.array(is_real.astype(np.int8))),
        "evidence": pa.repeat("observed", size),
    }


def _random_ids(pick: np.random.Generator, size: int) -> pa.FixedSizeBinaryArray:
    values = pa.py_buffer(pick.bytes(size * _ID_BYTES))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(_ID_BYTES), size, [None, values])


def _activity(number: int) -> Activity:
    is_real = number < _ACTIVITIES * _REAL_FRACTION
    return Activity(type=ActivityType.COLLECTION if is_real else ActivityType.GENERATION, command=f"run {number}")


def write_sidecar_file(path: Path, graph: Graph) -> Mapping[str, Any]:
    """Sort the records and write them as a sidecar; how long that took."""
    size = graph.table.num_rows
    header = Header(
        version=FORMAT_VERSION,
        dataset=DatasetState(path="data.jsonl", size=0, rows=size),
        identity=IdentitySettings(digest="xxh3_128", canonical_form=1, rule="all", fields=()),
        activities=tuple(map(_activity, range(_ACTIVITIES))),
        agents=tuple(Agent(name=f"model-{number}") for number in range(_AGENTS)),
        sources=tuple(Source(name=f"source-{number}") for number in range(_SOURCES)),
    )
    started = time.perf_counter()
    batches = graph.table.sort_by("sample_id").to_batches(ROW_GROUP_ROWS)
    write_sidecar(path, header, batches, _ID_BYTES)
    return {"seconds": time.perf_counter() - started, "bytes": path.stat().st_size, "edges": graph.edges}


def write_small_sidecar(path: Path, size: int) -> None:
    """The sidecar of ``size`` rows that one activity made with one model, as most datasets of a pipeline are."""
    schema = sidecar_schema(_ID_BYTES)
    values = {"rows": 1, "content_bytes": 500, "origin": "synthetic", "kind": "rewrite", "activity": 0, "agent": 0}
    values |= {"depth": 1, "evidence": "observed", "parents": [], "parent_roles": []}
    ids = sorted(_random_ids(np.random.default_rng(size), size).to_pylist())
    batch = pa.RecordBatch.from_pylist([values | {"sample_id": each} for each in ids], schema=schema)
    agent = Agent(name="model")
    header = Header(
        version=FORMAT_VERSION,
        dataset=DatasetState(path="data.jsonl", size=0, rows=size),
        identity=IdentitySettings(digest="xxh3_128", canonical_form=1, rule="all", fields=()),
        activities=(Activity(type=ActivityType.GENERATION, agent=agent.id),),
        agents=(agent,),
    )
    write_sidecar(path, header, [batch], _ID_BYTES)


def write_revisions(folder: Path, size: int) -> None:
    """Two sidecars of ``size`` samples of the reference graph: the newer one has lost a tenth and won another."""
    graph = reference_graph(size + size // 10)
    for name, start in (("old", 0), ("new", size // 10)):
        write_sidecar_file(folder / f"{name}.parquet", Graph(graph.table.slice(start, size), graph.edges))
