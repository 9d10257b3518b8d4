"""What a block's rows say: all text in their content fields, and the values of other fields that are asked for.

A row's text is every text value in its content fields, also inside lists and objects, one value a line (or with
another mark between them, which tells where a value ends): fields that ask before fields that answer, each group by
name: the order of keys does not matter. Names of speakers and types inside a conversation are no text of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.identity.arrow_forms import content_of
from provenance.identity.arrow_values import plain
from provenance.identity.canonical import shown
from provenance.identity.fields import Selection, form_of_value
from provenance.identity.formats.interface import Block, RowError
from provenance.identity.samples import BlockTexts

# A message's speaker and kind, as chat formats call them.
_NO_TEXT = frozenset({"role", "from", "type"})
_ASKING = ("system", "instruction", "context", "prompt", "question", "query", "input")
_TEXT = pa.large_string()


def block_texts(block: Block, selection: Selection, fields: Sequence[str], between: str = "\n") -> BlockTexts:
    """The texts of ``block``, with ``between`` between a row's values, and its values of ``fields``.

    Raises:
        RowError: a row cannot be read.
    """
    table = block.columns(lambda name: selection.may_include(name) or name in fields)
    if table is None:
        return _of_rows(list(block.rows()), selection, fields, between)
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    counting = {name: content_of(column, name, selection)[0] for name, column in columns.items()}
    content = {name: column for name, column in counting.items() if column is not None}
    empty = pa.nulls(table.num_rows, _TEXT)
    return BlockTexts(
        pc.fill_null(
            _joined([_text(content[name], between) for name in _in_order(content)], table.num_rows, between), ""
        ),
        {name: _as_text(columns[name]) if name in columns else empty for name in fields},
    )


def _in_order(names: Mapping[str, object]) -> list[str]:
    return sorted(names, key=lambda name: (name not in _ASKING, name))


def _text(array: pa.Array, between: str) -> pa.LargeStringArray | None:
    """The text in each value; None where the type holds none."""
    array = plain(array)
    kind = array.type
    if pa.types.is_large_string(kind):
        return array
    if pa.types.is_struct(kind):
        names = [kind.field(place).name for place in range(kind.num_fields)]
        children = dict(zip(names, array.flatten(), strict=True))
        texts = [_text(children[name], between) for name in _in_order(children) if name not in _NO_TEXT]
        return None if all(text is None for text in texts) else _joined(texts, len(array), between)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        elements = _text(array.flatten(), between)
        return None if elements is None else _joined_elements(elements, pc.list_value_length(array), between)
    return None


def _joined(texts: Sequence[pa.LargeStringArray | None], rows: int, between: str) -> pa.LargeStringArray:
    """Each row's texts, with ``between`` between them; null where a row has none."""
    columns = [text for text in texts if text is not None]
    if not columns:
        return pa.nulls(rows, _TEXT)
    if len(columns) == 1:
        return columns[0]
    # Arrow's own way to pass over nulls (null_handling="skip") loses rows of which all values are empty or null.
    mark, nothing = pa.scalar(between, _TEXT), pa.scalar("", _TEXT)
    lines = [pc.binary_join_element_wise(mark, column, nothing) for column in columns]
    joined = pc.binary_join_element_wise(*lines, nothing, null_handling="replace", null_replacement="")
    return pc.if_else(pc.equal(joined, nothing), pa.scalar(None, _TEXT), pc.utf8_slice_codeunits(joined, len(between)))


def _joined_elements(elements: pa.LargeStringArray, lengths: pa.Array, between: str) -> pa.LargeStringArray:
    """The texts of each list's elements, joined; null where none has any. ``lengths``: of the lists."""
    counts = pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    present = pc.is_valid(elements).to_numpy(zero_copy_only=False)
    owners = np.repeat(np.arange(len(counts)), counts)[present]
    bounds = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(counts)))])
    empty = np.append(np.diff(bounds) == 0, False)
    lists = pa.LargeListArray.from_arrays(pa.array(bounds, pa.int64(), mask=empty), elements.drop_null())
    return pc.binary_join(lists, pa.scalar(between, _TEXT))


def _as_text(array: pa.Array) -> pa.LargeStringArray:
    array = plain(array)
    if pa.types.is_nested(array.type) or pa.types.is_large_binary(array.type):
        return pa.nulls(len(array), _TEXT)
    try:
        return array.cast(_TEXT)
    except pa.ArrowNotImplementedError:
        return pa.nulls(len(array), _TEXT)  # an interval, say


def _of_rows(
    rows: Sequence[Mapping[str, object]], selection: Selection, fields: Sequence[str], between: str
) -> BlockTexts:
    contents = (
        {
            name: value
            for name, value in row.items()
            if value is not None and selection.includes(name, form_of_value(value))
        }
        for row in rows
    )
    return BlockTexts(
        pa.array([between.join(_text_values(content)) for content in contents], _TEXT),
        {name: pa.array([_field_of(row, offset, name) for offset, row in enumerate(rows)], _TEXT) for name in fields},
    )


def _text_values(value: object, *, outermost: bool = True) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name in _in_order(value):
            if outermost or name not in _NO_TEXT:
                yield from _text_values(value[name], outermost=False)
    elif isinstance(value, list | tuple):
        for element in value:
            yield from _text_values(element, outermost=False)


def _field_of(row: Mapping[str, object], offset: int, name: str) -> str | None:
    text = _value_as_text(row.get(name))
    if text is not None and any("\ud800" <= character <= "\udfff" for character in text):
        raise RowError(offset, f"field {shown(name)}: an unpaired surrogate, which no text may hold; mend it")
    return text


def _value_as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None
