"""Content fields: which members of a row are the sample, and which only describe it.

Each value is decided by its column's name and its own form, whatever other rows hold, so that shards, orders, subsets
and formats of the same data agree. The rule is specified in docs/specification/sample-identity.md; the lists of names
are in `field_names`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from provenance.errors import ProvenanceError
from provenance.identity.field_names import FORMS, RESERVED_COLUMNS, Form, counts, is_answer_name, is_content_name

Rule = Literal["declared", "named", "table"]

_NOBODY: frozenset[str] = frozenset()

# What reads like text: a fifth of the first 1,000 values have five words or more.
_MOST_VALUES = 1000
_LONGEST_START = 1000
_WORDS = 5
_SHARE = 0.2
# Scripts that are written without spaces; two characters are taken for a word.
_DENSE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


@dataclass(frozen=True)
class Settled:
    """What was decided before a dataset is looked at: columns that are ``kept`` in or ``left`` out.

    ``table``: whether the dataset is a table, all of whose columns count; None: its first rows decide.
    ``numbers``: columns without types (CSV) that are taken for numbers; with ``table``, they are known as well.
    """

    kept: frozenset[str] = _NOBODY
    left: frozenset[str] = _NOBODY
    table: bool | None = None
    numbers: frozenset[str] = _NOBODY


@dataclass(frozen=True)
class Look:
    """What the first rows of a dataset hold: the forms of each column's values, which columns read like text, and which
    columns without types read as numbers throughout."""

    forms: frozenset[tuple[str, Form]] = frozenset()
    prose: frozenset[str] = _NOBODY
    numbers: frozenset[str] = _NOBODY

    @cached_property
    def names(self) -> frozenset[str]:
        """The columns that hold anything."""
        return frozenset(name for name, _ in self.forms)


@dataclass(frozen=True)
class Selection:
    """The rule that a dataset's content fields follow. ``kept``: for the rule ``declared``, the declared fields."""

    rule: Rule
    kept: frozenset[str] = _NOBODY
    left: frozenset[str] = _NOBODY
    numbers: frozenset[str] = _NOBODY

    def includes(self, name: str, form: Form) -> bool:
        """Whether a value of this form in the top-level member ``name`` of a row is content."""
        if self.rule == "declared" or name in self.kept:
            return name in self.kept
        if name in self.left:
            return False
        if self.rule == "table":
            return name not in RESERVED_COLUMNS
        return counts(name, "number" if form == "text" and name in self.numbers else form)

    def may_include(self, name: str) -> bool:
        """Whether a value of some form in the member ``name`` would be content."""
        return any(self.includes(name, form) for form in FORMS)


@dataclass(frozen=True)
class Choice:
    """What counts in a dataset, decided once. ``look``: at its first rows; None where these were not looked at."""

    selection: Selection
    look: Look | None


def select(declared: Sequence[str] | None, settled: Settled | None, look: Look) -> Selection:
    """Choose the rule: what is ``declared``, else what is ``settled``, else by names, forms and the ``look``.

    Raises:
        ProvenanceError: a reserved column is declared.
    """
    if declared is not None:
        if reserved := sorted(RESERVED_COLUMNS.intersection(declared)):
            raise ProvenanceError(f"{reserved[0]} is a reserved column and cannot be a content field")
        return Selection("declared", frozenset(declared))
    settled = settled or Settled()
    kept = settled.kept - RESERVED_COLUMNS
    if settled.table is not None:
        return Selection("table" if settled.table else "named", kept, settled.left, settled.numbers)
    named = Selection("named", kept, settled.left, look.numbers)
    is_table = bool(look.forms) and not any(_is_of_texts(name, form, named, look.prose) for name, form in look.forms)
    return Selection("table", kept, settled.left) if is_table else named


def _is_of_texts(name: str, form: Form, selection: Selection, prose: Collection[str]) -> bool:
    """Whether a value counts and makes its dataset one of texts, objects or media, not a table."""
    if form == "number" or name in selection.numbers or not selection.includes(name, form):
        return False
    if form != "text" or name in prose:
        return True
    # A short text may be a category, as a label mostly is.
    return not is_answer_name(name) and (name in selection.kept or is_content_name(name))


def is_late(name: str, form: Form, look: Look) -> bool:
    """Whether a table would have been one of texts had this value been among its first rows."""
    if name in look.names:
        return False
    return form != "number" and counts(name, form) and (form != "text" or is_content_name(name))


def form_of_value(value: object) -> Form:
    """The form of a Python value that is not None. A list with an object in it is an object; a time is its text."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list | tuple):
        return "object" if _holds_object(value) else "list"
    if isinstance(value, bytes | bytearray | memoryview):
        return "bytes"
    return "text" if hasattr(value, "isoformat") else "number"


def _holds_object(value: Iterable[object]) -> bool:
    left = [value]
    while left:
        for element in left.pop():
            if isinstance(element, Mapping):
                return True
            if isinstance(element, list | tuple):
                left.append(element)
    return False


def look_at_row(row: Mapping[str, object]) -> Look:
    """What one row holds, as if it were the whole dataset."""
    forms = frozenset((name, form_of_value(value)) for name, value in row.items() if value is not None)
    prose = frozenset(name for name, value in row.items() if isinstance(value, str) and reads_like_text([value]))
    return Look(forms, prose)


def reads_like_text(values: Iterable[str | None]) -> bool:
    """Whether a fifth of the first 1,000 values have five words or more.

    No column counts or not because of this: it tells texts from tables, and warns of text under a metadata name.
    """
    written = long = 0
    for value, _ in zip(values, range(_MOST_VALUES), strict=False):
        start = "" if value is None else value[:_LONGEST_START]
        found = len(start.split(None, _WORDS))
        written += found > 0
        long += found >= _WORDS or (not start.isascii() and found + len(_DENSE.findall(start)) // 2 >= _WORDS)
    return written > 0 and long >= _SHARE * written
