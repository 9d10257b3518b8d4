"""What a block's rows say: all text in their content fields, and the values of other fields that are asked for.

A row's text is every text value in its content fields, also inside lists and objects, one value a line (or with
another mark between them, which tells where a value ends): fields that ask before fields that answer, each group by
name: the order of keys does not matter. Names of speakers and types inside a conversation are no text of it, nor are
paths and addresses of images, sounds and films.

Some of it is *given* to a row, and to others alike, and says nothing of how varied the rows are: what system messages
say, and fields that are called system, context or passage. The rest is the row's *own*; where there is no rest, what
was given is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.identity.arrow_forms import content_of, others_of
from provenance.identity.arrow_values import null_where, plain
from provenance.identity.as_text import array_as_text, value_as_text
from provenance.identity.canonical import has_surrogate, shown
from provenance.identity.field_names import RESERVED_COLUMNS
from provenance.identity.fields import Selection, form_of_value
from provenance.identity.formats.interface import Block, RowError
from provenance.identity.samples import BlockTexts, TextPart

# A message's speaker and kind, as chat formats call them.
_SPEAKER = ("role", "from")
_NO_TEXT = frozenset({*_SPEAKER, "type"})
_GIVING_SPEAKERS = ("system", "developer")
# Fields of text that is given, by the last word of their names ("system prompt" but for that).
_GIVEN = frozenset({"system", "context", "contexts", "passage", "passages"})
_SYSTEM_PROMPT = re.compile(r"system[_-]?(prompt|message|instructions?)", re.IGNORECASE)
_MEDIA = frozenset({"image", "images", "audio", "audios", "video", "videos"})
_PLACES = frozenset({"url", "urls", "uri", "uris", "path", "paths", "file", "files", "filename", "name", "id", "ids"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ASKING = ("system", "instruction", "context", "prompt", "question", "query", "input")
_TEXT = pa.large_string()


def block_texts(
    block: Block,
    selection: Selection,
    fields: Sequence[str],
    part: TextPart = "all",
    between: str = "\n",
    *,
    beside: bool = False,
) -> BlockTexts:
    """The texts of ``block``, the ``part`` of them that is asked for, and its values of ``fields``.

    ``between`` stands between the values of a row. ``beside``: whether texts beside the content are asked for.

    Raises:
        RowError: a row cannot be read.
    """
    table = block.columns(lambda name: beside or selection.may_include(name) or name in fields)
    if table is None:
        rows = list(block.rows())
        found = _of_rows(rows, selection, fields, part, between)
        return replace(found, beside=_beside(rows, selection, between)) if beside else found
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    counting = {name: content_of(column, name, selection)[0] for name, column in columns.items()}
    content = {name: column for name, column in counting.items() if column is not None}
    empty = pa.nulls(table.num_rows, _TEXT)

    def joined(which: TextPart, values: Mapping[str, pa.Array] = content) -> pa.LargeStringArray:
        texts = [_text(values[name], name, which, between) for name in _in_order(values) if not _is_media(name)]
        return pc.fill_null(_joined(texts, table.num_rows, between), "")

    texts = joined("all")
    others = {
        name: rest
        for name, column in columns.items()
        if beside and name not in RESERVED_COLUMNS and (rest := others_of(column, name, selection)) is not None
    }
    return BlockTexts(
        texts,
        {name: array_as_text(columns[name]) if name in columns else empty for name in fields},
        None if part == "all" else _or_all(joined(part), texts, part),
        joined("all", others) if beside else None,
    )


def _or_all(some: pa.LargeStringArray, texts: pa.LargeStringArray, part: TextPart) -> pa.LargeStringArray:
    """``some`` of the texts; a row that has nothing of its own has all of its text for that."""
    return pc.if_else(pc.equal(some, ""), texts, some) if part == "own" else some


def _in_order(names: Mapping[str, object]) -> list[str]:
    return sorted(names, key=lambda name: (name not in _ASKING, name))


@cache
def _is_media(name: str) -> bool:
    """Whether a field of this name says where an image, a sound or a film is, if it says anything."""
    found = [word.lower() for word in _WORD.findall(name)]
    return bool(found) and (found[-1] in _MEDIA or (found[-1] in _PLACES and not _MEDIA.isdisjoint(found)))


@cache
def _is_given(name: str) -> bool:
    """Whether a field of this name holds text that is given."""
    found = _WORD.findall(name)
    return _SYSTEM_PROMPT.fullmatch(name) is not None or (bool(found) and found[-1].lower() in _GIVEN)


def _part_inside(name: str, part: TextPart) -> TextPart | None:
    """What to take of a field of this name to have ``part`` of the whole; None: nothing."""
    if part == "all" or not _is_given(name):
        return part
    return "all" if part == "given" else None


def _text(array: pa.Array, name: str, part: TextPart, between: str) -> pa.LargeStringArray | None:
    """The text in each value of the field ``name``; None where the type holds none."""
    inside = _part_inside(name, part)
    return None if inside is None else _text_inside(array, inside, between)


def _text_inside(array: pa.Array, part: TextPart, between: str) -> pa.LargeStringArray | None:
    array = plain(array)
    kind = array.type
    if pa.types.is_large_string(kind):
        return None if part == "given" else array
    if pa.types.is_struct(kind):
        return _text_of_structs(array, part, between)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        elements = _text_inside(array.flatten(), part, between)
        return None if elements is None else _joined_elements(elements, pc.list_value_length(array), between)
    return None


def _text_of_structs(array: pa.StructArray, part: TextPart, between: str) -> pa.LargeStringArray | None:
    names = [array.type.field(place).name for place in range(array.type.num_fields)]
    children = dict(zip(names, array.flatten(), strict=True))
    has_bytes = any(pa.types.is_large_binary(plain(child).type) for child in children.values())

    def joined(which: TextPart) -> pa.LargeStringArray | None:
        texts = [
            _text(children[name], name, which, between) for name in _in_order(children) if _is_text(name, has_bytes)
        ]
        return None if all(text is None for text in texts) else _joined(texts, len(array), between)

    text = joined(part)
    speaker = None if part == "all" else _speaker(children)
    if speaker is None:
        return text
    gives = pc.fill_null(pc.is_in(speaker, pa.array(_GIVING_SPEAKERS, _TEXT)), False)
    nothing = pa.nulls(len(array), _TEXT)
    said = joined("all") if part == "given" else None
    return pc.if_else(gives, nothing if said is None else said, nothing if text is None else text)


def _speaker(children: Mapping[str, pa.Array]) -> pa.LargeStringArray | None:
    """Who says each message; None where nothing says so."""
    found = [plain(children[name]) for name in _SPEAKER if name in children]
    names = [array for array in found if pa.types.is_large_string(array.type)]
    return pc.coalesce(*names) if names else None


def _is_text(name: str, has_bytes: bool) -> bool:
    """Whether a member of this name may be text; beside bytes, a path is where they are from."""
    return name not in _NO_TEXT and not _is_media(name) and not (has_bytes and name == "path")


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
    return null_where(pc.equal(joined, nothing), pc.utf8_slice_codeunits(joined, len(between)))


def _joined_elements(elements: pa.LargeStringArray, lengths: pa.Array, between: str) -> pa.LargeStringArray:
    """The texts of each list's elements, joined; null where none has any. ``lengths``: of the lists."""
    counts = pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    present = pc.is_valid(elements).to_numpy(zero_copy_only=False)
    owners = np.repeat(np.arange(len(counts)), counts)[present]
    bounds = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(counts)))])
    empty = np.append(np.diff(bounds) == 0, False)
    lists = pa.LargeListArray.from_arrays(pa.array(bounds, pa.int64(), mask=empty), elements.drop_null())
    return pc.binary_join(lists, pa.scalar(between, _TEXT))


def _of_rows(
    rows: Sequence[Mapping[str, object]], selection: Selection, fields: Sequence[str], part: TextPart, between: str
) -> BlockTexts:
    contents = [
        {
            name: value
            for name, value in row.items()
            if value is not None and selection.includes(name, form_of_value(value))
        }
        for row in rows
    ]

    def joined(which: TextPart) -> pa.LargeStringArray:
        return pa.array([between.join(_text_values(content, which, outermost=True)) for content in contents], _TEXT)

    texts = joined("all")
    values = {
        name: pa.array([_field_of(row, offset, name) for offset, row in enumerate(rows)], _TEXT) for name in fields
    }
    return BlockTexts(texts, values, None if part == "all" else _or_all(joined(part), texts, part))


def _beside(rows: Sequence[Mapping[str, object]], selection: Selection, between: str) -> pa.LargeStringArray:
    """The texts of the rows that are not content; whatever no text may hold is replaced in them."""
    others = (
        {
            name: value
            for name, value in row.items()
            if value is not None and name not in RESERVED_COLUMNS and not selection.includes(name, form_of_value(value))
        }
        for row in rows
    )
    texts = (between.join(_text_values(other, "all", outermost=True)) for other in others)
    return pa.array([text.encode("utf-8", "replace").decode() for text in texts], _TEXT)


def _text_values(value: object, part: TextPart, *, outermost: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        if part != "given":
            yield value
    elif isinstance(value, Mapping):
        yield from _text_of_members(value, part, outermost=outermost)
    elif isinstance(value, list | tuple):
        for element in value:
            yield from _text_values(element, part)


def _text_of_members(value: Mapping[str, object], part: TextPart, *, outermost: bool) -> Iterator[str]:
    if part != "all" and not outermost and _speaks(value) in _GIVING_SPEAKERS:
        if part == "own":
            return
        part = "all"
    has_bytes = any(isinstance(each, bytes) for each in value.values())
    for name in _in_order(value):
        inside = _part_inside(name, part)
        is_text = not _is_media(name) if outermost else _is_text(name, has_bytes)
        if inside is not None and is_text:
            yield from _text_values(value[name], inside)


def _speaks(message: Mapping[str, object]) -> object:
    """Who says the message."""
    return next((message[name] for name in _SPEAKER if isinstance(message.get(name), str)), None)


def _field_of(row: Mapping[str, object], offset: int, name: str) -> str | None:
    text = value_as_text(row.get(name))
    if text is not None and has_surrogate(text):
        raise RowError(offset, f"field {shown(name)}: an unpaired surrogate, which no text may hold; mend it")
    return text
