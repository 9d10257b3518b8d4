"""DuckDB on this machine, range by range of the sample ids where that takes less time and memory than all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provenance.engines.by_range import RangedEngine
from provenance.engines.duckdb import duckdb_engine
from provenance.engines.interface import Engine
from provenance.lineage.id_ranges import RECORDS_AT_ONCE, ranges_for
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.vocabulary import Vocabulary

# They gather or join records by sample id; others are sums, for which ranges are of no use here. Each with the places
# of the datasets whose records it looks at, by the place of the dataset that it is asked of and its arguments.
_BY_SAMPLE: dict[str, Callable[..., set[int | None]]] = {
    "conflicts": lambda place, *_: {place},
    "repeats": lambda place, *_: {place},
    "disagreements": lambda place, others, _: {place, *others},
    "pooled": lambda _, places, __: {*places},
}


@contextmanager
def duckdb_in_ranges(
    sidecars: Sequence[Sidecar], vocabulary: Vocabulary, folder: Path, records_at_once: int = RECORDS_AT_ONCE
) -> Iterator[Engine]:
    """An `Engine` as `duckdb_engine` makes it, which looks at about ``records_at_once`` where it goes by samples."""
    records = [sidecar.records for sidecar in sidecars]
    with duckdb_engine(sidecars, vocabulary, folder) as whole:
        if sum(records) <= records_at_once:
            yield whole
            return

        def ask(place: int | None, question: str, *arguments: Any) -> list[Any]:
            def asked(engine: Engine) -> Any:
                return getattr(engine if place is None else engine.of(place), question)(*arguments)

            # Each range costs a look at all sidecars, so there are no more of them than those that are asked need.
            looked_at = _BY_SAMPLE[question](place, *arguments) if question in _BY_SAMPLE else set()
            ranges = ranges_for(sum(records[each] for each in looked_at if each is not None), records_at_once)
            if len(ranges) == 1:
                return [asked(whole)]
            answers = []
            # One after the other: DuckDB has threads of its own, and what they may take of memory is limited.
            for within in ranges:
                with duckdb_engine(sidecars, vocabulary, folder, within=within) as engine:
                    answers.append(asked(engine))
            return answers

        yield RangedEngine(whole, ask, vocabulary)
