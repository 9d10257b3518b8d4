"""The sidecars of many versions of datasets: where they are, each once, fetched one at a time if need be; and what
all of them answer to one question."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.errors import ProvenanceError, RepositoryError, SidecarError
from provenance.files import generations_in, scratch_folder
from provenance.ledger.collecting import absent

if TYPE_CHECKING:
    import duckdb

    from provenance.lineage.sidecar import Sidecar
    from provenance.repository import Repository
    from provenance.repository.history import Version

MISSING, UNUSABLE = "missing", "unusable"
NO_SIDECAR = "it had no sidecar"
# Each sidecar of a query is an open file.
_FILES_AT_ONCE = 200


@dataclass(frozen=True)
class Unknown:
    """Why a sidecar does not tell; ``state``: ``missing``, it cannot be found, or ``unusable``."""

    state: str
    reason: str


@dataclass
class Located:
    """Sidecars by their keys: files to read and never to change, and why others are missing."""

    files: dict[str, Path] = field(default_factory=dict)
    unknown: dict[str, Unknown] = field(default_factory=dict)


def key_of(version: Version) -> str | None:
    """What the sidecar of a version is known by, as long as what it says is the same; None where it has none."""
    if version.sidecar is not None:
        return version.sidecar.md5
    if version.data is not None and version.data.imported:
        # The sidecar is in the repository that it was imported from, which the commit names.
        return hashlib.sha256(f"{version.commit.sha}:{version.path}".encode()).hexdigest()
    return None


def locate(
    repository: Repository, versions: Iterable[Version], passed_over: Callable[[str], bool] = lambda key: False
) -> Located:
    """The sidecars of ``versions``; ``passed_over`` says by their keys which are not wanted."""
    located = Located()
    for version in versions:
        key = key_of(version)
        if key is None or key in located.files or key in located.unknown or passed_over(key):
            continue
        try:
            file = repository.sidecar_of(version)
        except SidecarError as error:
            located.unknown[key] = Unknown(UNUSABLE, str(error))
            continue
        except ProvenanceError as error:
            located.unknown[key] = Unknown(MISSING, str(error))
            continue
        if file is None:
            located.unknown[key] = Unknown(MISSING, absent(repository) if version.sidecar else NO_SIDECAR)
        else:
            located.files[key] = file
    return located


def open_each(files: Mapping[str, Path], temporary: Path) -> tuple[dict[str, Sidecar], dict[str, Unknown]]:
    """The sidecars in ``files``, by their keys, and what is wrong with the others.

    ``temporary``: see `generations_in`.
    """
    from provenance.lineage.sidecar import open_sidecar

    sidecars: dict[str, Sidecar] = {}
    unusable: dict[str, Unknown] = {}
    for key, file in files.items():
        try:
            sidecars[key] = open_sidecar(file, generations_in(temporary))
        except SidecarError as error:
            unusable[key] = Unknown(UNUSABLE, str(error))
        except RepositoryError as error:
            # On object storage, one of its files is not there, or cannot be had.
            unusable[key] = Unknown(MISSING, str(error))
    return sidecars, unusable


def ask_each(
    sidecars: Mapping[str, Sidecar], columns: str, condition: str, workspace: Path
) -> dict[str, list[Any] | str]:
    """For each sidecar, by its key, the distinct rows of ``columns`` where ``condition`` holds (SQL, with aggregates).

    In place of the rows of what is damaged, what is wrong. ``workspace`` is for temporary files.
    """
    from provenance.lineage.database import scratch_database

    if not sidecars:
        return {}
    keys = list(sidecars)
    found: dict[str, list[Any] | str] = {}
    with scratch_folder(workspace, "history") as folder, scratch_database(folder) as connection:
        for some in _few_files(sidecars, keys):
            answers = _ask(connection, [sidecars[key] for key in some], columns, condition)
            found.update(zip(some, answers, strict=True))
    return found


def _few_files(sidecars: Mapping[str, Sidecar], keys: list[str]) -> Iterator[list[str]]:
    """``keys``, as many at a time as may be open at once; always one."""
    some: list[str] = []
    files = 0
    for key in keys:
        files += len(sidecars[key].files)
        if some and files > _FILES_AT_ONCE:
            yield some
            some, files = [], len(sidecars[key].files)
        some.append(key)
    yield some


def _ask(
    connection: duckdb.DuckDBPyConnection, sidecars: list[Sidecar], columns: str, condition: str
) -> list[list[Any] | str]:
    import duckdb

    from provenance.lineage.database import said_by
    from provenance.lineage.record_rows import records_of

    records = records_of(sidecars)
    try:
        rows = connection.execute(
            f"SELECT {records.sidecar}, {columns} FROM {records.rows} WHERE {condition} GROUP BY ALL"
        ).fetchall()
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        if len(sidecars) > 1:
            # One of them is damaged: which?
            return [_ask(connection, [sidecar], columns, condition)[0] for sidecar in sidecars]
        return [f"{sidecars[0].path}: cannot be read ({said_by(error)}); restore it with `dvc checkout`"]
    answers: list[list[Any]] = [[] for _ in sidecars]
    for place, *row in rows:
        answers[place].append(tuple(row))
    return [*answers]
