"""W3C PROV as PROV-JSON (member submission of 2013), written record by record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from provenance.export import prov_rules
from provenance.export.checking import by_schema, check_json, not_installed, problems
from provenance.export.interface import Checked, Gap
from provenance.export.prov_document import gaps, records
from provenance.export.prov_records import PREFIXES, Name, Record, Value

if TYPE_CHECKING:
    from provenance.export.subject import Subject


class ProvJson:
    """Datasets as such, or samples and what they go back to."""

    name = "prov-json"
    media_type = "application/json"
    size = "activities, models, sources and prompts; with --sample, the samples and their ancestors"
    takes_samples = True

    def gaps(self, subject: Subject) -> Sequence[Gap]:
        return gaps(subject)

    def write(self, subject: Subject, file: TextIO) -> None:
        file.write(f'{{\n"prefix": {json.dumps(PREFIXES)}')
        number = 0
        for kind, several in groupby(records(subject), key=lambda record: record.kind):
            file.write(f',\n"{kind}": {{')
            for place, record in enumerate(several):
                number += 1
                identifier = record.identifier or f"_:r{number}"
                file.write(f"{',' if place else ''}\n  {json.dumps(identifier)}: {json.dumps(members(record))}")
            file.write("\n}")
        file.write("\n}\n")

    def check(self, file: Path) -> Checked:
        return check_json(file, lambda found: problems(prov_rules.problems_of(found)) + _by_prov(file, found))


def members(record: Record) -> dict[str, Any]:
    """The record's members in PROV-JSON; a name that is said twice has a list."""
    found: dict[str, Any] = {}
    for key, value in record.formal:
        if value is not None:
            found[f"prov:{key}"] = value.isoformat() if isinstance(value, datetime) else value
    for key, said in record.said:
        literal = _literal(said)
        if key not in found:
            found[key] = literal
        else:
            found[key] = [*(found[key] if isinstance(found[key], list) else [found[key]]), literal]
    return found


def _literal(value: Value) -> Any:
    if isinstance(value, Name):
        return {"$": value, "type": "prov:QUALIFIED_NAME"}
    if isinstance(value, bool):
        return {"$": "true" if value else "false", "type": "xsd:boolean"}
    if isinstance(value, int):
        return {"$": str(value), "type": "xsd:integer"}
    return {"$": repr(value), "type": "xsd:double"} if isinstance(value, float) else value


def _by_prov(file: Path, document: Any) -> Checked:
    if missing := not_installed("prov"):
        return missing
    return by_schema(document, _schema()) + problems(_read_back(file))


def _schema() -> Any:
    """The schema of the member submission, which comes with the package `prov`."""
    from importlib.resources import files

    return json.loads(files("prov").joinpath("tests/schemas/prov-json.schema.json").read_text(encoding="utf-8"))


def _read_back(file: Path) -> Iterator[str]:
    import warnings

    from prov.model import ProvDocument

    try:
        # What it warns of, the schema rejects.
        with open(file, encoding="utf-8") as opened, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ProvDocument.deserialize(opened, format="json")
    except Exception as error:  # noqa: BLE001 - whatever it finds wrong
        yield f"prov: {type(error).__name__}: {' '.join(str(error).split())}"


EXPORT = ProvJson()
