"""DuckDB on this machine, range by range of the sample ids where that takes less time and memory than all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provenance.engines.by_range import RangedEngine
from provenance.engines.duckdb import duckdb_engine
from provenance.engines.interface import Engine
from provenance.lineage.id_ranges import RECORDS_AT_ONCE, ranges_for
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.vocabulary import Vocabulary

# They gather or join all records by sample id; others are sums, for which ranges are of no use here.
_BY_SAMPLE = frozenset({"conflicts", "disagreements", "pooled", "repeats"})


@contextmanager
def duckdb_in_ranges(
    sidecars: Sequence[Sidecar], vocabulary: Vocabulary, folder: Path, records_at_once: int = RECORDS_AT_ONCE
) -> Iterator[Engine]:
    """An `Engine` as `duckdb_engine` makes it, which looks at about ``records_at_once`` where it goes by samples."""
    ranges = ranges_for(sum(sidecar.records for sidecar in sidecars), records_at_once)
    with duckdb_engine(sidecars, vocabulary, folder) as whole:
        if len(ranges) == 1:
            yield whole
            return

        def ask(place: int | None, question: str, *arguments: Any) -> list[Any]:
            def asked(engine: Engine) -> Any:
                return getattr(engine if place is None else engine.of(place), question)(*arguments)

            if question not in _BY_SAMPLE:
                return [asked(whole)]
            answers = []
            # One after the other: DuckDB has threads of its own, and what they may take of memory is limited.
            for within in ranges:
                with duckdb_engine(sidecars, vocabulary, folder, within=within) as engine:
                    answers.append(asked(engine))
            return answers

        yield RangedEngine(whole, ask, vocabulary)
