from __future__ import annotations

import pyarrow as pa
import pytest

from provenance.lineage.allocating import giving_back, memory_used_again


def test_the_memory_pool_of_the_process_is_what_it_was() -> None:
    usual = pa.default_memory_pool().backend_name
    for error in (None, ValueError):
        try:
            with memory_used_again():
                assert pa.default_memory_pool().backend_name == "system"
                kept = pa.array([1, 2, 3])
                with memory_used_again():
                    assert pa.default_memory_pool().backend_name == "system"
                assert pa.default_memory_pool().backend_name == "system"
                if error is not None:
                    raise error
        except ValueError:
            assert error is ValueError
        assert pa.default_memory_pool().backend_name == usual
        assert pa.concat_arrays([kept, pa.array([4])]).to_pylist() == [1, 2, 3, 4]


@pytest.mark.skipif(pa.default_memory_pool().backend_name == "system", reason="Arrow has no allocator of its own here")
def test_what_is_allocated_within_is_freed_after() -> None:
    of_system = pa.system_memory_pool()
    before = of_system.bytes_allocated()
    with memory_used_again():
        kept = pa.array(range(100_000))
        assert of_system.bytes_allocated() > before
    del kept
    assert of_system.bytes_allocated() == before


def test_items_are_given_on_in_order_and_not_before_they_are_asked_for() -> None:
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number

    items = giving_back(map(make, range(10)))
    assert (next(items), made) == (0, [0])
    assert [*items] == [*range(1, 10)]
