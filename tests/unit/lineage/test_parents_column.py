"""`_parents` as it may come: wrong, hostile or huge. An error names the row, in bounded time, and loses nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.workbench import DERIVATION, Workbench, identifier

from provenance.errors import DataError, SidecarError
from provenance.identity.names import sidecar_path

DOCUMENTS = [{"text": f"document {number}"} for number in range(5)]
STRANGERS = ["ab" * 16, "cd" * 16]


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """A generous bound, which work that grows with the square of its input still misses by far."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


@contextmanager
def refused(data: Path, problem: str, row: int | None) -> Iterator[None]:
    """The block raises a DataError of one short line, and the data is as it was, without a sidecar."""
    before = data.read_bytes()
    with pytest.raises(DataError, match=problem) as raised:
        yield
    assert raised.value.row == row
    assert len(str(raised.value).splitlines()) == 1 and len(raised.value.problem) < 400
    assert data.read_bytes() == before
    assert not Path(sidecar_path(str(data))).exists()


def test_unknown_ids_are_kept_and_counted_and_the_first_row_is_named(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    mix = workbench.dataset(
        "mix.jsonl",
        [
            {"text": "known", "_parents": [identifier(DOCUMENTS[0])]},
            {"text": "strange", "_parents": [identifier(DOCUMENTS[1]), STRANGERS[0]]},
            {"text": "stranger", "_parents": STRANGERS},
        ],
    )
    report = workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)
    assert (report.derived, report.dangling, report.dangling_row) == (3, 2, 2)
    assert workbench.record(mix, {"text": "stranger"})["parents"] == STRANGERS
    later = workbench.dataset("later.jsonl", [{"text": "stranger"}])
    report = workbench.complete(later, dependencies=[workbench.dependency(mix)], derivation=DERIVATION)
    assert (report.carried, report.dangling, report.dangling_row) == (1, 0, None)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (7, "must be a list of strings"),
        (1.5, "must be a list of strings"),
        (True, "must be a list of strings"),
        ({"id": "ab" * 16}, "must be a list of strings"),
        ([["ab" * 16]], "must be a list of strings"),
        (["ab" * 16, None], "must be a list of strings"),
        ([""], "must be a list of strings"),
        ("[broken", "not a valid JSON list"),
        ("Ann and Bob", "neither a sample id nor PATH:ROW"),
        ("ab" * 32, "neither a sample id nor PATH:ROW"),
        ("documents.jsonl:0", "neither a sample id nor PATH:ROW"),
        ("documents.jsonl:-1", "neither a sample id nor PATH:ROW"),
        ("documents.jsonl:" + "9" * 18, "documents.jsonl has no such row"),
        ("documents.jsonl:" + "9" * 40, "neither a sample id nor PATH:ROW"),
        ("/etc/passwd:1", "is not a dataset this stage depends on"),
        ("../documents.jsonl:1", "is not a dataset this stage depends on"),
        ("x';DROP TABLE records;--:1", "is not a dataset this stage depends on"),
        ("\x1b[2J\n:1", "neither a sample id nor PATH:ROW|is not a dataset this stage depends on"),
    ],
)
@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_what_is_no_reference(workbench: Workbench, value: Any, problem: str, suffix: str) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    rows: list[dict[str, Any]] = [DOCUMENTS[0], {"text": "x", "_parents": value}]
    if suffix == "parquet":
        mix = workbench.folder / "mix.parquet"
        pq.write_table(pa.Table.from_pylist([{"_parents": None, **row} for row in rows]), mix)
    else:
        mix = workbench.dataset("mix.jsonl", rows)
    with refused(mix, problem, row=2):
        workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)


def test_roles_that_do_not_fit(workbench: Workbench) -> None:
    mix = workbench.dataset("mix.jsonl", [{"text": "x", "_parents": STRANGERS, "_parent_roles": ["one"]}])
    with refused(mix, "1 roles for 2 parents", row=1):
        workbench.complete(mix, derivation=DERIVATION)


def test_a_column_that_is_reserved_but_not_read_is_refused_rather_than_stripped(workbench: Workbench) -> None:
    mix = workbench.dataset("mix.jsonl", [{"text": "x", "_lineage": "the user's own"}])
    with refused(mix, "the column '_lineage' is reserved; rename it", row=None):
        workbench.complete(mix, derivation=DERIVATION)


def test_a_cycle_among_many_rows(workbench: Workbench) -> None:
    rows: list[dict[str, Any]] = [{"text": f"row {number}"} for number in range(20_000)]
    parents = [[identifier(row)] for row in (rows[1], rows[0])] + [[identifier(rows[0])]] * (len(rows) - 2)
    cyclic = [{**row, "_parents": of_row} for row, of_row in zip(rows, parents, strict=True)]
    mix = workbench.dataset("mix.jsonl", cyclic)
    with bounded(20), pytest.raises(SidecarError, match="its own ancestor"):
        workbench.complete(mix, derivation=DERIVATION)
    assert mix.read_text().count("_parents") == len(rows)


def test_a_reference_of_a_hundred_megabytes(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    mix = workbench.dataset("mix.jsonl", [DOCUMENTS[0], {"text": "x", "_parents": "x" * 100_000_000 + ":1"}])
    with bounded(30), refused(mix, "neither a sample id nor PATH:ROW", row=2):
        workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)


def test_a_text_of_a_hundred_megabytes_beside_parents(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    row = {"text": "x" * 100_000_000}
    mix = workbench.dataset("mix.jsonl", [{**row, "_parents": "documents.jsonl:2"}, DOCUMENTS[0]])
    with bounded(30):
        report = workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)
    assert (report.derived, report.carried) == (1, 1)
    assert json.loads(mix.read_text().splitlines()[0]) == row


def test_many_parents_of_one_row(workbench: Workbench) -> None:
    rows = [{"text": f"row {number}"} for number in range(100_000)]
    many = workbench.collected("many.jsonl", rows)
    everything = {"text": "all", "_parents": [f"many.jsonl:{number}" for number in range(1, len(rows) + 1)]}
    mix = workbench.dataset("mix.jsonl", [everything])
    with bounded(30):
        report = workbench.complete(mix, dependencies=[many], derivation=DERIVATION)
    assert (report.derived, report.ancestors) == (1, len(rows))


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_ten_thousand_columns_beside_parents(workbench: Workbench, suffix: str) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)
    metadata = {f"column {number}": number for number in range(10_000)}
    rows = [{"text": f"new {number}", **metadata, "_parents": f"documents.jsonl:{number}"} for number in range(1, 4)]
    if suffix == "parquet":
        mix = workbench.folder / "mix.parquet"
        pq.write_table(pa.Table.from_pylist(rows), mix)
    else:
        mix = workbench.dataset("mix.jsonl", rows)
    with bounded(30):
        report = workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)
    assert report.derived == 3
    assert workbench.record(mix, {"text": "new 2"})["parents"] == [identifier(DOCUMENTS[1])]
    if suffix == "parquet":
        assert pq.read_schema(mix).names == ["text", *metadata]
