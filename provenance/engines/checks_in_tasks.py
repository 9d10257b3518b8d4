"""What tasks do of `verify_by_range`: each for one range of ids, or one piece of the data, with the rules of `verify`.

A parent may be in any range. So each range leaves the ids of its parents to the ranges that these are in, and takes
from there what is known of them (`range_files`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import duckdb
import numpy as np
import pyarrow as pa

from provenance.engines.range_files import ends_of_ids, ends_of_numbers, gather_range, read_range, write_by_range
from provenance.errors import DataError, SidecarError
from provenance.files import folder_of_process, scratch_folder
from provenance.identity import Identity, scan
from provenance.lineage.database import said_by, scratch_database
from provenance.lineage.id_ranges import EVERY_ID, IdRange
from provenance.lineage.manifest import is_altered
from provenance.lineage.record_rows import dangling, enter_parents, in_other_parts, placed_records
from provenance.lineage.row_checks import DifferingRows, differing_rows, samples_differ
from provenance.lineage.runs import in_runs
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.sidecar_checks import (
    WITH_RELATIVES,
    Contradictions,
    by_parents,
    by_themselves,
    enter_facts,
    enter_going,
    go_on,
)
from provenance.lineage.sorted_records import SortedRecords
from provenance.lineage.verification import Totals, totals

if TYPE_CHECKING:
    pass

_Item = TypeVar("_Item")
_RUN_ROWS = 1 << 18


@dataclass(frozen=True)
class Checked:
    """A sidecar that is checked by ranges of ``bits`` leading bits; ``folder``: where tasks leave files for others.

    ``in_other_parts``: records may be in any part, not only in that of their ids.
    """

    sidecar: Sidecar
    folder: Path
    bits: int
    in_other_parts: bool = False

    @property
    def numbers(self) -> range:
        """Those of the ranges."""
        return range(1 << self.bits)

    def file(self, name: str, number: int) -> Path:
        return self.folder / f"{name}-{number}"

    def files(self, name: str) -> list[Path]:
        return [self.file(name, number) for number in self.numbers]

    @contextmanager
    def records(self, each: IdRange) -> Iterator[duckdb.DuckDBPyConnection]:
        """A database with the view ``records`` of the range; those without an id are in the first."""
        without = " OR sample_id IS NULL" if each.number == 0 else ""
        with (
            scratch_folder(folder_of_process(), "range") as folder,
            scratch_database(folder) as connection,
        ):
            connection.execute("SET threads = 1")
            rows = placed_records(self.sidecar, EVERY_ID if self.in_other_parts or not each.number else each)
            connection.execute(f"CREATE VIEW records AS SELECT * FROM {rows} WHERE {each.sql()}{without}")
            yield connection


@dataclass(frozen=True)
class Failed:
    """Why there is no result: the sidecar is damaged (``is_stated``), or cannot be read, as DuckDB says."""

    said: str
    is_stated: bool


def told(work: Callable[[Checked, _Item], Any], checked: Checked, item: _Item) -> Any:
    """What ``work`` gives, or why it cannot."""
    try:
        return work(checked, item)
    except SidecarError as error:
        return Failed(str(error), is_stated=True)
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        return Failed(said_by(error), is_stated=False)


def altered(part: tuple[Path, str, str]) -> str | None:
    """The name of a part of the sidecar, one of `manifest.stated_parts`, where it is not as it is stated."""
    file, name, sha256 = part
    return name if is_altered(file, sha256) else None


def holds_others(checked: Checked, number: int) -> bool:
    """Whether the part of this number, among all, has ids of another."""
    with scratch_database(folder_of_process()) as connection:
        return in_other_parts(connection, checked.sidecar, [checked.sidecar.part_files[number]])


class OfRange(NamedTuple):
    """What a range says by itself, and how many ids its records name as parents."""

    totals: Totals
    contradictions: Contradictions
    parents: int


def by_itself(checked: Checked, each: IdRange) -> OfRange:
    """What the records of a range say by themselves; leaves the ids of their parents."""
    with checked.records(each) as connection:
        found = totals(connection, checked.sidecar, (each,))
        contradictions = by_themselves(connection, checked.sidecar, (each,), keeping="false")
        enter_parents(connection)
        return OfRange(found, contradictions, _leave_parents(connection, checked, each, "parents"))


def known_of_parents(checked: Checked, each: IdRange) -> int:
    """How many parents that should be in a range are not; leaves what is known of the others to those who ask."""
    with checked.records(each) as connection:
        asked = _asked(checked, each)
        connection.register("asked", asked)
        connection.execute("CREATE VIEW parents AS FROM asked")
        by_themselves(connection, checked.sidecar, (each,), keeping="sample_id IN (SELECT parent FROM asked)")
        connection.execute("CREATE VIEW named AS FROM asked")
        enter_facts(connection)
        _leave_answers(connection, checked, each, "facts")
        return dangling(connection)


class Onward(NamedTuple):
    """What of a range may still go in circles: how many samples, by how many edges; the first sample by id."""

    samples: int
    edges: int
    first: bytes | None


def beside_parents(checked: Checked, each: IdRange) -> tuple[Contradictions, Onward]:
    """What the records of a range say against their parents; leaves what of them may go in circles."""
    with checked.records(each) as connection:
        by_themselves(connection, checked.sidecar, (each,), keeping=WITH_RELATIVES)
        facts = gather_range(checked.files("facts"), each.number)
        connection.register("facts", facts)
        found = by_parents(connection)
        enter_going(connection)
        connection.execute("CREATE TEMP TABLE may_go AS SELECT sample_id FROM facts WHERE NOT begins")
        go_on(connection)
        return found, _leave_going(connection, checked, each)


def still_going(checked: Checked, each: IdRange) -> None:
    """Leave to those who ask which of their parents that are in a range may go in circles."""
    with scratch_database(folder_of_process()) as connection:
        asked, going = _asked(checked, each), read_range(checked.file("going", each.number), 0)
        connection.register("asked", asked)
        connection.register("left_over", going)
        connection.execute("CREATE VIEW may_go AS SELECT DISTINCT sample_id FROM left_over")
        _leave_answers(connection, checked, each, "may_go")


def going_on(checked: Checked, each: IdRange) -> Onward:
    """Leave what of a range may go in circles, now that fewer of its parents may."""
    with scratch_database(folder_of_process()) as connection:
        going, may_go = (
            read_range(checked.file("going", each.number), 0),
            gather_range(checked.files("may_go"), each.number),
        )
        connection.register("left_over", going)
        connection.register("may_go", may_go)
        connection.execute("CREATE VIEW going AS FROM left_over")
        go_on(connection)
        return _leave_going(connection, checked, each)


def _leave_going(connection: duckdb.DuckDBPyConnection, checked: Checked, each: IdRange) -> Onward:
    going = connection.sql("FROM going").to_arrow_table()
    write_by_range(checked.file("going", each.number), going, [len(going)])
    _leave_parents(connection, checked, each, "(SELECT DISTINCT parent FROM going)")
    ((samples, first),) = connection.execute("SELECT count(DISTINCT sample_id), min(sample_id) FROM going").fetchall()
    return Onward(samples, len(going), first)


def _leave_parents(connection: duckdb.DuckDBPyConnection, checked: Checked, each: IdRange, source: str) -> int:
    """Leave the distinct parents of ``source``, to the ranges that they are in; how many there are."""
    parents = connection.sql(f"SELECT parent FROM {source} ORDER BY parent NULLS FIRST").to_arrow_table()
    write_by_range(checked.file("parents", each.number), parents, ends_of_ids(parents["parent"], checked.bits))
    return len(parents)


def _asked(checked: Checked, each: IdRange) -> pa.Table:
    """The parents in a range that any range asks about, with the number of the latter as ``child``."""
    parts = [read_range(file, each.number) for file in checked.files("parents")]
    numbers = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return pa.concat_tables(parts).append_column("child", pa.array(numbers, pa.int64()))


def _leave_answers(connection: duckdb.DuckDBPyConnection, checked: Checked, each: IdRange, table: str) -> None:
    """Leave what ``table`` has of each sample to the ranges that have asked for it."""
    answers = connection.sql(
        f"SELECT f.*, a.child FROM asked a JOIN {table} f ON f.sample_id = a.parent ORDER BY a.child"
    ).to_arrow_table()
    ends = ends_of_numbers(answers["child"], checked.bits)
    write_by_range(checked.file(table, each.number), answers.drop_columns("child"), ends)


class Piece(NamedTuple):
    """Some of the data, number ``number`` of the pieces; ``only``: of a directory, these files."""

    number: int
    data: Path
    identity: Identity
    only: tuple[str, ...] | None


@dataclass(frozen=True)
class Scanned:
    """A piece that was read into ``runs`` files of ids: its ``rows``, and what `Scan` says afterwards.

    ``error``: the path, row and problem at which reading ended.
    """

    rows: int
    runs: int
    files: tuple[tuple[int, str], ...] = ()
    samples_are_files: bool = False
    names: frozenset[str] = frozenset()
    error: tuple[str, int | None, str] | None = None


def scanned(checked: Checked, piece: Piece) -> Scanned:
    """Read a piece of the data; leaves the ids of its rows, with their numbers in the piece."""
    found = scan(piece.data, piece.identity, only=piece.only)
    runs = 0
    try:
        for batches in in_runs(found, lambda batch: len(batch.sample_ids), _RUN_ROWS):
            ids = pa.chunked_array([batch.sample_ids.cast(pa.binary()) for batch in batches])
            first = batches[0].first_row
            table = pa.table({"row": pa.array(np.arange(first, first + len(ids))), "sample_id": ids})
            table = table.sort_by("sample_id")
            file = checked.folder / f"rows-{piece.number}-{runs}"
            write_by_range(file, table, ends_of_ids(table["sample_id"].combine_chunks(), checked.bits))
            runs += 1
    except DataError as error:
        return Scanned(0, 0, error=(error.path, error.row, error.problem))
    return Scanned(found.rows, runs, tuple(found.files), found.samples_are_files, frozenset(found.names))


class Rows(NamedTuple):
    """How to find the rows of a range: for each run, its file and how many rows are before its piece's."""

    runs: Sequence[tuple[Path, int]]
    digest_size: int


def rows_of_range(rows: Rows, checked: Checked, each: IdRange) -> DifferingRows | None:
    """How the rows of the data and the records of a range differ; None where they do not."""
    table = _rows(rows, each)
    if rows.digest_size == checked.sidecar.digest_size:
        ids = np.array(table["sample_id"].to_numpy(), f"S{rows.digest_size}")
        samples, counts = np.unique(ids, return_counts=True)
        if not samples_differ({"sample_id": samples, "rows": counts}, SortedRecords(checked.sidecar), each):
            return None
    with checked.records(each) as connection:
        connection.register("rows", table)
        return differing_rows(connection)


def _rows(rows: Rows, each: IdRange) -> pa.Table:
    import pyarrow.compute as pc

    tables = [pa.table({"row": pa.array([], pa.int64()), "sample_id": pa.array([], pa.binary())})]
    for file, before in rows.runs:
        part = read_range(file, each.number)
        tables.append(part.set_column(0, "row", pc.add(part["row"], before)))
    return pa.concat_tables(tables)
