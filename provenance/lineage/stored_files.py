"""Files on object storage as DuckDB reads them: by names of this process, through an interface of fsspec's."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.stored import StoredFile

if TYPE_CHECKING:
    import duckdb

_PROTOCOL = "provenance-stored"
# By the path and the storage, of which several may be configured for one address in the life of a process.
_NAMES: dict[tuple[str, int], str] = {}
_FILES: dict[str, StoredFile] = {}


def name_of(path: Path) -> str:
    """What DuckDB calls the file at ``path``."""
    if not isinstance(path, StoredFile):
        return str(path)
    key = str(path), id(path.storage)
    if key not in _NAMES:
        number = str(len(_NAMES))
        _NAMES[key] = f"{_PROTOCOL}://{number}"
        _FILES[number] = path
    return _NAMES[key]


def let_read(connection: duckdb.DuckDBPyConnection) -> None:
    """Let ``connection`` read files by the names that `name_of` gives them."""
    from fsspec import AbstractFileSystem

    class StoredFiles(AbstractFileSystem):  # type: ignore[misc]
        protocol = _PROTOCOL
        cachable = False

        def info(self, path: str, **_: Any) -> dict[str, Any]:
            file = self._file(path)
            return {"name": path, "size": file.size, "type": "file"}

        def open(self, path: str, mode: str = "rb", **_: Any) -> Any:
            return self._file(path).open(mode)

        def modified(self, path: str) -> datetime:
            # An object that goes by the hash of its content does not change.
            return datetime(2000, 1, 1, tzinfo=UTC)

        def _file(self, path: str) -> StoredFile:
            try:
                return _FILES[self._strip_protocol(path)]
            except KeyError:
                raise FileNotFoundError(path) from None

    connection.register_filesystem(StoredFiles())
