"""From a block of rows to its samples: by columns where that is exact, else row by row with the same result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa

from provenance.identity.arrow_forms import content_of, form_of_type
from provenance.identity.arrow_values import as_one, null_where
from provenance.identity.canonical import ContentError, encode_row, shown
from provenance.identity.columnar import NotColumnarError, encode_columns
from provenance.identity.digests import digest_all
from provenance.identity.field_names import RESERVED_COLUMNS, Form
from provenance.identity.fields import Selection, form_of_value
from provenance.identity.formats.csv_cells import reads_as_number
from provenance.identity.formats.interface import Block, RowError
from provenance.identity.native.columns import samples_of_table
from provenance.identity.native.lines import samples_of_lines
from provenance.identity.packing import lengths_of
from provenance.identity.reserved import (
    BIRTH_COLUMNS,
    PARENT_ROLES,
    PARENTS,
    PROMPT,
    check_roles,
    references,
    statements,
)
from provenance.identity.samples import Identity

Forms: TypeAlias = frozenset[tuple[str, Form]]
_Values: TypeAlias = "pa.Array | Sequence[object]"
_Samples: TypeAlias = "tuple[pa.FixedSizeBinaryArray, pa.UInt64Array]"


@dataclass(frozen=True)
class EncodedBlock:
    """A block's samples, as in `SampleBatch`.

    ``names``: the members that its rows have (those of its neighbours may be among them); ``forms``: those of which
    some value is not null, each with the forms of its values.
    """

    names: frozenset[str]
    forms: Forms
    ids: pa.FixedSizeBinaryArray
    content_bytes: pa.UInt64Array
    tokens: pa.UInt32Array | None
    parents: pa.ListArray | None
    parent_roles: pa.ListArray | None
    stated: Mapping[str, pa.Array]


def encode_block(block: Block, selection: Selection, identity: Identity) -> EncodedBlock:
    """The samples of ``block``.

    Raises:
        RowError: a row cannot be read, or has no canonical form.
        ContentError: a column has none.
    """

    def is_needed(name: str) -> bool:
        return selection.may_include(name) or name in RESERVED_COLUMNS or name == identity.tokens_field

    identified = block.identified()
    if identified is not None:
        return EncodedBlock(frozenset(), frozenset(), *identified, None, None, None, {})
    found = _by_kernel(block, selection, identity, is_needed)
    if found is not None:
        return found
    table = block.columns(is_needed)
    if table is not None:
        try:
            return _encode_table(table, selection, identity)
        except (NotColumnarError, pa.ArrowNotImplementedError):
            pass  # of views within lists, say, Arrow cannot pick some
    return _encode_rows(block, selection, identity)


def _by_kernel(
    block: Block, selection: Selection, identity: Identity, is_needed: Callable[[str], bool]
) -> EncodedBlock | None:
    """The samples of ``block`` by the native kernel; None: it has to be read the pure way."""
    lines = block.json_lines()
    if lines is not None:
        found = samples_of_lines(lines, selection, identity)
        if found is None:
            return None
        return EncodedBlock(found.names, found.forms, found.ids, found.content_bytes, found.tokens, None, None, {})
    table = block.unchecked_columns()
    columns = None if table is None else samples_of_table(table, selection, identity, is_needed)
    if table is None or columns is None:
        return None
    samples = (columns.ids, columns.content_bytes)
    return _encoded(samples, columns.names, columns.forms, _other_values(table, identity), identity)


def _encode_table(table: pa.Table, selection: Selection, identity: Identity) -> EncodedBlock:
    content: dict[str, pa.Array] = {}
    forms: set[tuple[str, Form]] = set()
    for name in table.column_names:
        column = as_one(table[name])
        _check_numbers(name, column, selection)
        counting, found = content_of(column, name, selection)
        forms.update((name, form) for form in found)
        if counting is not None:
            content[identity.renamed.get(name, name)] = counting
    samples = _samples_of(encode_columns(content, table.num_rows), identity)
    return _encoded(samples, frozenset(table.column_names), frozenset(forms), _other_values(table, identity), identity)


def _other_values(table: pa.Table, identity: Identity) -> Mapping[str | None, _Values]:
    """Of a table, the columns that are read beside its content: those that are reserved, and that of tokens."""
    others = (PARENTS, PARENT_ROLES, *BIRTH_COLUMNS, identity.tokens_field)
    return {name: as_one(table[name]) for name in others if name in table.column_names}


def _samples_of(canonical: pa.LargeBinaryArray, identity: Identity) -> _Samples:
    return digest_all(canonical, identity.digest), lengths_of(canonical)


def _encode_rows(block: Block, selection: Selection, identity: Identity) -> EncodedBlock:
    canonical: list[bytes] = []
    names: set[str] = set()
    forms: set[tuple[str, Form]] = set()
    others = (PARENTS, PARENT_ROLES, *BIRTH_COLUMNS, identity.tokens_field)
    values: dict[str | None, list[object]] = {name: [] for name in others}
    for offset, row in enumerate(block.rows()):
        names.update(row)
        formed = [(name, form_of_value(value)) for name, value in row.items() if value is not None]
        forms.update(formed)
        for taken in selection.numbers & row.keys():
            _check_number(taken, row[taken], offset)
        try:
            counting = [name for name, form in formed if selection.includes(name, form)]
            canonical.append(_encode_row(row, counting, identity.renamed))
        except ContentError as error:
            raise RowError(offset, str(error)) from None
        for name, column in values.items():
            column.append(row.get(name) if name is not None else None)
    present_values: dict[str | None, _Values] = {name: column for name, column in values.items() if name in names}
    samples = _samples_of(pa.array(canonical, pa.large_binary()), identity)
    return _encoded(samples, frozenset(names), frozenset(forms), present_values, identity)


def _encode_row(row: Mapping[str, object], counting: list[str], renamed: Mapping[str, str]) -> bytes:
    if not renamed:
        return encode_row(row, counting)
    content = {renamed.get(name, name): row[name] for name in counting}
    return encode_row(content, content)


def _check_numbers(name: str, column: pa.Array, selection: Selection) -> None:
    """Refuse text in a column that was taken for numbers by its first rows: it would change, and the ids would not."""
    if name not in selection.numbers or form_of_type(column.type) != "text":
        return
    try:
        column.cast(pa.float64())
    except pa.ArrowInvalid:
        if not all(map(reads_as_number, column.unique().drop_null().to_pylist())):
            for offset, value in enumerate(column.to_pylist()):
                _check_number(name, value, offset)


def _check_number(name: str, value: object, offset: int) -> None:
    if isinstance(value, str) and not reads_as_number(value):
        problem = f"{shown(name)} has text only after rows that read as numbers; declare the content fields"
        raise RowError(offset, problem)


def _encoded(
    samples: _Samples,
    names: frozenset[str],
    forms: Forms,
    values: Mapping[str | None, _Values],
    identity: Identity,
) -> EncodedBlock:
    """``samples``: ids and sizes. ``values``: of reserved columns and the tokens field, where the block has them."""
    ids, sizes = samples
    tokens = None
    if identity.tokens_field is not None:
        tokens = _token_counts(values.get(identity.tokens_field, [None] * len(ids)), identity.tokens_field)
    parents = references(values[PARENTS], PARENTS) if PARENTS in values else None
    roles = references(values[PARENT_ROLES], PARENT_ROLES) if PARENT_ROLES in values else None
    check_roles(parents, roles)
    stated: dict[str, pa.Array] = {name: statements(values[name], name) for name in BIRTH_COLUMNS if name in values}
    if PROMPT in stated:
        # As everywhere, only a prompt's digest is kept.
        prompts = stated[PROMPT].cast(pa.large_binary())
        digests = digest_all(prompts.fill_null(b""), identity.digest).cast(pa.binary())
        stated[PROMPT] = null_where(prompts.is_null(), digests)
    return EncodedBlock(names, forms, ids, sizes, tokens, parents, roles, stated)


def _token_counts(values: _Values, name: str) -> pa.UInt32Array:
    if isinstance(values, pa.Array):
        if pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_null(values.type):
            try:
                return values.cast(pa.uint32())
            except pa.ArrowInvalid:
                pass  # the row at fault is found below
        values = values.to_pylist()
    return pa.array([_token_count(value, offset, name) for offset, value in enumerate(values)], pa.uint32())


def _token_count(value: object, offset: int, name: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**32 and int(value) == value:
        return int(value)
    raise RowError(offset, f"the number of tokens in {name!r} is not an integer from 0 to 2^32 - 1")
