from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from provenance.ledger.graph.identifiers import SampleIds

WIDTHS = st.sampled_from([4, 8, 10, 16])
# Few distinct bytes, so that many ids share their first eight.
ALPHABET = st.sampled_from([0, 1, 255])


@st.composite
def id_lists(draw: st.DrawFn) -> tuple[int, list[bytes], list[bytes]]:
    """A width, sorted distinct ids of it, and ids to look for."""
    width = draw(WIDTHS)
    ids = st.lists(ALPHABET, min_size=width, max_size=width).map(bytes)
    return width, sorted(draw(st.sets(ids, max_size=12))), draw(st.lists(ids, max_size=6))


def as_ids(width: int, values: list[bytes]) -> SampleIds:
    return SampleIds.of_bytes(np.frombuffer(b"".join(values), np.uint8).reshape(-1, width))


@given(id_lists())
def test_places_are_those_that_bisection_of_the_bytes_finds(found: tuple[int, list[bytes], list[bytes]]) -> None:
    width, ids, wanted = found
    wanted = [*wanted, *ids]
    expected = [bisect_left(ids, one) if one in ids else -1 for one in wanted]
    assert as_ids(width, ids).places_of(as_ids(width, wanted)).tolist() == expected


@given(id_lists())
def test_bytes_and_hex_come_back_as_they_went_in(found: tuple[int, list[bytes], list[bytes]]) -> None:
    width, ids, others = found
    every = ids + others
    assert as_ids(width, every).hex() == [one.hex() for one in every]
    assert [row.tobytes() for row in as_ids(width, every).bytes()] == every
    assert SampleIds.of_hex([one.hex() for one in every], width).hex() == [one.hex() for one in every]
    assert as_ids(width, every).are_sorted() == (every == sorted(every))
    assert as_ids(width, every).differ_from_next().tolist() == [one != following for one, following in pairwise(every)]


@given(id_lists(), st.integers(1, 40), st.integers(1, 3))
def test_a_prefix_finds_what_begins_with_it(
    found: tuple[int, list[bytes], list[bytes]], digits: int, most: int
) -> None:
    width, ids, wanted = found
    for one in [*wanted, *ids]:
        prefix = one.hex()[:digits]
        expected = [place for place, other in enumerate(ids) if other.hex().startswith(prefix)][:most]
        assert as_ids(width, ids).beginning_with(prefix, most).tolist() == expected


def test_an_id_of_another_length_is_nowhere() -> None:
    ids = as_ids(16, [bytes(16), b"\1" * 16])
    # What it becomes, zeros, is an id that no digest gives; here it exists.
    assert ids[1:].places_of(SampleIds.of_hex(["0101"], 16)).tolist() == [-1]
