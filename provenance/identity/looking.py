"""A look at a dataset's first rows, for what names and types do not say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

import pyarrow as pa

from provenance.identity.arrow_forms import forms_of
from provenance.identity.arrow_values import as_one, holds_json, plain
from provenance.identity.field_names import Form, counts
from provenance.identity.fields import Look, form_of_value, reads_like_text
from provenance.identity.formats.csv_cells import reads_as_number
from provenance.identity.formats.interface import Block, RowError

_VALUES_READ = 1000
_TEXT_TYPES = ("string", "timestamp")


def look_at(block: Block, types: Mapping[str, str] | None) -> Look:
    """What the rows of ``block`` hold. ``types``: those that are declared where cells have none; None: values have.

    A row that cannot be read is reported in its turn, when the block is encoded.
    """
    table = block.columns(lambda name: False)
    if table is None or any(map(holds_json, table.schema.types)):
        return _of_rows(block)
    forms: set[tuple[str, Form]] = set()
    prose: set[str] = set()
    numbers: set[str] = set()
    for name in table.column_names:
        column = as_one(table[name])
        found = forms_of(column)
        if types is not None and name in types and found:
            found = {"text" if types[name] in _TEXT_TYPES else "number"}
        elif types is not None and found and is_number_by_cells(name, column):
            numbers.add(name)
        forms.update((name, form) for form in found)
        if "text" in found and reads_like_text(_first_texts(column)):
            prose.add(name)
    return Look(frozenset(forms), frozenset(prose), frozenset(numbers))


def is_number_by_cells(name: str, column: pa.Array) -> bool:
    """Whether a column without types, which would count were it text and not were it numbers, reads as the latter."""
    if not counts(name, "text") or counts(name, "number"):
        return False
    return all(map(reads_as_number, column.unique().drop_null().to_pylist()))


def _first_texts(column: pa.Array) -> list[str]:
    try:
        return [value for value in plain(column.slice(0, _VALUES_READ)).to_pylist() if isinstance(value, str)]
    except UnicodeDecodeError:
        return []  # reported in its turn


def _of_rows(block: Block) -> Look:
    forms: set[tuple[str, Form]] = set()
    texts: dict[str, list[str]] = {}
    for row in _readable(block):
        for name, value in row.items():
            if value is not None:
                forms.add((name, form_of_value(value)))
                if isinstance(value, str) and len(column := texts.setdefault(name, [])) < _VALUES_READ:
                    column.append(value)
    return Look(frozenset(forms), frozenset(name for name, values in texts.items() if reads_like_text(values)))


def _readable(block: Block) -> Iterator[dict[str, object]]:
    with suppress(RowError):
        yield from block.rows()
