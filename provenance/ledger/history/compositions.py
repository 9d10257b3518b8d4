"""Compositions of sidecars of many commits: remembered by the sidecar's hash, the new ones counted in one query."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from provenance.cached import read_cached, write_cached
from provenance.errors import ProvenanceError, SidecarError
from provenance.ledger.groups import CELL_COLUMNS, Cell, Counted, count_cells

if TYPE_CHECKING:
    import duckdb

    from provenance.lineage.sidecar import Sidecar
    from provenance.repository import Repository
    from provenance.repository.history import Version

MISSING, UNUSABLE = "missing", "unusable"

_VERSION = 1
# Each sidecar of a query is an open file.
_FILES_AT_ONCE = 200


@dataclass(frozen=True)
class Composition:
    """What a sidecar says of its dataset, whose md5 it states as ``described``."""

    counted: Counted
    described: str | None


@dataclass(frozen=True)
class Unknown:
    """Why there is no composition; ``state``: ``missing``, the sidecar is not to be had, or ``unusable``."""

    state: str
    reason: str


class Compositions:
    """The compositions of ``versions``, all that are wanted at once; sidecars are fetched one at a time if need be."""

    def __init__(self, repository: Repository, versions: Iterable[Version]) -> None:
        self._repository = repository
        self._folder = repository.temporary / "compositions"
        self._found: dict[str, Composition | Unknown] = {}
        files: dict[str, Path] = {}
        for version in versions:
            key = _key(version)
            if key is None or key in self._found or key in files or self._remember(key):
                continue
            try:
                file = repository.sidecar_of(version)
            except ProvenanceError as error:
                self._found[key] = Unknown(MISSING, str(error))
                continue
            if file is None:
                self._found[key] = Unknown(MISSING, absent(repository))
            else:
                files[key] = file
        self._count(files)

    def of(self, version: Version) -> Composition | Unknown:
        """The composition of ``version``, or why there is none."""
        key = _key(version)
        return Unknown(MISSING, "it had no sidecar") if key is None else self._found[key]

    def _remember(self, key: str) -> bool:
        stored = read_cached(self._folder / f"{key}.json", _VERSION)
        # What is to be had is decided by what is there, not by what was noted of it.
        if stored is None or not Path(stored["file"]).is_file():
            return False
        self._found[key] = Composition(Counted(stored["rows"], stored["groups"]), stored["described"])
        return True

    def _count(self, files: Mapping[str, Path]) -> None:
        if not files:
            return
        from provenance.lineage.sidecar import open_sidecar

        sidecars: dict[str, Sidecar] = {}
        for key, file in files.items():
            try:
                sidecars[key] = open_sidecar(file)
            except SidecarError as error:
                self._found[key] = Unknown(UNUSABLE, str(error))
        for key, counted in count_sidecars(sidecars, self._repository.temporary).items():
            if isinstance(counted, str):
                self._found[key] = Unknown(UNUSABLE, counted)
                continue
            described = sidecars[key].header.dataset.md5
            self._found[key] = Composition(counted, described)
            note = {"file": str(files[key]), "described": described, "rows": counted.rows, "groups": counted.groups}
            write_cached(self._folder / f"{key}.json", _VERSION, note)


def absent(repository: Repository) -> str:
    """Why a sidecar that was tracked is not to be had."""
    if not repository.fetches:
        return "its sidecar is not on this machine, and --no-fetch forbids to fetch it"
    return "its sidecar is in no cache and on no remote: `dvc gc` collected it, or it was never pushed"


def count_sidecars(sidecars: Mapping[str, Sidecar], workspace: Path) -> dict[str, Counted | str]:
    """The rows of each of ``sidecars``; or, in place of what is damaged, what is wrong."""
    from provenance.lineage.database import scratch_database

    names = list(sidecars)
    found: dict[str, Counted | str] = {}
    with TemporaryDirectory(prefix="history-", dir=workspace) as folder, scratch_database(Path(folder)) as connection:
        for start in range(0, len(names), _FILES_AT_ONCE):
            some = {name: sidecars[name] for name in names[start : start + _FILES_AT_ONCE]}
            cells = _cells(connection, list(some.values()))
            for place, (name, sidecar) in enumerate(some.items()):
                found[name] = _checked(sidecar, cells[place])
    return found


def _cells(connection: duckdb.DuckDBPyConnection, sidecars: list[Sidecar]) -> list[list[Cell] | str]:
    import duckdb

    from provenance.lineage.database import parquet_rows

    columns = ", ".join(CELL_COLUMNS)
    try:
        rows = connection.execute(
            f"SELECT file_index::BIGINT, {columns}, sum(rows)::BIGINT "
            f"FROM {parquet_rows(*(sidecar.path for sidecar in sidecars))} WHERE rows > 0 GROUP BY ALL"
        ).fetchall()
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        if len(sidecars) > 1:
            # One of them is damaged: which?
            return [_cells(connection, [sidecar])[0] for sidecar in sidecars]
        return [f"{sidecars[0].path}: cannot be read ({str(error).splitlines()[0]}); restore it with `dvc checkout`"]
    cells: list[list[Cell] | str] = [[] for _ in sidecars]
    for place, *cell in rows:
        of_sidecar = cells[place]
        assert isinstance(of_sidecar, list)
        of_sidecar.append(tuple(cell))
    return cells


def _checked(sidecar: Sidecar, cells: list[Cell] | str) -> Counted | str:
    if isinstance(cells, str):
        return cells
    stated = sidecar.header.dataset.rows
    try:
        counted = count_cells(cells, sidecar.header)
    except IndexError:
        return f"{sidecar.path}: its records refer to what its footer does not describe; it is damaged"
    if counted.rows != stated:
        return f"{sidecar.path}: its records account for {counted.rows} rows, its footer states {stated}; it is damaged"
    return counted


def _key(version: Version) -> str | None:
    """What a version's composition is remembered by; None where it has no sidecar."""
    if version.sidecar is not None:
        return version.sidecar.md5
    if version.data is not None and version.data.imported:
        # The sidecar is in the repository that it was imported from, which the commit names.
        return hashlib.sha256(f"{version.commit.sha}:{version.path}".encode()).hexdigest()
    return None
