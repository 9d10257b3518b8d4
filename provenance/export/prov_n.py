"""W3C PROV as PROV-N (recommendation of 2013), which people read, record by record."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from provenance.export import prov_rules
from provenance.export.checking import not_installed, problems
from provenance.export.interface import Checked, Gap
from provenance.export.prov_document import gaps, records
from provenance.export.prov_records import PREFIXES, Name, Record, Value

if TYPE_CHECKING:
    from provenance.export.subject import Subject

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class ProvN:
    """The same records as in PROV-JSON."""

    name = "prov-n"
    media_type = "text/provenance-notation"
    size = "activities, models, sources and prompts; with --sample, the samples and their ancestors"
    takes_samples = True

    def gaps(self, subject: Subject) -> Sequence[Gap]:
        return gaps(subject)

    def write(self, subject: Subject, file: TextIO) -> None:
        file.write("document\n")
        for prefix, namespace in PREFIXES.items():
            file.write(f"  prefix {prefix} <{namespace}>\n")
        for record in records(subject):
            file.write(f"  {notation(record)}\n")
        file.write("endDocument\n")

    def check(self, file: Path) -> Checked:
        if missing := not_installed("prov"):
            return missing
        return problems(_problems(file))


def notation(record: Record) -> str:
    """The record on one line."""
    arguments = [] if record.identifier is None else [str(record.identifier)]
    formal = [value for _, value in record.formal]
    if record.kind == "wasDerivedFrom":
        # It takes all of its arguments or the first two.
        formal = formal if any(formal[2:]) else formal[:2]
    arguments += ["-" if value is None else _argument(value) for value in formal]
    if record.said:
        arguments.append(f"[{', '.join(f'{key}={_literal(value)}' for key, value in record.said)}]")
    return f"{record.kind}({', '.join(arguments)})"


def _argument(value: Name | datetime) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _literal(value: Value) -> str:
    if isinstance(value, Name):
        return f"'{value}'"
    if isinstance(value, bool):
        return f'"{"true" if value else "false"}" %% xsd:boolean'
    if isinstance(value, int):
        return f'"{value}" %% xsd:integer'
    return f'"{value!r}" %% xsd:double' if isinstance(value, float) else f'"{_escaped(value)}"'


def _escaped(text: str) -> str:
    """``text`` in a string; what does not print and has no escape in PROV-N is spelt out."""
    return "".join(_ESCAPES.get(c) or (c if c.isprintable() else f"\\\\u{ord(c):04x}") for c in text)


def _problems(file: Path) -> Iterator[str]:
    from prov.model import ProvDocument

    try:
        with open(file, encoding="utf-8") as opened:
            read = ProvDocument.deserialize(opened, format="provn")
        text = io.StringIO()
        read.serialize(text, format="json")
    except Exception as error:  # noqa: BLE001 - whatever it finds wrong
        yield f"prov: {type(error).__name__}: {' '.join(str(error).split())}"
        return
    yield from prov_rules.problems_of(json.loads(text.getvalue()))


EXPORT = ProvN()
