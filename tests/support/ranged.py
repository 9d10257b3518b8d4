"""An engine that asks range by range of ids, as Spark's tasks do, in this process."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provenance.engines.by_range import RangedEngine
from provenance.engines.duckdb import duckdb_engine
from provenance.engines.interface import Engine
from provenance.lineage.id_ranges import ranges
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.vocabulary import Vocabulary

_BITS = 2


@contextmanager
def ranged_engine(sidecars: Sequence[Sidecar], vocabulary: Vocabulary, folder: Path) -> Iterator[Engine]:
    def ask(place: int | None, question: str, *arguments: Any) -> list[Any]:
        answers = []
        for within in ranges(_BITS):
            with duckdb_engine(sidecars, vocabulary, folder, within=within, threads=1) as engine:
                about = engine if place is None else engine.of(place)
                # What goes to a task and comes back is pickled.
                given = pickle.loads(pickle.dumps(arguments))  # noqa: S301
                answers.append(pickle.loads(pickle.dumps(getattr(about, question)(*given))))  # noqa: S301
        return answers

    with duckdb_engine(sidecars, vocabulary, folder) as whole:
        yield RangedEngine(whole, ask, vocabulary)
