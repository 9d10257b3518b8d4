"""Samples that two sides have in common, by ids of any length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from provenance.identity.id_order import heads_of
from provenance.lineage.samples_in_range import SamplesInRange, common_samples, no_samples


def samples(ids: list[bytes]) -> SamplesInRange:
    found = np.frombuffer(b"".join(sorted(ids)), np.uint8).reshape(len(ids), -1)
    return replace(no_samples(), ids=found, keys=heads_of(found))


@pytest.mark.parametrize("size", [4, 6, 8, 9, 12, 16, 20])
def test_ids_are_compared_whole(size: int) -> None:
    same = [bytes([n]) * size for n in range(1, 6)]
    # Those that differ in the last byte only, so that longer ones have the same first eight bytes.
    near = [each[:-1] + b"\0" for each in same[3:]]

    here, there = common_samples(samples(same), samples([*same[1:3], *near]))

    assert here.tolist() == [1, 2]
    assert there.tolist() == [0, 1]
