"""What a journal holds, as far as a recorder keeps it in memory, and how it is read again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from provenance.capture.recording.journal_lines import (
    Key,
    encoded,
    fields_of_row,
    is_of_rows,
    line_of,
    parts_of_batch,
    whole_contents,
)
from provenance.errors import ProvenanceError
from provenance.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

_FORMAT = 5


@dataclass(frozen=True)
class Heading:
    """What a journal is of: finished rows can be used again only under the same ``configuration`` (a digest).

    ``activity`` is the JSON of the activity as it was first started.
    """

    configuration: str
    activity: Mapping[str, Any]

    def line(self) -> bytes:
        return encoded({"journal": _FORMAT, "configuration": self.configuration, "activity": self.activity})


@dataclass
class Content:
    """What a journal holds, as far as it is kept in memory.

    ``end``: length in bytes of its whole lines; ``damaged``: how many others there were.
    """

    activity: Mapping[str, Any]
    end: int = 0
    damaged: int = 0
    rows: int = 0
    all_keyed: bool = True
    packages: dict[str, str] | None = None
    keys: set[Key] = field(default_factory=set)
    rejected: set[Key] = field(default_factory=set)
    datasets: set[str] = field(default_factory=set)
    makers: list[Mapping[str, Any]] = field(default_factory=list)

    def take_row(self, key: Key | None) -> None:
        """Take in the line of a row."""
        self.rows += 1
        if key is None:
            self.all_keyed = False
        else:
            self.keys.add(key)

    def take_rows(self, count: int, keys: Collection[Key]) -> None:
        """Take in the lines of ``count`` rows, and the ``keys`` of those that have one, all different."""
        self.rows += count
        self.keys.update(keys)
        if len(keys) < count:
            self.all_keyed = False

    def take(self, line: Mapping[str, Any]) -> None:
        """Take in another line after the first."""
        if "reason" in line:
            self.rejected.add(line["key"])
            self.keys.add(line["key"])
        elif "dataset" in line:
            self.datasets.add(line["dataset"])
        elif "maker" in line:
            if line["number"] > len(self.makers) + 1:
                raise ProvenanceError("a journal's description of a model is damaged, twice; remove it to start afresh")
            if line["number"] > len(self.makers):
                self.makers.append(line["maker"])
        elif "packages" in line:
            self.packages = self.packages or line["packages"]

    def take_content(self, content: bytes) -> None:
        """Take in a line as it was read."""
        fields = fields_of_row(content)
        if fields is not None:
            self.take_row(orjson.loads(fields[0]) if fields[0] else None)
        elif (batch := parts_of_batch(content)) is not None:
            about = orjson.loads(batch[0])
            self.take_rows(about["rows"], [key for key in about.get("keys", ()) if key is not None])
        elif "journal" not in (parsed := orjson.loads(content)):
            self.take(parsed)
        self.end += len(line_of(content))


def read_content(path: Path, heading: Heading) -> tuple[bool, Content | None]:
    """Whether anything whole is in the journal at ``path``, and what it holds where it is of ``heading``."""
    damaged = 0
    content: Content | None = None
    found = False
    with open(path, "rb") as file:
        for line in whole_contents(file):
            if line is None:
                damaged += 1
                continue
            found = True
            if content is not None:
                content.take_content(line)
            elif (activity := _activity_of(line, heading)) is not None:
                content = Content(activity, end=len(line_of(line)))
            else:
                return True, None
    if content is not None:
        content.damaged = damaged
    return found or bool(damaged), content


def _activity_of(first: bytes, heading: Heading) -> Mapping[str, Any] | None:
    """The activity in the first whole line of a journal; None where that is not of ``heading``."""
    parsed = {} if is_of_rows(first) else orjson.loads(first)
    is_same = parsed.get("journal") == _FORMAT and parsed["configuration"] == heading.configuration
    return parsed["activity"] if is_same else None


def without_damage(path: Path) -> int:
    """Take damaged lines out of the journal; its length in bytes then."""
    with whole_file(path) as temporary, open(path, "rb") as file, open(temporary, "wb") as kept:
        for line in whole_contents(file):
            if line is not None:
                kept.write(line_of(line))
        return kept.tell()
