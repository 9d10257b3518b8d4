from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from support.lineages import WORDS, lineages, records_of
from support.sidecars import ledger_of, write

from provenance.ledger.composition.breakdowns import OF_HISTORY, most_first
from provenance.ledger.composition.composition import composition
from provenance.ledger.composition.counted import CELL_COLUMNS, Counted, count_cells
from provenance.repository import Repository


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(lineages())
def test_history_counts_as_an_audit_does(repository: Repository, stated: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        path = write(Path(folder), "mix.jsonl", records_of(stated), WORDS)
        with ledger_of(repository, path) as ledger:
            audited = composition(ledger, ledger.recorded[0]).as_json()
            header = ledger.recorded[0].sidecar.header
    # A cell for each record: what is alike may come in parts.
    cells: list[Any] = [(*(each.get(name) for name in CELL_COLUMNS), each["rows"]) for each in stated if each["rows"]]

    counted = count_cells(cells, header).as_json()

    assert counted["rows"] == audited["rows"]
    for breakdown in OF_HISTORY:
        assert {group: share["rows"] for group, share in counted[breakdown].items()} == {
            group: share["rows"] for group, share in audited[breakdown].items()
        }, breakdown


def test_nothing_is_in_no_group() -> None:
    assert Counted().as_json() == {"rows": 0} | {breakdown: {} for breakdown in OF_HISTORY}


def test_the_largest_group_comes_first_then_by_name() -> None:
    assert list(most_first({"b": 1, "c": 2, "a": 1})) == ["c", "a", "b"]
