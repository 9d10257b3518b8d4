"""Importers whose statements are in other files, one entry per response, joined to rows on a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from provenance.capture.column_values import column_value
from provenance.capture.declaring.importers.interface import Importer, Request, Row, Statement
from provenance.capture.lookup import Lookup
from provenance.errors import ProvenanceError


class KeyedImporter(Importer):
    """Looks each row's key up in what a subclass entered with `enter`; the key is text in column ``column``."""

    def __init__(self, request: Request, column: str) -> None:
        super().__init__(request)
        if not request.using:
            raise ProvenanceError(f"{request.data.name}: name the files that the generator left with --using")
        self._column = column
        self._entries = Lookup(request.workspace / "entries.sqlite")

    def enter(self, key: str, stated: Mapping[str, Any], part: str = "", *, joined: bool = False) -> None:
        """Keep ``stated`` for the rows with ``key``; several ``part``s of one key are put together.

        Args:
            joined: entries of one key that contradict each other in nothing are about one thing, each of which may
                tell what the other leaves out.
        """
        values = {name: value for name, value in stated.items() if value is not None}
        encoded_key = f"{part}\0{key}".encode()
        self._entries.add(encoded_key, _encoded(values), _joined if joined else None)

    def found(self, row: Row, *parts: str) -> Statement:
        """What was entered for the row's key under all of ``parts``.

        Raises:
            ValueError: several entries have the key.
        """
        key = column_value(row, self._column)
        if key is None:
            return {}
        stated: Statement = {}
        for part in parts or ("",):
            try:
                entry = self._entries.get(f"{part}\0{key}".encode())
            except ValueError as error:
                raise ValueError(f"{self._column} {str(key)[:80]!r} {error}") from None
            stated |= {} if entry is None else orjson.loads(entry)
        return stated

    def close(self) -> None:
        self._entries.close()


def _encoded(values: Mapping[str, Any]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def _joined(one: bytes, other: bytes) -> bytes | None:
    """All that two entries say; None where they contradict each other."""
    values, more = orjson.loads(one), orjson.loads(other)
    is_one_thing = all(values[name] == more[name] for name in values.keys() & more.keys())
    return _encoded(values | more) if is_one_thing else None
