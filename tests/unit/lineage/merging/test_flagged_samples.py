from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.lineage.merging import flagged_samples
from provenance.lineage.merging.flagged_samples import FlaggedSamples

_COUNT = 45
_numbers = st.lists(st.integers(0, _COUNT - 1))


def _set(numbers: list[int]) -> FlaggedSamples:
    found = FlaggedSamples(_COUNT)
    found.add(np.array(numbers, np.int64))
    return found


def _members(found: FlaggedSamples) -> set[int]:
    return {*np.flatnonzero(found.within(0, _COUNT)).tolist()}


@pytest.mark.parametrize("most_as_bytes", [_COUNT, 0])
@given(_numbers, _numbers, st.integers(0, _COUNT))
def test_samples_are_in_the_set_or_not_however_they_are_kept(
    most_as_bytes: int, numbers: list[int], others: list[int], first: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flagged_samples, "MOST_AS_BYTES", most_as_bytes)
        found = _set(numbers)
        assert bool(found) == bool(numbers)
        assert _members(found) == {*numbers}
        assert found.has(np.array(others, np.int64)).tolist() == [number in numbers for number in others]
        count = min(7, _COUNT - first)
        expected = [number in numbers for number in range(first, first + count)]
        assert found.within(first, count).tolist() == expected
        found.add_all(_set(others))
        assert _members(found) == {*numbers, *others}
        found.remove_all(_set(numbers))
        assert _members(found) == {*others} - {*numbers}
