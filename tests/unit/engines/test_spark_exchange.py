"""The two steps of an exchange, as Spark's tasks do them, without Spark: batches in, batches out."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Iterator
from typing import Any

import pyarrow as pa
import pytest

from provenance.engines import spark_exchange
from provenance.engines.spark_tasks import checked
from provenance.errors import DataError, ProvenanceError

pytest.importorskip("pyspark")

PIECES = 70


def digits(text: str) -> Generator[tuple[int, bytes], None, int]:
    """A piece for each character, and how many there were; no character may be another than a digit."""
    for place, character in enumerate(text):
        if not character.isdigit():
            raise DataError("numbers.txt", place + 1, f"{character!r} is not a digit")
        yield int(character) % 2, character.encode()
    return len(text)


def total(pieces: Iterator[bytes]) -> int:
    found = 0
    for piece in pieces:
        if piece == b"9":
            raise ProvenanceError("nines are not added up")
        found += int(piece)
    return found


def first_step(*items: str) -> list[pa.RecordBatch]:
    given = [pickle.dumps((digits, item, number)) for number, item in enumerate(items)]
    batch = pa.RecordBatch.from_pydict({"item": pa.array(range(len(items)), pa.int32()), "given": given})
    return list(spark_exchange._read(iter([batch])))


def second_step(batches: list[pa.RecordBatch]) -> list[dict[str, Any]]:
    found = list(spark_exchange._write(pickle.dumps(total), iter(batches)))
    return [row for batch in found for row in batch.to_pylist()]


def test_pieces_come_with_their_numbers_some_at_a_time_and_what_was_found_after_them() -> None:
    batches = first_step("1" * PIECES, "")
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert [(row["number"], row["piece"]) for row in rows[:PIECES]] == [(1, b"1")] * PIECES
    assert [(row["item"], row["number"], checked(row["said"])) for row in rows[PIECES:]] == [(0, 0, PIECES), (1, 1, 0)]
    assert max(batch.num_rows for batch in batches) == spark_exchange._PIECES_AT_ONCE


def test_what_is_written_of_pieces_comes_with_what_was_found_of_items() -> None:
    written, *found = second_step(first_step("123", "45"))
    assert written["item"] is None and checked(written["said"]) == 15
    assert [(row["item"], checked(row["said"])) for row in found] == [(0, 3), (1, 2)]


def test_what_refuses_an_item_comes_in_its_place_and_names_the_row_as_everywhere() -> None:
    written, *found = second_step(first_step("12", "3x4"))
    assert checked(written["said"]) == 6
    with pytest.raises(DataError, match=r"^numbers\.txt:2: 'x' is not a digit$") as raised:
        checked(found[1]["said"])
    assert (raised.value.path, raised.value.row) == ("numbers.txt", 2)


def test_what_refuses_to_write_says_where_and_loses_nothing_that_was_found() -> None:
    written, *found = second_step(first_step("912", "3"))
    with pytest.raises(ProvenanceError, match="^on a worker of Spark's: nines are not added up$"):
        checked(written["said"])
    assert [checked(row["said"]) for row in found] == [3, 1]


def test_no_pieces_are_written_too() -> None:
    assert [checked(row["said"]) for row in second_step([])] == [0]
