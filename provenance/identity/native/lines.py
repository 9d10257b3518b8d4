"""Sample ids of JSON Lines by the kernel."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.identity.field_names import FORMS, RESERVED_COLUMNS
from provenance.identity.fields import Selection
from provenance.identity.kernel import DIGEST, FORM_BITS, ID_SIZE, Lines, NativeSamples, forms_in, kernel
from provenance.identity.samples import Identity

# In json_lines.h.
_MOST_NAMES = 64
_LONGEST_NAME = 256
_UNKNOWN_NAME = 1
_IS_RESERVED = _WAS_SEEN = 0x80

_NO_TOKENS = -1
_LINE_FEED = ord("\n")


def samples_of_lines(data: bytes, selection: Selection, identity: Identity) -> NativeSamples | None:
    """The samples of a block of lines; None: the kernel is not there, or the block not plain."""
    library = kernel()
    # Text in a column that was taken for numbers is an error, which nobody looks for here.
    if library is None or identity.digest != DIGEST or identity.renamed or selection.numbers:
        return None
    return _Call(library, data, _names_of(selection), identity.tokens_field).samples()


class _Names:
    """The members that a file's rows were seen to have, each with the forms in which it is content; only grows."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._lock = Lock()
        self.known: Sequence[str] = ()
        self._encoded: list[bytes] = []
        self._counts: list[int] = []

    def learn(self, name: str) -> bool:
        """Add ``name``; False: there are too many to be members of all rows."""
        with self._lock:
            if name not in self.known:
                if len(self.known) == _MOST_NAMES:
                    return False
                self._encoded.append(name.encode())
                self._counts.append(self._counts_of(name))
                self.known = (*self.known, name)
            return True

    def _counts_of(self, name: str) -> int:
        if name in RESERVED_COLUMNS:
            return _IS_RESERVED
        return sum(FORM_BITS[form] for form in FORMS if self._selection.includes(name, form))

    def packed(self) -> tuple[Sequence[str], npt.NDArray[np.uint8], npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
        """The names; as UTF-8, one after the other; where each begins, and the end; in which forms each counts."""
        with self._lock:
            text = np.frombuffer(b"".join(self._encoded) + b"\0", np.uint8)
            bounds = np.cumsum([0, *map(len, self._encoded)], dtype=np.int32)
            return self.known, text, bounds, np.array([*self._counts, 0], np.uint8)


@lru_cache(maxsize=4)
def _names_of(selection: Selection) -> _Names:
    return _Names(selection)


class _Call:
    """The kernel's reading of one block, begun anew from where it stopped at names that it had to be told about."""

    def __init__(self, library: Any, data: bytes, names: _Names, tokens_field: str | None) -> None:
        self._library = library
        self._names = names
        self._tokens_field = tokens_field
        self._data = np.frombuffer(data, np.uint8)
        rows = int(np.count_nonzero(self._data == _LINE_FEED)) + 1
        self._ids = np.empty(rows * ID_SIZE, np.uint8)
        self._sizes = np.empty(rows, np.uint64)
        self._tokens = None if tokens_field is None else np.empty(rows, np.int64)
        self._seen = np.zeros(_MOST_NAMES, np.uint8)
        self._unknown = ctypes.create_string_buffer(_LONGEST_NAME)
        self._lines = Lines(
            data=self._data.ctypes.data,
            size=len(data),
            capacity=rows,
            ids=self._ids.ctypes.data,
            sizes=self._sizes.ctypes.data,
            tokens=None if self._tokens is None else self._tokens.ctypes.data,
            seen=self._seen.ctypes.data,
            unknown=ctypes.addressof(self._unknown),
        )

    def samples(self) -> NativeSamples | None:
        if self._tokens_field is not None and not self._names.learn(self._tokens_field):
            return None
        while True:
            known, text, bounds, counts = self._names.packed()
            lines = self._lines
            lines.names, lines.bounds, lines.counts = text.ctypes.data, bounds.ctypes.data, counts.ctypes.data
            lines.names_count = len(known)
            lines.tokens_name = -1 if self._tokens_field is None else known.index(self._tokens_field)
            outcome = self._library.provenance_read_lines(ctypes.byref(lines))
            if outcome == 0:
                return self._found(known)
            if outcome != _UNKNOWN_NAME or not self._names.learn(self._unknown.raw[: lines.unknown_size].decode()):
                return None

    def _found(self, known: Sequence[str]) -> NativeSamples:
        rows = self._lines.rows
        seen = {name: bits for name, bits in zip(known, self._seen.tolist(), strict=False) if bits & _WAS_SEEN}
        ids = pa.py_buffer(self._ids[: rows * ID_SIZE])
        tokens = None
        if self._tokens is not None:
            found = self._tokens[:rows]
            tokens = pa.array(found.clip(0), mask=found == _NO_TOKENS).cast(pa.uint32())
        return NativeSamples(
            frozenset(seen),
            frozenset((name, form) for name, bits in seen.items() for form in forms_in(bits)),
            pa.FixedSizeBinaryArray.from_buffers(pa.binary(ID_SIZE), rows, [None, ids]),
            pa.array(self._sizes[:rows]),
            tokens,
        )
