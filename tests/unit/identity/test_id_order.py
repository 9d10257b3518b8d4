from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.identity.id_order import leading_bits, order_of_ids

# Few different bytes, so that many ids begin alike and some are equal.
_bytes = st.sampled_from([0, 1, 255])


@given(st.integers(1, 18).flatmap(lambda size: st.lists(st.lists(_bytes, min_size=size, max_size=size).map(bytes))))
def test_ids_of_any_length_are_sorted_as_bytes_are(ids: list[bytes]) -> None:
    array = np.frombuffer(b"".join(ids), np.uint8).reshape(len(ids), len(ids[0]) if ids else 16)
    order, is_new = order_of_ids(array)
    found = [ids[place] for place in order]
    assert found == sorted(ids)
    assert is_new.tolist() == [place == 0 or found[place] != found[place - 1] for place in range(len(found))]


def test_the_first_bits_of_an_id_say_which_range_it_is_in() -> None:
    ids = np.array([[0b10110000, 0b01111111, 0], [0, 0b10000000, 255]], np.uint8)
    assert [leading_bits(ids, bits).tolist() for bits in (0, 1, 4, 10, 16)] == [
        [0, 0],
        [1, 0],
        [0b1011, 0],
        [0b1011000001, 0b10],
        [0b1011000001111111, 0b10000000],
    ]


@pytest.mark.parametrize("bits", [1, 8, 9])
def test_ids_of_one_byte_end_with_zeros(bits: int) -> None:
    assert leading_bits(np.array([[0b10000001]], np.uint8), bits).tolist() == [0b10000001_0 >> (9 - bits)]
