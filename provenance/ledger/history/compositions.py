"""Compositions of sidecars of many commits: remembered by the sidecar's hash, the new ones counted in one query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.cached import read_cached, write_cached
from provenance.files import scratch_folder
from provenance.ledger.composition.counted import CELL_COLUMNS, Counted, count_cells, counted_rows
from provenance.ledger.history.making import Fact, facts_of
from provenance.ledger.history.sidecars import (
    MISSING,
    NO_SIDECAR,
    UNUSABLE,
    Unknown,
    ask_each,
    key_of,
    locate,
    open_each,
)

if TYPE_CHECKING:
    from provenance.ledger.rows import DatasetRows
    from provenance.lineage.sidecar import Sidecar
    from provenance.repository import Repository
    from provenance.repository.history import Version

_VERSION = 4


@dataclass(frozen=True)
class Composition:
    """What a sidecar says of its dataset, whose md5 it states as ``described``, and how it was ``made``."""

    counted: Counted
    described: str | None
    made: frozenset[Fact]


class Compositions:
    """The compositions of ``versions``, all that are wanted at once; sidecars are fetched one at a time if need be."""

    def __init__(self, repository: Repository, versions: Iterable[Version]) -> None:
        self._repository = repository
        self._folder = repository.temporary / "compositions"
        self._found: dict[str, Composition | Unknown] = {}
        located = locate(repository, versions, self._remember)
        self._found.update(located.unknown)
        self._count(located.files)

    def of(self, version: Version) -> Composition | Unknown:
        """The composition of ``version``, or why there is none."""
        key = key_of(version)
        return Unknown(MISSING, NO_SIDECAR) if key is None else self._found[key]

    def _remember(self, key: str) -> bool:
        stored = read_cached(self._folder / f"{key}.json", _VERSION)
        # What is available is decided by what is there, not by what was noted of it.
        if stored is None or not Path(stored["file"]).exists():
            return False
        made = frozenset(Fact(*fact) for fact in stored["made"])
        self._found[key] = Composition(Counted(stored["rows"], stored["groups"]), stored["described"], made)
        return True

    def _count(self, files: Mapping[str, Path]) -> None:
        if not files:
            return
        sidecars, damaged = open_each(files, self._repository.temporary)
        self._found.update(damaged)
        for key, counted in count_sidecars(sidecars, self._repository.temporary).items():
            if isinstance(counted, str):
                self._found[key] = Unknown(UNUSABLE, counted)
                continue
            header = sidecars[key].header
            described, made = header.dataset.md5, facts_of(header)
            self._found[key] = Composition(counted, described, made)
            counts = {"rows": counted.rows, "groups": counted.groups, "made": sorted(made, key=str)}
            note = {"file": str(files[key]), "described": described, **counts}
            write_cached(self._folder / f"{key}.json", _VERSION, note)


def _all_rows(sidecar: Sidecar, workspace: Path) -> DatasetRows:
    """The rows of a sidecar with ambiguous ones, of which samples are looked at one by one; few sidecars have any."""
    from provenance.engines.duckdb import duckdb_engine
    from provenance.engines.samples_view import merged_vocabulary
    from provenance.ledger.rows import DatasetRows

    with (
        scratch_folder(workspace, "history") as folder,
        duckdb_engine([sidecar], merged_vocabulary([sidecar]), folder) as engine,
    ):
        return DatasetRows(engine.of(0).cells(), engine.of(0).ambiguous())


def count_sidecars(sidecars: Mapping[str, Sidecar], workspace: Path) -> dict[str, Counted | str]:
    """The rows of each of ``sidecars``; or, in place of what is damaged, what is wrong."""
    counted = "sum(rows)::BIGINT, coalesce(sum(ambiguous_rows), 0)::BIGINT"
    condition = "rows > 0 OR ambiguous_rows > 0"
    cells = ask_each(sidecars, f"{', '.join(CELL_COLUMNS)}, {counted}", condition, workspace)
    return {name: _checked(sidecars[name], found, workspace) for name, found in cells.items()}


def _checked(sidecar: Sidecar, cells: list[Any] | str, workspace: Path) -> Counted | str:
    if isinstance(cells, str):
        return cells
    try:
        counted = count_cells((tuple(cell) for *cell, _ in cells), sidecar.header)
    except IndexError:
        return f"{sidecar.path}: its records refer to what its footer does not describe; it is damaged"
    if any(ambiguous for *_, ambiguous in cells):
        counted = counted_rows(_all_rows(sidecar, workspace))
    problem = sidecar.miscounted(counted.rows)
    return counted if problem is None else f"{sidecar.path}: {problem}; it is damaged"
