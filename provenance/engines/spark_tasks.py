"""Work that Spark's tasks do by themselves, each on one item: for what adds up over ranges of sample ids.

The workers need this very package, and see sidecars under the paths that they have here, or on their storage.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from provenance.engines.duckdb import duckdb_engine
from provenance.engines.samples_view import merged_vocabulary
from provenance.engines.spark_relations import raised_in_words
from provenance.engines.spark_session import awaited
from provenance.errors import DataError, ProvenanceError
from provenance.files import folder_of_process, scratch_folder
from provenance.lineage.id_ranges import IdRange, ranges_for
from provenance.lineage.sidecar import Sidecar
from provenance.version import __version__

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_tasks(session: SparkSession, work: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """``work``, a function of a module of this package, on each of ``items``; the results in their order.

    Raises:
        ProvenanceError: a worker has another version of this package, or refuses the work.
    """
    import pyarrow as pa

    given = [pickle.dumps((work, item)) for item in items]
    table = pa.table({"number": pa.array(range(len(given)), pa.int64()), "given": pa.array(given, pa.binary())})
    with raised_in_words():
        frame = session.createDataFrame(table).repartition(max(1, len(given)))
        frame = frame.mapInArrow(_worked, "number bigint, found binary")
        found = dict(map(tuple, awaited(frame.collect)))
    return [checked(bytes(found[number])) for number in range(len(given))]


def _worked(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """In a task: the work on each item that comes in."""
    import pyarrow as pa

    for batch in batches:
        for number, given in zip(batch["number"].to_pylist(), batch["given"].to_pylist(), strict=True):
            # It is what `in_tasks` sent: who may send tasks may run what they like there anyway.
            work, item = pickle.loads(given)  # noqa: S301
            found = done(work, item)
            yield pa.RecordBatch.from_pydict({"number": pa.array([number], pa.int64()), "found": [found]})


def done(work: Callable[[_Item], object], item: _Item) -> bytes:
    """In a task: the result of ``work``, or the reason why it was refused."""
    try:
        return answered(work(item))
    except ProvenanceError as error:
        return refused(error)


def answered(result: object) -> bytes:
    """What `checked` turns into this result."""
    return pickle.dumps((_versions(), result))


def refused(error: ProvenanceError) -> bytes:
    """What `checked` turns into this error."""
    return answered(_Refused(error if isinstance(error, DataError) else str(error)))


@dataclass(frozen=True)
class _Refused:
    """Why there is no result: in words, or as the error that names a row of the data, wherever that was read."""

    reason: str | DataError


def _versions() -> tuple[str, str]:
    import duckdb

    return __version__, duckdb.__version__


def checked(found: bytes) -> Any:
    """What a task has answered.

    Raises:
        ProvenanceError: the worker has another version of this package, or refuses the work.
    """
    # It is what `answered` made, from a cluster that runs this package.
    versions, result = pickle.loads(found)  # noqa: S301
    if versions != _versions():
        there, here = ("dvc-provenance {} with DuckDB {}".format(*each) for each in (versions, _versions()))
        raise ProvenanceError(f"a worker of Spark's has {there}, and this machine {here}; install the same there")
    if isinstance(result, _Refused):
        if isinstance(result.reason, DataError):
            raise result.reason
        raise ProvenanceError(f"on a worker of Spark's: {result.reason}")
    return result


class SparkRanges:
    """`by_range.AskRanges`, by tasks of a Spark session."""

    def __init__(self, session: SparkSession, sidecars: Sequence[Sidecar]) -> None:
        self._session = session
        self._sidecars = tuple(each.seen_from_elsewhere() for each in sidecars)
        self._ranges = ranges_for(sum(sidecar.records for sidecar in sidecars))

    def __call__(self, place: int | None, question: str, *arguments: Any) -> list[Any]:
        asked = partial(_answer, self._sidecars, place, question, arguments)
        return in_tasks(self._session, asked, self._ranges)


def _answer(
    sidecars: Sequence[Sidecar], place: int | None, question: str, arguments: Sequence[Any], within: IdRange
) -> Any:
    """What DuckDB answers of the records in a range; ``place``: of the dataset, or None for all together."""
    with (
        scratch_folder(folder_of_process(), "range") as folder,
        duckdb_engine(sidecars, merged_vocabulary(sidecars), folder, within=within, threads=1) as engine,
    ):
        about = engine if place is None else engine.of(place)
        return getattr(about, question)(*arguments)
