"""Sample ids of Arrow columns by the kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from provenance.identity.arrow_forms import form_of_type, forms_of
from provenance.identity.arrow_values import as_one, holds_json
from provenance.identity.canonical import FILE_BYTES, FILE_PATH, encode
from provenance.identity.field_names import Form
from provenance.identity.fields import Selection
from provenance.identity.kernel import (
    DIGEST,
    FORM_BITS,
    ID_SIZE,
    Bytes,
    NativeSamples,
    Node,
    forms_in,
    kernel,
)
from provenance.identity.samples import Identity

# In columns.h.
_STRING, _BINARY, _SIGNED, _UNSIGNED, _FLOAT, _BOOLEAN, _LIST, _STRUCT = range(8)

_Is = Callable[[pa.DataType], bool]
# Each type's kind, and the width in bytes of its values or offsets.
_KINDS: tuple[tuple[_Is, int, int], ...] = (
    (pa.types.is_string, _STRING, 4),
    (pa.types.is_large_string, _STRING, 8),
    (pa.types.is_binary, _BINARY, 4),
    (pa.types.is_large_binary, _BINARY, 8),
    (pa.types.is_boolean, _BOOLEAN, 1),
    (pa.types.is_list, _LIST, 4),
    (pa.types.is_large_list, _LIST, 8),
    (pa.types.is_struct, _STRUCT, 0),
)


def samples_of_table(
    table: pa.Table, selection: Selection, identity: Identity, is_needed: Callable[[str], bool]
) -> NativeSamples | None:
    """The samples of a table that need not be sound; None: the kernel is not there, or the table not plain.

    Only columns for which ``is_needed`` are looked at, but for whether they hold values. Afterwards these are sound.
    """
    library = kernel()
    if library is None or identity.digest != DIGEST or selection.numbers:
        return None
    columns = {name: as_one(table[name]) for name in table.column_names}
    try:
        nodes, forms = _nodes_of(columns, selection, identity.renamed, is_needed)
    except (_NotPlainError, pa.ArrowInvalid):
        return None
    ids, sizes = np.empty(table.num_rows * ID_SIZE, np.uint8), np.empty(table.num_rows, np.uint64)
    array = (Node * len(nodes.all))(*nodes.all)
    arguments = (len(nodes.all), len(nodes.names), table.num_rows, ids.ctypes.data, sizes.ctypes.data)
    if not library.provenance_read_columns(array, *arguments):
        return None
    forms |= {(name, form) for name, node in zip(nodes.names, array, strict=False) for form in forms_in(node.seen)}
    return NativeSamples(
        frozenset(table.column_names),
        frozenset(forms),
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(ID_SIZE), table.num_rows, [None, pa.py_buffer(ids)]),
        pa.array(sizes),
        None,
    )


class _NotPlainError(Exception):
    """A type, or a pair of names, that the kernel does not know."""


@dataclass
class _Nodes:
    """``all``: in the kernel's order. ``names``: of the columns, which come first. ``held``: what they point into."""

    all: list[Node] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    held: list[object] = field(default_factory=list)


def _nodes_of(
    columns: Mapping[str, pa.Array],
    selection: Selection,
    renamed: Mapping[str, str],
    is_needed: Callable[[str], bool],
) -> tuple[_Nodes, set[tuple[str, Form]]]:
    """The columns that the kernel reads, and the forms of the others' values."""
    if any(holds_json(column.type) for column in columns.values()):
        raise _NotPlainError
    read: dict[str, tuple[pa.Array, int]] = {}
    forms: set[tuple[str, Form]] = set()
    for name, column in columns.items():
        form = form_of_type(column.type)
        if form is None:
            continue
        counts = selection_bits(selection, name, form) if is_needed(name) else 0
        if not is_needed(name) or not _is_plain(column.type):
            if counts:
                raise _NotPlainError
            column.validate(full=is_needed(name))
            forms.update((name, found) for found in forms_of(column))
        else:
            column.validate()
            read[name] = column, counts
    nodes = _Nodes()
    keys = {name: encode(renamed.get(name, name)) for name in read}
    if len(set(keys.values())) < len(keys):
        raise _NotPlainError
    nodes.names = sorted(read, key=keys.__getitem__)
    nodes.all = [Node(counts=read[name][1]) for name in nodes.names]
    for place, name in enumerate(nodes.names):
        _describe(nodes, nodes.all[place], read[name][0], keys[name])
    return nodes, forms


def selection_bits(selection: Selection, name: str, form: Form) -> int:
    """The forms of values of a type of this form that are content in the column ``name``, as bits."""
    possible: tuple[Form, ...] = ("object", "list") if form == "object" else (form,)
    return sum(FORM_BITS[each] for each in possible if selection.includes(name, each))


def _kind_of(kind: pa.DataType) -> tuple[int, int]:
    """The kernel's kind for this type, and the width of its values or offsets."""
    for is_it, number, width in _KINDS:
        if is_it(kind):
            return number, width
    if pa.types.is_integer(kind):
        return (_SIGNED if pa.types.is_signed_integer(kind) else _UNSIGNED), kind.bit_width // 8
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        return _FLOAT, kind.bit_width // 8
    raise _NotPlainError


def _is_plain(kind: pa.DataType) -> bool:
    try:
        number, _ = _kind_of(kind)
    except _NotPlainError:
        return False
    if number == _LIST:
        return _is_plain(kind.value_type)
    if number != _STRUCT:
        return True
    members = [kind.field(index) for index in range(kind.num_fields)]
    names = [member.name for member in members]
    # Of a file whose bytes are there the path is left out, which is the pure way's to do.
    is_file = FILE_BYTES in names and FILE_PATH in names
    return not is_file and len(set(names)) == len(names) and all(_is_plain(member.type) for member in members)


def _describe(nodes: _Nodes, node: Node, array: pa.Array, key: bytes) -> None:
    """Fill in ``node`` for ``array``, and add nodes for what is below it."""
    node.kind, node.width = _kind_of(array.type)
    node.length, node.offset = len(array), array.offset
    named = pa.py_buffer(key)
    node.key = Bytes(named.address, named.size)
    nodes.held += [array, named]
    buffers = array.buffers()
    node.validity = _bytes_of(nodes, buffers[0])
    if node.kind == _STRUCT:
        fields = [(encode(array.type.field(index).name), array.field(index)) for index in range(array.type.num_fields)]
        _add_children(nodes, node, dict(sorted(fields)))
    elif node.kind == _LIST:
        node.offsets = _bytes_of(nodes, buffers[1])
        _add_children(nodes, node, {b"": array.values})
    elif node.kind in (_STRING, _BINARY):
        node.offsets, node.data = _bytes_of(nodes, buffers[1]), _bytes_of(nodes, buffers[2])
    else:
        node.data = _bytes_of(nodes, buffers[1])


def _add_children(nodes: _Nodes, node: Node, arrays: Mapping[bytes, pa.Array]) -> None:
    first = len(nodes.all)
    node.child, node.children = first, len(arrays)
    nodes.all += [Node() for _ in arrays]
    for place, (key, array) in enumerate(arrays.items(), first):
        _describe(nodes, nodes.all[place], array, key)


def _bytes_of(nodes: _Nodes, buffer: pa.Buffer | None) -> Bytes:
    if buffer is None:
        return Bytes(None, 0)
    nodes.held.append(buffer)
    return Bytes(buffer.address, buffer.size)
