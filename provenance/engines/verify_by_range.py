"""`verification.verify` by tasks, wherever these are: the same findings, from ranges of ids and pieces of the data.

The rules are those of `lineage`; here is only who does what, and how it is put together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from provenance.engines.checks_in_tasks import (
    Checked,
    Failed,
    Onward,
    Piece,
    Rows,
    Scanned,
    altered,
    beside_parents,
    by_itself,
    going_on,
    holds_others,
    known_of_parents,
    rows_of_range,
    scanned,
    still_going,
    told,
)
from provenance.engines.range_files import gather_range
from provenance.errors import DataError, SidecarError
from provenance.identity import Identity
from provenance.identity.formats import open_reader
from provenance.identity.formats.directory import groups_of_files
from provenance.identity.scanning import place_in, require_declared
from provenance.lineage.database import scratch_database
from provenance.lineage.id_ranges import RECORDS_AT_ONCE, bits_for, ranges
from provenance.lineage.manifest import stated_parts
from provenance.lineage.problems import Problem, of_altered, of_bytes, of_data, of_sidecar
from provenance.lineage.row_checks import DifferingRows
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.sidecar_checks import Contradictions, circle, goes_in_circles
from provenance.lineage.sorted_records import SortedRecords
from provenance.lineage.verification import Totals

if TYPE_CHECKING:
    from provenance.engines.interface import InTasks

# So many edges that may go in circles are followed here, step by step: a task for each step would take longer.
_FOLLOWED_HERE = 1 << 20


def verify_by_range(
    data: Path,
    sidecar: Path,
    identity: Identity,
    *,
    name: str,
    md5: str | None,
    folder: Path,
    in_tasks: InTasks,
    records_at_once: int = RECORDS_AT_ONCE,
    followed_here: int = _FOLLOWED_HERE,
) -> list[Problem]:
    """As `verification.verify`. ``identity`` says how each row is identified, whatever others hold.

    ``folder``: for files, and seen by all tasks. Ranges have about ``records_at_once`` records.

    Raises:
        SidecarError: the sidecar cannot be read at all.
        duckdb.Error: the same, as DuckDB says.
    """
    opened = open_sidecar(sidecar)
    bits = bits_for(max(opened.records, opened.header.dataset.rows), records_at_once)
    there = opened.seen_from_elsewhere()
    checking = _Checking(Checked(there, folder.resolve(), bits), in_tasks, followed_here)
    checking.look_for_strangers()
    parts = [(file.resolve(), part, sha256) for file, part, sha256 in stated_parts(sidecar)]
    texts = of_altered([part for part in in_tasks(altered, parts) if part is not None] if parts else [])
    texts += checking.of_records()
    problems = of_sidecar(texts, name)
    if identity.digest_size == opened.digest_size:
        # Before the data is read: are its row groups in order?
        SortedRecords(opened)
    try:
        problems += checking.of_rows(data, identity, name)
    except DataError as error:
        return [*problems, of_data(error, data, name)]
    return problems + of_bytes(opened, name, md5)


class _Checking:
    def __init__(self, checked: Checked, in_tasks: InTasks, followed_here: int) -> None:
        self._checked = checked
        self._in_tasks = in_tasks
        self._followed_here = followed_here
        self._ranges = list(ranges(checked.bits))

    def look_for_strangers(self) -> None:
        """Do parts have ids of others?"""
        if self._checked.sidecar.layout is None:
            return
        numbers = range(len(self._checked.sidecar.part_files))
        self._checked = replace(self._checked, in_other_parts=any(self._of(holds_others, numbers)))

    def of_records(self) -> list[str]:
        """What is wrong with the records by themselves, in words."""
        totals, contradictions, parents = Totals(in_other_parts=self._checked.in_other_parts), Contradictions(), 0
        for found in self._of_ranges(by_itself):
            totals.add(found.totals)
            contradictions.add(found.contradictions)
            parents += found.parents
        if parents:
            totals.dangling = sum(self._of_ranges(known_of_parents))
            left = []
            for beside, onward in self._of_ranges(beside_parents):
                contradictions.add(beside)
                left.append(onward)
            contradictions.in_circles = self._circle(left)
        return [*totals.said(self._checked.sidecar), *contradictions.said()]

    def _circle(self, left: Sequence[Onward]) -> str | None:
        while sum(each.edges for each in left) > self._followed_here:
            before = sum(each.samples for each in left)
            self._of_ranges(still_going)
            left = self._of_ranges(going_on)
            if sum(each.samples for each in left) == before:
                return goes_in_circles(min(each.first for each in left if each.first is not None))
        if not any(each.edges for each in left):
            return None
        with scratch_database(self._checked.folder) as connection:
            going = gather_range(self._checked.files("going"), 0)
            connection.register("left_over", going)
            connection.execute("CREATE VIEW going AS FROM left_over")
            return circle(connection)

    def of_rows(self, data: Path, identity: Identity, name: str) -> list[Problem]:
        """Which rows of the data and which samples differ.

        Raises:
            DataError: the data cannot be read; it names the row.
        """
        read = self._read(data, identity)
        before = list(accumulate((piece.rows for piece in read), initial=0))
        runs = [
            (self._checked.folder / f"rows-{number}-{run}", before[number])
            for number, piece in enumerate(read)
            for run in range(piece.runs)
        ]
        found = DifferingRows()
        for differing in self._of_ranges(partial(rows_of_range, Rows(runs, identity.digest_size))):
            found = found if differing is None else found.with_those(differing)
        files = [(before[n] + first, file) for n, piece in enumerate(read) for first, file in piece.files]
        are_files = any(piece.samples_are_files for piece in read)
        return found.said(name, lambda row: place_in(files, row, samples_are_files=are_files))

    def _read(self, data: Path, identity: Identity) -> list[Scanned]:
        some = groups_of_files(open_reader(data, identity))
        # Not where links lead: names tell formats.
        place = data.absolute()
        pieces = [Piece(number, place, identity, only) for number, only in enumerate(some)]
        read: list[Scanned] = self._of(scanned, pieces)
        for piece in read:
            if piece.error is not None:
                path, row, problem = piece.error
                raise DataError(path, row, problem).renamed(place, str(data))
        names = frozenset[str]().union(*(piece.names for piece in read))
        require_declared(data, identity, names, sum(piece.rows for piece in read))
        return read

    def _of_ranges(self, work: Callable[[Checked, Any], Any]) -> list[Any]:
        return self._of(work, self._ranges)

    def _of(self, work: Callable[[Checked, Any], Any], items: Iterable[Any]) -> list[Any]:
        """What ``work`` gives for each of ``items``; the first failure, in their order, is raised."""
        found = list(self._in_tasks(partial(told, work, self._checked), items))
        for each in found:
            if isinstance(each, Failed):
                raise SidecarError(each.said) if each.is_stated else duckdb.Error(each.said)
        return found
