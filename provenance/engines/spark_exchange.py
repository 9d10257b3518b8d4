"""Work that Spark's tasks do in two steps: what the first ones find goes by Spark's own shuffle to the second ones.

Spark has a task done again where a worker is lost, and takes the result of one attempt alone.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from provenance.engines.spark_relations import raised_in_words
from provenance.engines.spark_session import awaited
from provenance.engines.spark_tasks import answered, checked, done, refused
from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")
_Result = TypeVar("_Result")

# So many pieces are in memory at once, which may be a megabyte each.
_PIECES_AT_ONCE = 32
_AT_ONCE = "spark.sql.execution.arrow.maxRecordsPerBatch"
# Of what is no piece: what was found of the item of this number. What was written has no item.
_SENT_TYPES = {"number": "int32", "piece": "binary", "item": "int32", "said": "binary"}
_SAID_TYPES = {"item": "int32", "said": "binary"}
_SENT, _SAID = "number int, piece binary, item int, said binary", "item int, said binary"


def between_tasks(
    session: SparkSession,
    read: Callable[[_Item], Generator[tuple[int, bytes], None, _Found]],
    items: Sequence[_Item],
    write: Callable[[Iterator[bytes]], _Result],
    numbers: int,
) -> tuple[list[_Found], list[_Result]]:
    """See `BetweenTasks`.

    Raises:
        ProvenanceError: a worker has another version of this package, or refuses the work: the first item is named.
    """
    import pyarrow as pa

    given = [pickle.dumps((read, item, number % numbers)) for number, item in enumerate(items)]
    table = pa.table({"item": pa.array(range(len(given)), pa.int32()), "given": pa.array(given, pa.binary())})
    with raised_in_words():
        # Of the session, which nobody else has.
        session.conf.set(_AT_ONCE, str(_PIECES_AT_ONCE))
        # A task for each item: by its number, as a mere repartition puts several into some.
        frame = session.createDataFrame(table).repartitionById(max(1, len(given)), "item").mapInArrow(_read, _SENT)
        frame = frame.repartitionById(numbers, "number").mapInArrow(partial(_write, pickle.dumps(write)), _SAID)
        said = [(item, bytes(result)) for item, result in awaited(frame.collect)]
    found = {item: result for item, result in said if item is not None}
    if sorted(found) != list(range(len(given))):
        raise ProvenanceError("Spark: tasks have not answered for all that they were given; try again")
    return (
        [checked(found[number]) for number in range(len(given))],
        [checked(result) for item, result in said if item is None],
    )


def _read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """In a task: the pieces of each item that comes in, and what was found of it."""
    for batch in batches:
        for item, given in zip(batch["item"].to_pylist(), batch["given"].to_pylist(), strict=True):
            # It is what `between_tasks` sent: who may send tasks may run what they like there anyway.
            read, what, number = pickle.loads(given)  # noqa: S301
            reading = _Reading()
            pieces = reading.pieces(read, what)
            while some := list(islice(pieces, _PIECES_AT_ONCE)):
                yield _rows(_SENT_TYPES, [(number, piece, None, None) for number, piece in some])
            yield _rows(_SENT_TYPES, [(number, None, item, reading.answer)])


class _Reading:
    """``answer``: what was found, or why it could not be, once there are no more pieces."""

    answer = b""

    def pieces(
        self, read: Callable[[_Item], Generator[tuple[int, bytes], None, _Found]], item: _Item
    ) -> Iterator[tuple[int, bytes]]:
        try:
            self.answer = answered((yield from read(item)))
        except ProvenanceError as error:
            self.answer = refused(error)


def _write(given: bytes, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """In a task: what becomes of the pieces that come in; what was found of items goes on as it is."""
    found: list[tuple[int | None, bytes]] = []

    def pieces() -> Iterator[bytes]:
        for batch in batches:
            for piece, item, said in zip(*(batch[name].to_pylist() for name in ("piece", "item", "said")), strict=True):
                if item is None:
                    yield piece
                else:
                    found.append((item, said))

    coming = pieces()
    written = done(pickle.loads(given), coming)  # noqa: S301 - see `_read`
    # Where the work was refused, some have not come yet.
    for _ in coming:
        pass
    yield _rows(_SAID_TYPES, [(None, written), *found])


def _rows(types: Mapping[str, str], rows: Sequence[tuple[object, ...]]) -> pa.RecordBatch:
    import pyarrow as pa

    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types.values(), strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=list(types))
