"""Pseudo-random numbers that are functions of keys and a seed: the same on every machine and with every numpy.

numpy does not promise that the stream of a `Generator` stays as it is (NEP 19), and a stream depends on the order of
rows; a hash of a row's key does not.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)


def mixed(keys: Hashes, salt: int) -> Hashes:
    """A pseudo-random number for each key: splitmix64's finaliser (Steele, Lea and Flood 2014), one-to-one."""
    found = keys + np.uint64((_STEP * (2 * salt + 1)) & _MASK)
    found = (found ^ (found >> _SHIFTS[0])) * _FACTORS[0]
    found = (found ^ (found >> _SHIFTS[1])) * _FACTORS[1]
    mixed_up: Hashes = found ^ (found >> _SHIFTS[2])
    return mixed_up


def salt_of(seed: int, what: str | int) -> int:
    """A salt for `mixed`, 63 bits, that ``seed`` and ``what`` it is for give."""
    return int.from_bytes(hashlib.blake2b(f"{seed}:{what}".encode(), digest_size=8).digest(), "big") >> 1
