"""Any mapping from columns, constants and templates: what the person who declares knows of the dataset.

The same mapping is laid over what every other importer finds; with ``--from columns`` there is nothing below it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from provenance.capture.column_values import column_value
from provenance.capture.declaring.importers.interface import FIELDS, Importer, Row, Statement
from provenance.capture.generators import Prompt
from provenance.errors import ProvenanceError

PARAMETERS = (
    *("temperature", "top_p", "top_k", "max_tokens", "stop_sequences", "frequency_penalty", "presence_penalty"),
    "choice.count",
)
_COLUMNS_KEPT = 10_000
_COLUMNS_SHOWN = 30

Value = Callable[[Row], Any]


class Columns:
    """Statements out of columns (``mapping``: field to column) and of constants and templates (``values``).

    A column is a member of the row, or a path into it, with dots. In a value, ``{column}`` stands for what the row has
    there; where the row has nothing, the value is not stated. A value for ``prompt`` is both: the template and, for
    each row, what it renders to. A value for ``template`` is taken as it stands.

    Raises:
        ProvenanceError: a field that does not exist or that is given twice, or a template that cannot be read.
    """

    def __init__(self, mapping: Mapping[str, str], values: Mapping[str, str]) -> None:
        for name in (*mapping, *values):
            if name not in FIELDS and name not in PARAMETERS and not name.startswith("gen_ai."):
                known = ", ".join((*FIELDS, *PARAMETERS))
                raise ProvenanceError(f"{name!r} is not a field; fields are {known}, and names that begin with gen_ai.")
        mapping, values = _standard(mapping), _standard(values)
        twice = sorted(mapping.keys() & values.keys())
        if twice:
            raise ProvenanceError(f"{twice[0]!r} is given twice: as a column and as a value")
        self._unseen = set(mapping.values())
        self._columns: set[str] = set()
        self._fixed: Statement = {}
        self._computed: list[tuple[str, Value]] = []
        for field, column in mapping.items():
            self._computed.append((field, partial(_of_column, column)))
        for field, text in values.items():
            self._add_value(field, text)

    def _add_value(self, field: str, text: str) -> None:
        if field == "template":
            self._fixed[field] = text
            return
        template = Prompt(name=field, template=text) if field in FIELDS else None
        if template is None:
            self._fixed[field] = _parameter(text)
        elif not template.variables and field != "prompt":
            self._fixed[field] = template.render()
        else:
            self._unseen |= template.variables
            self._computed.append((field, partial(_rendered, template)))
            if field == "prompt":
                self._fixed["template"] = text

    @property
    def is_empty(self) -> bool:
        """Whether nothing was given to state."""
        return not self._fixed and not self._computed

    def state(self, row: Row) -> Statement:
        """What is stated of ``row``; what its columns do not hold is None."""
        if self._unseen:
            self._unseen = {column for column in self._unseen if not _has(row, column)}
            if len(self._columns) < _COLUMNS_KEPT:
                self._columns.update(row)
        return self._fixed | {field: value(row) for field, value in self._computed}

    def check(self, dataset: str, rows: int) -> None:
        """Refuse a column that no row had.

        Raises:
            ProvenanceError: there is one, in a dataset that has ``rows`` rows.
        """
        if rows and self._unseen:
            known = sorted(self._columns)
            more = ", …" if len(known) > _COLUMNS_SHOWN else ""
            raise ProvenanceError(
                f"{dataset}: no column {min(self._unseen)!r}; its columns are {', '.join(known[:_COLUMNS_SHOWN])}{more}"
            )


class ColumnsImporter(Importer):
    """Nothing but what the person who declares states."""

    def state(self, row: Row) -> Statement:
        return {}


IMPORTER = ColumnsImporter


def _standard(given: Mapping[str, str]) -> dict[str, str]:
    """Parameters under OpenTelemetry's names, so that they lie over what an importer found under these."""
    return {f"gen_ai.request.{name}" if name in PARAMETERS else name: value for name, value in given.items()}


def _of_column(column: str, row: Row) -> Any:
    return column_value(row, column)


def _has(row: Row, column: str) -> bool:
    return column in row or column_value(row, column) is not None


def _rendered(template: Prompt, row: Row) -> str | None:
    variables = {name: column_value(row, name) for name in template.variables}
    if any(value is None for value in variables.values()):
        return None
    return template.render(**{name: _text(value) for name, value in variables.items()})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _parameter(text: str) -> Any:
    """A parameter's value: what JSON makes of ``text``, else the text."""
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text
