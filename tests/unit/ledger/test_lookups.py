"""Single samples looked up in sidecars: the same answers as the index gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.sidecars import ledger_of, record, write

from provenance.ledger.lookups import SidecarLookups
from provenance.repository import Repository

IDS = [f"{first:08x}{last:024x}" for first in (0, 0x12345678, 0x1234567F, 0xFFFFFFFF) for last in (0, 1, 2**96 - 1)]


@pytest.fixture(scope="module")
def sidecars(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("sidecars")
    return [
        write(folder, "a.jsonl", [record(each, rows=number) for number, each in enumerate(IDS[:8])]),
        write(folder, "b.jsonl", [record(each, rows=3) for each in IDS[4:]]),
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sample_id=st.sampled_from([*IDS, "1" * 32, "f" * 31 + "e"]), digits=st.integers(6, 32), most=st.integers(1, 4))
def test_what_is_looked_up_is_what_the_index_says(
    repository: Repository, sidecars: list[Path], sample_id: str, digits: int, most: int
) -> None:
    with ledger_of(repository, *sidecars) as ledger:
        looked_up = SidecarLookups(ledger.recorded)
        assert looked_up.rows_of(sample_id) == ledger.descent.rows_of(sample_id)
        prefix = sample_id[:digits]
        assert looked_up.beginning_with(prefix, most) == ledger.descent.beginning_with(prefix, most)


def test_no_index_is_built_to_look_up_a_sample(repository: Repository, tmp_path: Path) -> None:
    sidecars = [write(tmp_path, name, [record(each, rows=3) for each in IDS[:9]]) for name in ("a.jsonl", "b.jsonl")]
    with ledger_of(repository, *sidecars) as ledger:
        assert [(each.dataset, each.rows) for each in ledger.occurrences(IDS[5])] == [("a.jsonl", 3), ("b.jsonl", 3)]
        assert ledger.lookups.beginning_with(IDS[5], most=2) == [IDS[5]]
        assert "graph" not in ledger.__dict__
        assert ledger.graph.size == len(IDS[:9])
        assert ledger.lookups is ledger.descent
