from __future__ import annotations

import numpy as np

from provenance.auditing.chance.hashing import mixed, salt_of

_MASK = (1 << 64) - 1


def splitmix64(state: int) -> int:
    """The next number of the generator as its authors publish it, with Python's whole numbers."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


def test_numbers_are_those_of_splitmix64() -> None:
    keys = np.array([0, 1, 1234567, 2**64 - 1], np.uint64)
    assert mixed(keys, 0).tolist() == [splitmix64(key) for key in keys.tolist()]
    # The generator's published first number of seed 1234567.
    assert mixed(keys, 0)[2] == 6457827717110365317


def test_salts_change_all_numbers_and_no_two_keys_share_one() -> None:
    keys = np.arange(100_000, dtype=np.uint64)
    one, other = mixed(keys, salt_of(0, 1)), mixed(keys, salt_of(0, 2))
    assert len(np.unique(one)) == len(keys)
    assert not np.isin(one, other).any()
    assert abs(np.corrcoef(one.astype(float), other.astype(float))[0, 1]) < 0.02
    assert salt_of(0, 12) != salt_of(1, 2) and 0 <= salt_of(7, "sample") < 2**63
