"""The reference lineage graph: 10 % real samples, five generations made from the one before, 1.67 parents a sample.

Everything about a sample is a hash of its number, so that any part of the graph is made on its own: a hundred million
samples are written in the memory that their order by id takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from provenance.lineage.records import Activity, ActivityType, Agent, DatasetState, Header, IdentitySettings, Source
from provenance.lineage.schema import COST_TYPE, FORMAT_VERSION, ROW_GROUP_ROWS, sidecar_schema
from provenance.lineage.sidecar import write_sidecar

_GENERATIONS = 5
_REAL_FRACTION = 0.1
# Of the derived samples: how many have at least one, two and three parents.
_AT_LEAST = (1.0, 0.6, 0.25)
# A first parent that is not the sample's counterpart in the generation before; a further one that is an exemplar.
_FAR_FRACTION, _EXEMPLAR_FRACTION = 0.2, 0.3
_EXEMPLARS = 1000
_PROMPT_FRACTION = 0.3
_ACTIVITIES = 300
_AGENTS, _SOURCES = 20, 7
_ID_BYTES = 16
_ROLES = ("derived_from", "exemplar", "context")
_ROWS_AT_ONCE = ROW_GROUP_ROWS

Array = NDArray[Any]


@dataclass(frozen=True)
class ReferenceGraph:
    """The graph of ``size`` samples, the same in every run; samples go by number, parents first."""

    size: int

    @property
    def _bounds(self) -> Array:
        """The first number of each generation after the real samples, and the number of samples."""
        real = max(1, int(self.size * _REAL_FRACTION))
        return np.linspace(real, self.size, _GENERATIONS + 1).astype(np.int64)

    def order_of_ids(self, first: int, last: int) -> Array:
        """The numbers from ``first`` up to ``last``, excluded, in the order of their ids."""
        return first + np.argsort(_hashed(np.arange(first, last), "id"))

    def records(self, numbers: Array) -> pa.RecordBatch:
        """The records of the samples ``numbers``, of `sidecar_schema`."""
        generation = np.searchsorted(self._bounds, numbers, side="right")
        parents, roles, offsets = self.parents(numbers)
        lists = pa.array(offsets, pa.int32())
        columns = self._births(numbers, generation) | {
            "sample_id": _ids(numbers),
            "parents": pa.ListArray.from_arrays(lists, _ids(parents)),
            "parent_roles": pa.ListArray.from_arrays(lists, pa.array(_ROLES).take(pa.array(roles))),
        }
        schema = sidecar_schema(_ID_BYTES)
        arrays = [
            columns[name].cast(kind) if name in columns else pa.nulls(len(numbers), kind)
            for name, kind in zip(schema.names, schema.types, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def parents(self, numbers: Array) -> tuple[Array, Array, Array]:
        """The numbers of all parents of ``numbers``, their roles, and where each sample's begin."""
        bounds = self._bounds
        starts, real = np.concatenate([[0], bounds[:-1]]), int(bounds[0])
        generation = np.searchsorted(bounds, numbers, side="right")
        drawn = _fraction(numbers, "parents")
        counts = np.where(generation > 0, sum((drawn < at_least).astype(np.int64) for at_least in _AT_LEAST), 0)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        of = np.repeat(np.arange(len(numbers)), counts)
        child, of_generation = numbers[of], generation[of]
        place = np.arange(offsets[-1]) - offsets[of]
        edge = child * len(_AT_LEAST) + place
        begin, end = starts[of_generation - 1], bounds[of_generation - 1]
        share = (child - starts[of_generation]) / (bounds[of_generation] - starts[of_generation])
        counterpart = begin + (share * (end - begin)).astype(np.int64)
        anyone = begin + (_fraction(edge, "anyone") * (end - begin)).astype(np.int64)
        # Exemplars are few and real, and some are used much more than others: a Pareto distribution.
        used = 3 * ((1 - _fraction(edge, "exemplar")) ** (-1 / 0.8) - 1)
        exemplars = np.minimum(used, min(_EXEMPLARS, real) - 1).astype(np.int64)
        is_first = place == 0
        is_far = _fraction(edge, "far") < _FAR_FRACTION
        is_exemplar = ~is_first & (_fraction(edge, "role") < _EXEMPLAR_FRACTION)
        parents = np.where(is_exemplar, exemplars, np.where(is_first & ~is_far, counterpart, anyone))
        return parents, np.where(is_first, 0, np.where(is_exemplar, 1, 2)), offsets

    def _births(self, numbers: Array, generation: Array) -> dict[str, pa.Array]:
        is_real = generation == 0
        activity = numbers * _ACTIVITIES // self.size
        read, written = (
            np.exp(mean + 0.55 * _normal(numbers, name)).astype(np.uint32)
            for mean, name in ((6.0, "read"), (5.5, "written"))
        )
        price = (1 + 39 * _fraction(np.arange(_ACTIVITIES), "price")).astype(np.int64)[activity]
        micro_dollars = (read * price + written * price * 4) // 10
        has_prompt = ~is_real & (_fraction(numbers, "prompt") < _PROMPT_FRACTION)
        seeds = (_fraction(numbers, "seed") * 2**31).astype(np.int64)
        return {
            "rows": pa.array(np.ones(len(numbers), np.uint32)),
            "content_bytes": pa.array((written * 4 + 7).astype(np.uint64)),
            "origin": pa.array(["synthetic", "real"]).take(pa.array(is_real.astype(np.int8))),
            "kind": pa.array(["rewrite", None]).take(pa.array(is_real.astype(np.int8))),
            "activity": pa.array(activity),
            "agent": pa.array(activity % _AGENTS, mask=is_real),
            "source": pa.array(activity % _SOURCES, mask=~is_real),
            "prompt": pc.if_else(pa.array(has_prompt), _ids(numbers, "prompt"), pa.scalar(None, pa.binary(_ID_BYTES))),
            "seed": pa.array(seeds, mask=is_real),
            "input_tokens": pa.array(read, mask=is_real),
            "output_tokens": pa.array(written, mask=is_real),
            "cost": pa.array(micro_dollars.astype(np.int64), mask=is_real).cast(pa.decimal128(19, 0)).cast(COST_TYPE),
            "depth": pa.array(generation.astype(np.uint16)),
            "real_rooted": pa.array(np.ones(len(numbers), bool)),
            "license": pa.array(["Apache-2.0", "CC-BY-4.0"]).take(pa.array(is_real.astype(np.int8))),
            "evidence": pa.repeat("observed", len(numbers)),
        }


def _hashed(numbers: Array, about: str) -> Array:
    """A random 64-bit integer for each number, another for each thing it is ``about``: splitmix64."""
    value = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(xxh3_64_intdigest(about.encode()))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value = (value ^ (value >> np.uint64(shift))) * np.uint64(factor)
    hashed: Array = value ^ (value >> np.uint64(31))
    return hashed


def _fraction(numbers: Array, about: str) -> Array:
    """From 0 up to 1, excluded."""
    fraction: Array = (_hashed(numbers, about) >> np.uint64(11)) * 2.0**-53
    return fraction


def _normal(numbers: Array, about: str) -> Array:
    """Normally distributed, by Box and Muller's method."""
    radius = np.sqrt(-2 * np.log(1 - _fraction(numbers, about)))
    normal: Array = radius * np.cos(2 * np.pi * _fraction(numbers, f"{about}-2"))
    return normal


def _ids(numbers: Array, about: str = "id") -> pa.FixedSizeBinaryArray:
    halves = np.stack([_hashed(numbers, about), _hashed(numbers, f"{about}-2")], axis=1)
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(_ID_BYTES), len(numbers), [None, pa.py_buffer(halves.astype(">u8"))]
    )


def _activity(number: int) -> Activity:
    is_real = number < _ACTIVITIES * _REAL_FRACTION
    return Activity(type=ActivityType.COLLECTION if is_real else ActivityType.GENERATION, command=f"run {number}")


def write_sidecar_file(
    path: Path, graph: ReferenceGraph, first: int = 0, last: int | None = None, parts: int = 1
) -> Mapping[str, Any]:
    """Write the records from number ``first`` up to ``last``, excluded, as a sidecar; how long writing alone took."""
    order = graph.order_of_ids(first, graph.size if last is None else last)
    size, edges, making = len(order), 0, 0.0
    header = Header(
        version=FORMAT_VERSION,
        dataset=DatasetState(path="data.jsonl", size=0, rows=size),
        identity=IdentitySettings(digest="xxh3_128", canonical_form=1, rule="named", fields=()),
        activities=tuple(map(_activity, range(_ACTIVITIES))),
        agents=tuple(Agent(name=f"model-{number}") for number in range(_AGENTS)),
        sources=tuple(Source(name=f"source-{number}") for number in range(_SOURCES)),
    )

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal edges, making
        for start in range(0, size, _ROWS_AT_ONCE):
            began = time.perf_counter()
            batch = graph.records(order[start : start + _ROWS_AT_ONCE])
            edges += len(batch["parents"].flatten())
            making += time.perf_counter() - began
            yield batch

    started = time.perf_counter()
    write_sidecar(path, header, batches(), _ID_BYTES, parts)
    written = sum(each.stat().st_size for each in (path.iterdir() if parts > 1 else [path]))
    return {"seconds": time.perf_counter() - started - making, "bytes": written, "edges": edges}


def write_small_sidecar(path: Path, size: int) -> None:
    """The sidecar of ``size`` rows that one activity made with one model, as most datasets of a pipeline are."""
    schema = sidecar_schema(_ID_BYTES)
    values = {"rows": 1, "content_bytes": 500, "origin": "synthetic", "kind": "rewrite", "activity": 0, "agent": 0}
    values |= {"depth": 1, "evidence": "observed", "parents": [], "parent_roles": []}
    ids = sorted(_ids(np.arange(size), f"small{size}").to_pylist())
    batch = pa.RecordBatch.from_pylist([values | {"sample_id": each} for each in ids], schema=schema)
    agent = Agent(name="model")
    header = Header(
        version=FORMAT_VERSION,
        dataset=DatasetState(path="data.jsonl", size=0, rows=size),
        identity=IdentitySettings(digest="xxh3_128", canonical_form=1, rule="named", fields=()),
        activities=(Activity(type=ActivityType.GENERATION, agent=agent.id),),
        agents=(agent,),
    )
    write_sidecar(path, header, [batch], _ID_BYTES)


def write_revisions(folder: Path, size: int) -> None:
    """Two sidecars of ``size`` samples of the reference graph: the newer one has lost a tenth and won another."""
    graph = ReferenceGraph(size + size // 10)
    write_sidecar_file(folder / "old.parquet", graph, 0, size)
    write_sidecar_file(folder / "new.parquet", graph, size // 10)
