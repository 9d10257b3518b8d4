"""What a PROV-JSON document says of each name in it, on disk: such a document may be as large as the dataset."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from provenance.arguments import warn
from provenance.capture.declaring.importers.json_members import members_of_members
from provenance.errors import DataError

_ELEMENTS = ("entity", "activity", "agent")
# Of each relation that is read, the argument that it is about.
_ABOUT = {
    "wasGeneratedBy": "prov:entity",
    "wasAttributedTo": "prov:entity",
    "wasInvalidatedBy": "prov:entity",
    "wasDerivedFrom": "prov:generatedEntity",
    "specializationOf": "prov:specificEntity",
    "wasAssociatedWith": "prov:activity",
    "used": "prov:activity",
}
# What is said of an entity that others specialise: each of these is a birth of it.
GENERAL = "generalizationOf"
_REMEMBERED = 10_000
_SELECT = "SELECT said, value FROM facts WHERE name = ? ORDER BY number"

# The records about a name, by their kind.
Facts = Mapping[str, list[Mapping[str, Any]]]


class ProvFacts:
    """The records of the document at ``path``, found by the names that they are about."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self._prefixes: dict[str, str] = {}
        self._connection = sqlite3.connect(folder / "prov.sqlite", isolation_level=None)
        # The file is temporary: nothing of it is worth a sync or a journal.
        for pragma in ("journal_mode = OFF", "synchronous = OFF"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE facts(number INTEGER PRIMARY KEY, name TEXT, said TEXT, value TEXT)")
        self._connection.execute("BEGIN")
        for number, (kind, identifier, value) in enumerate(members_of_members(path), 1):
            try:
                self._take_in(kind, identifier, value)
            except (ValueError, TypeError) as error:
                raise DataError(path, None, f"record {number:,}, {kind} {identifier[:80]!r}: {error}") from error
        self._connection.execute("CREATE INDEX by_name ON facts(name)")
        self.about = lru_cache(_REMEMBERED)(self._about)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def entities(self) -> Iterator[str]:
        """The names of all entities, in order."""
        found = self._connection.execute("SELECT DISTINCT name FROM facts WHERE said = 'entity' ORDER BY name")
        for (name,) in found:
            yield name

    def iri(self, name: str) -> str:
        """A qualified name, with the namespace that the document gives its prefix."""
        prefix, colon, local = name.partition(":")
        if not colon:
            return self._prefixes.get("default", "") + name
        return f"{self._prefixes[prefix]}{local}" if prefix in self._prefixes else name

    def _about(self, name: str) -> Facts:
        found: dict[str, list[Mapping[str, Any]]] = {}
        for said, value in self._connection.execute(_SELECT, (name,)):
            found.setdefault(said, []).append(json.loads(value))
        return found

    def _take_in(self, kind: str, identifier: str, value: Any) -> None:
        if kind == "prefix":
            self._prefixes[identifier] = _text(value)
        elif kind == "bundle":
            warn(f"{self.path}: what is in the bundle {identifier[:80]!r} is not read")
        for record in value if isinstance(value, list) else [value]:
            if kind in _ELEMENTS:
                self._add(identifier, kind, record)
            elif kind in _ABOUT:
                name = _text(record.get(_ABOUT[kind]))
                self._add(name, kind, record)
                if kind == "specializationOf":
                    self._add(_text(record.get("prov:generalEntity")), GENERAL, {"prov:specificEntity": name})

    def _add(self, name: str, said: str, record: Any) -> None:
        if not isinstance(record, Mapping):
            raise TypeError("it is not a JSON object")
        self._connection.execute(
            "INSERT INTO facts(name, said, value) VALUES (?, ?, ?)", (name, said, json.dumps(record))
        )


def attributes(facts: Facts, kind: str) -> dict[str, Any]:
    """The attributes of an element as plain values; what is said several times is a list."""
    found: dict[str, Any] = {}
    for record in facts.get(kind, ()):
        for name, value in record.items():
            found[name] = [plain(each) for each in value] if isinstance(value, list) else plain(value)
    return found


def plain(value: Any) -> Any:
    """A literal as a plain value."""
    if not isinstance(value, Mapping):
        return value
    text, kind = value.get("$"), str(value.get("type", "")).rpartition(":")[2]
    if kind in ("integer", "int", "long", "nonNegativeInteger"):
        return int(_text(text)) if isinstance(text, str) else text
    if kind in ("double", "float", "decimal"):
        return float(_text(text)) if isinstance(text, str) else text
    return text in ("true", "1", True) if kind == "boolean" else text


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{str(value)[:80]!r} is not text")
    return value
