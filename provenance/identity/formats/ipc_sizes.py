"""How large an Arrow IPC message becomes when it is decompressed, found without doing so.

Arrow allocates what a compressed buffer says of itself, be it a terabyte. The sizes stand in the message's FlatBuffers
metadata and at the start of each buffer (see the Arrow columnar format, "Encapsulated message format").
"""

from __future__ import annotations

import struct
from typing import Any

from provenance.identity.formats.interface import RowError

MOST_EXPANDED_BYTES = 1 << 30

_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
# Numbers of fields, in the order of Arrow's Message.fbs.
_MESSAGE_HEADER_TYPE, _MESSAGE_HEADER = 1, 2
_DICTIONARY_DATA = 1
_BATCH_BUFFERS, _BATCH_COMPRESSION = 2, 3


def check_expansion(message: Any) -> None:
    """Raise RowError where the pyarrow ``message``, whose metadata Arrow has verified, expands beyond all reason."""
    try:
        _check(message)
    except (struct.error, IndexError):
        raise RowError(0, "a message whose sizes cannot be read") from None


def _check(message: Any) -> None:
    metadata = memoryview(message.metadata)
    root = _follow(metadata, 0)
    kind_at, batch_at = _field(metadata, root, _MESSAGE_HEADER_TYPE), _field(metadata, root, _MESSAGE_HEADER)
    kind = metadata[kind_at] if kind_at else 0
    if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH) or not batch_at:
        return
    batch = _follow(metadata, batch_at)
    if kind == _DICTIONARY_BATCH:
        batch = _follow(metadata, _field(metadata, batch, _DICTIONARY_DATA))
    if _field(metadata, batch, _BATCH_COMPRESSION) and _expanded(metadata, batch, message.body) > MOST_EXPANDED_BYTES:
        problem = f"a record batch expands to more than {MOST_EXPANDED_BYTES >> 20} MiB; write smaller batches"
        raise RowError(0, problem)


def _expanded(metadata: memoryview, batch: int, body: Any) -> int:
    """Bytes of the batch's buffers after decompression, which each begins with: -1 stands for not compressed."""
    data = memoryview(body)
    vector = _follow(metadata, _field(metadata, batch, _BATCH_BUFFERS))
    total = 0
    for number in range(_unsigned(metadata, vector)):
        offset, length = struct.unpack_from("<qq", metadata, vector + 4 + 16 * number)
        if length >= 8 and 0 <= offset <= len(data) - 8:
            (stated,) = struct.unpack_from("<q", data, offset)
            total += max(stated, 0)
    return total


def _field(metadata: memoryview, table: int, number: int) -> int:
    """Where field ``number`` of the table at ``table`` is; 0 where the table has none."""
    virtual_table = table - struct.unpack_from("<i", metadata, table)[0]
    size, place = struct.unpack_from("<H", metadata, virtual_table)[0], 4 + 2 * number
    offset = struct.unpack_from("<H", metadata, virtual_table + place)[0] if place < size else 0
    return table + offset if offset else 0


def _follow(metadata: memoryview, place: int) -> int:
    return place + _unsigned(metadata, place)


def _unsigned(metadata: memoryview, place: int) -> int:
    return int(struct.unpack_from("<I", metadata, place)[0])
