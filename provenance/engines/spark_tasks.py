"""What Spark's tasks do for questions that add up: each opens the sidecars where it is, and DuckDB answers for a range.

The workers need this very package, and see the sidecars under the paths that they have here.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.engines.duckdb import duckdb_engine
from provenance.engines.samples_view import merged_vocabulary
from provenance.engines.spark_relations import raised_in_words
from provenance.errors import ProvenanceError
from provenance.files import folder_of_process, scratch_folder
from provenance.lineage.id_ranges import IdRange, bits_for, ranges
from provenance.lineage.sidecar import Sidecar, open_sidecar
from provenance.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Asked:
    """One question about the records of a range; ``place``: of the dataset, or None for all together."""

    sidecars: tuple[str, ...]
    within: IdRange
    place: int | None
    question: str
    arguments: tuple[Any, ...]


class SparkRanges:
    """`by_range.AskRanges`, by tasks of a Spark session."""

    def __init__(self, session: SparkSession, sidecars: Sequence[Sidecar]) -> None:
        self._session = session
        self._sidecars = tuple(str(sidecar.path.resolve()) for sidecar in sidecars)
        self._ranges = list(ranges(bits_for(sum(sidecar.records for sidecar in sidecars))))

    def __call__(self, place: int | None, question: str, *arguments: Any) -> list[Any]:
        import pyarrow as pa

        asked = [Asked(self._sidecars, within, place, question, arguments) for within in self._ranges]
        table = pa.table({"number": range(len(asked)), "asked": [pickle.dumps(each) for each in asked]})
        with raised_in_words():
            frame = self._session.createDataFrame(table).repartition(len(asked))
            answers = dict(map(tuple, frame.mapInArrow(answer, "number bigint, answer binary").collect()))
        return [_checked(bytes(answers[number])) for number in range(len(asked))]


def answer(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """In a task: each question that comes in, answered."""
    import pyarrow as pa

    for batch in batches:
        for number, pickled in zip(batch["number"].to_pylist(), batch["asked"].to_pylist(), strict=True):
            # It is what `SparkRanges` sent: who may send tasks may run what they like there anyway.
            asked = pickle.loads(pickled)  # noqa: S301
            told = pickle.dumps((_versions(), _answered(asked)))
            yield pa.RecordBatch.from_pydict({"number": pa.array([number], pa.int64()), "answer": [told]})


def _answered(asked: Asked) -> Any:
    """The answer, or the words in which it cannot be given."""
    try:
        sidecars = [open_sidecar(Path(path)) for path in asked.sidecars]
        with (
            scratch_folder(folder_of_process(), "range") as folder,
            duckdb_engine(sidecars, merged_vocabulary(sidecars), folder, within=asked.within, threads=1) as engine,
        ):
            about = engine if asked.place is None else engine.of(asked.place)
            return getattr(about, asked.question)(*asked.arguments)
    except ProvenanceError as error:
        return _Refused(str(error))


@dataclass(frozen=True)
class _Refused:
    said: str


def _versions() -> tuple[str, str]:
    import duckdb

    return __version__, duckdb.__version__


def _checked(told: bytes) -> Any:
    """What a task answered.

    Raises:
        ProvenanceError: it could not, or another version answered.
    """
    # It is what `answer` sent, from a cluster that runs this package.
    versions, found = pickle.loads(told)  # noqa: S301
    if versions != _versions():
        there, here = ("dvc-provenance {} with DuckDB {}".format(*each) for each in (versions, _versions()))
        raise ProvenanceError(f"a worker of Spark's has {there}, and this machine {here}; install the same there")
    if isinstance(found, _Refused):
        raise ProvenanceError(f"a worker of Spark's cannot answer: {found.said}")
    return found
