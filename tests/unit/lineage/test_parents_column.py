"""`_parents` as it may come: wrong, hostile or huge. An error names the row, in bounded work, and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.work import growth
from support.workbench import DERIVATION, Workbench, identifier

from provenance.errors import DataError, SidecarError
from provenance.identity.digests import digest_function
from provenance.identity.names import sidecar_path
from provenance.lineage.births import Dependency

DOCUMENTS = [{"text": f"document {number}"} for number in range(5)]
STRANGERS = ["ab" * 16, "cd" * 16]


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
    with refused(mix, "1 role for 2 parents", row=1):
        workbench.complete(mix, derivation=DERIVATION)


def test_a_column_that_is_reserved_but_not_read_is_refused_rather_than_stripped(workbench: Workbench) -> None:
    mix = workbench.dataset("mix.jsonl", [{"text": "x", "_lineage": "the user's own"}])
    with refused(mix, "the column '_lineage' is reserved; rename it", row=None):
        workbench.complete(mix, derivation=DERIVATION)


def test_a_cycle_among_many_rows(workbench: Workbench) -> None:
    def refuse(many: int) -> None:
        rows: list[dict[str, Any]] = [{"text": f"row {number}"} for number in range(many)]
        parents = [[identifier(row)] for row in (rows[1], rows[0])] + [[identifier(rows[0])]] * (many - 2)
        cyclic = [{**row, "_parents": of_row} for row, of_row in zip(rows, parents, strict=True)]
        mix = workbench.dataset("mix.jsonl", cyclic)
        with pytest.raises(SidecarError, match="its own ancestor"):
            workbench.complete(mix, derivation=DERIVATION)
        assert mix.read_text().count("_parents") == many

    assert growth(refuse, 2_000, 20_000) < 11


def test_a_reference_of_a_hundred_megabytes(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)

    def refuse(length: int) -> None:
        mix = workbench.dataset("mix.jsonl", [DOCUMENTS[0], {"text": "x", "_parents": "x" * length + ":1"}])
        with refused(mix, "neither a sample id nor PATH:ROW", row=2):
            workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)

    assert growth(refuse, 100_000, 100_000_000) < 2


def test_a_text_of_twenty_megabytes_beside_parents(workbench: Workbench) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)

    def derive(length: int) -> None:
        row = {"text": "x" * length}
        mix = workbench.dataset("mix.jsonl", [{**row, "_parents": "documents.jsonl:2"}, DOCUMENTS[0]])
        report = workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)
        assert (report.derived, report.carried) == (1, 1)
        assert json.loads(mix.read_text().splitlines()[0]) == row

    assert growth(derive, 100_000, 20_000_000) < 2


def test_many_parents_of_one_row(workbench: Workbench) -> None:
    def derive(many: int) -> None:
        rows = [{"text": f"row {number}"} for number in range(many)]
        collected = workbench.collected("many.jsonl", rows)
        everything = {"text": "all", "_parents": [f"many.jsonl:{number}" for number in range(1, many + 1)]}
        mix = workbench.dataset("mix.jsonl", [everything])
        report = workbench.complete(mix, dependencies=[collected], derivation=DERIVATION)
        assert (report.derived, report.ancestors) == (1, many)

    assert growth(derive, 3_000, 30_000) < 11


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_three_thousand_columns_beside_parents(workbench: Workbench, suffix: str) -> None:
    documents = workbench.collected("documents.jsonl", DOCUMENTS)

    def derive(width: int) -> None:
        values = {f"column {number}": number for number in range(width)}
        rows = [{"text": f"new {number}", **values, "_parents": f"documents.jsonl:{number}"} for number in range(1, 4)]
        if suffix == "parquet":
            mix = workbench.folder / "mix.parquet"
            pq.write_table(pa.Table.from_pylist(rows), mix)
        else:
            mix = workbench.dataset("mix.jsonl", rows)
        report = workbench.complete(mix, dependencies=[documents], derivation=DERIVATION)
        assert report.derived == 3
        assert workbench.record(mix, {"text": "new 2"})["parents"] == [identifier(DOCUMENTS[1])]
        if suffix == "parquet":
            assert pq.read_schema(mix).names == ["text", *values]

    assert growth(derive, 300, 3_000) < 11


SHARDS = {"a": DOCUMENTS[:2], "b": [], "c": DOCUMENTS[2:]}


def shards(workbench: Workbench, suffix: str = "jsonl") -> Dependency:
    """A folder with a file for each of `SHARDS`: of rows, or whose content is a sample."""
    folder = workbench.folder / "shards"
    folder.mkdir()
    for name, rows in SHARDS.items():
        (folder / f"{name}.{suffix}").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return workbench.dependency(folder, sidecar=False)


def test_rows_of_the_files_of_a_folder(workbench: Workbench) -> None:
    named = {"a": [1, 2], "c": [1, 3]}
    rows = [
        {"text": f"of {name} {row}", "_parents": [f"shards/{name}.jsonl:{row}"]}
        for name, several in named.items()
        for row in several
    ]
    mix = workbench.dataset("mix.jsonl", rows)
    assert workbench.complete(mix, dependencies=[shards(workbench)], derivation=DERIVATION).derived == 4
    for name, several in named.items():
        for row in several:
            record = workbench.record(mix, {"text": f"of {name} {row}"})
            assert record["parents"] == [identifier(SHARDS[name][row - 1])]


@pytest.mark.parametrize("reference", ["shards/a.jsonl:3", "shards/b.jsonl:1", "shards/c.jsonl:4"])
def test_a_row_behind_the_last_of_its_file_is_not_one_of_the_next(workbench: Workbench, reference: str) -> None:
    mix = workbench.dataset("mix.jsonl", [{"text": "x", "_parents": [reference]}])
    dependency = shards(workbench)
    with refused(mix, "has no such row", 1):
        workbench.complete(mix, dependencies=[dependency], derivation=DERIVATION)


def test_files_that_are_samples(workbench: Workbench) -> None:
    dependency = shards(workbench, "txt")
    mix = workbench.dataset(
        "mix.jsonl", [{"text": f"of {name}", "_parents": [f"shards/{name}.txt"]} for name in SHARDS]
    )
    assert workbench.complete(mix, dependencies=[dependency], derivation=DERIVATION).derived == 3
    parents = [workbench.record(mix, {"text": f"of {name}"})["parents"] for name in SHARDS]
    expected = [digest_function("xxh3_128")((workbench.folder / f"shards/{name}.txt").read_bytes()) for name in SHARDS]
    assert parents == [[each.hex()] for each in expected]
