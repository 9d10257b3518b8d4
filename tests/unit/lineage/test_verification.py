from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.verified import verified
from support.workbench import Workbench, fingerprint, identifier

from provenance.errors import SidecarError
from provenance.lineage.problems import Problem
from provenance.lineage.row_checks import MOST_ROWS_NAMED

DOCUMENTS = [{"text": f"document {number}"} for number in range(100)]


@pytest.fixture
def data(workbench: Workbench) -> Path:
    dependency = workbench.collected("documents.jsonl", DOCUMENTS)
    assert dependency.data is not None
    return dependency.data


def problems(data: Path, *, check_bytes: bool = True) -> list[Problem]:
    md5 = fingerprint(data)[0] if check_bytes else None
    sidecar = data.with_name(data.name + ".lineage.parquet")
    return verified(data, sidecar, "documents.jsonl", md5)


def test_nothing_to_say_of_a_sidecar_that_fits(data: Path) -> None:
    assert problems(data) == []


def test_a_changed_row_is_named(data: Path) -> None:
    data.write_text(data.read_text().replace('document 41"', 'document 4!"'))
    found = problems(data)
    assert (found[0].path, found[0].row) == ("documents.jsonl", 42)
    assert any("is in 0 rows, but the sidecar has it in 1" in problem.problem for problem in found)
    assert any("its md5 is" in problem.problem for problem in found)


def test_a_row_that_cannot_be_read_is_named(data: Path) -> None:
    data.write_text(data.read_text().replace('"document 41"}', '"document 41'))
    assert [(problem.path, problem.row) for problem in problems(data)] == [("documents.jsonl", 42)]


def test_another_order_changes_only_the_bytes(data: Path) -> None:
    data.write_text("".join(reversed(data.read_text().splitlines(keepends=True))))
    (problem,) = problems(data)
    assert problem.row is None and "md5" in problem.problem
    assert problems(data, check_bytes=False) == []


def test_a_row_too_many(data: Path) -> None:
    data.write_text(data.read_text() + data.read_text().splitlines(keepends=True)[0])
    found = problems(data, check_bytes=False)
    assert [(problem.row, problem.problem) for problem in found] == [
        (None, f"sample {identifier(DOCUMENTS[0])[:12]} is in 2 rows, but the sidecar has it in 1")
    ]


def test_another_dataset_is_not_listed_row_by_row(data: Path) -> None:
    data.write_text("".join(f'{{"text": "other {number}"}}\n' for number in range(100)))
    found = [problem for problem in problems(data) if "no record" in problem.problem]
    assert [problem.row for problem in found] == [*range(1, MOST_ROWS_NAMED + 1), None]
    assert found[-1].problem.startswith("80 more rows")


def test_a_sidecar_that_is_not_closed(data: Path) -> None:
    sidecar = data.with_name(data.name + ".lineage.parquet")
    table = pq.read_table(sidecar)
    schema, rows = table.schema, table.to_pylist()
    rows[0]["parents"] = [b"x" * 16]
    pq.write_table(type(table).from_pylist(rows, schema=schema), sidecar)
    (problem,) = problems(data)
    assert problem.path == "documents.jsonl (sidecar)" and "1 parents have no record" in problem.problem


def test_a_sidecar_whose_records_do_not_sum_up(data: Path) -> None:
    sidecar = data.with_name(data.name + ".lineage.parquet")
    table = pq.read_table(sidecar)
    pq.write_table(table.slice(0, 99), sidecar)
    found = problems(data)
    assert any("account for 99 rows, its footer states 100" in problem.problem for problem in found)
    assert any(problem.row is not None for problem in found)


def test_a_sidecar_that_cannot_be_read(data: Path) -> None:
    data.with_name(data.name + ".lineage.parquet").write_bytes(b"PAR1")
    with pytest.raises(SidecarError):
        problems(data)
