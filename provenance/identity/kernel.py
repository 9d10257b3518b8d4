"""The native kernel as a shared library: whether there is one, and what it is called with (`native/`).

Nothing of it is Python's own, so one build serves all versions of Python. ctypes lets go of Python's lock in calls.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.identity.field_names import FORMS, Form

if TYPE_CHECKING:
    import pyarrow as pa

SWITCH = "PROVENANCE_NATIVE"
# Where it is built; the fuzzer puts another there.
library_file = Path(__file__).with_name("native") / "kernel.so"
DIGEST, ID_SIZE = "xxh3_128", 16

# In samples.h.
FORM_BITS: dict[Form, int] = {form: 1 << place for place, form in enumerate(FORMS)}

# In kernel.c; a library of another version, left by another checkout, is not used.
_VERSION = 1
_DIGEST_OF_NOTHING = "99aa06d3014798d86001c324468d497f"


class Lines(ctypes.Structure):
    """`Lines` of json_lines.h."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_int64),
        ("position", ctypes.c_int64),
        ("rows", ctypes.c_int64),
        ("capacity", ctypes.c_int64),
        ("ids", ctypes.c_void_p),
        ("sizes", ctypes.c_void_p),
        ("tokens", ctypes.c_void_p),
        ("names", ctypes.c_void_p),
        ("bounds", ctypes.c_void_p),
        ("counts", ctypes.c_void_p),
        ("seen", ctypes.c_void_p),
        ("names_count", ctypes.c_int32),
        ("tokens_name", ctypes.c_int32),
        ("unknown", ctypes.c_void_p),
        ("unknown_size", ctypes.c_int64),
    )


class Bytes(ctypes.Structure):
    """`Bytes` of columns.h."""

    _fields_ = (("at", ctypes.c_void_p), ("size", ctypes.c_int64))


class Node(ctypes.Structure):
    """`Node` of columns.h."""

    _fields_ = (
        ("kind", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("length", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("validity", Bytes),
        ("offsets", Bytes),
        ("data", Bytes),
        ("key", Bytes),
        ("child", ctypes.c_int32),
        ("children", ctypes.c_int32),
        ("counts", ctypes.c_int32),
        ("seen", ctypes.c_int32),
    )


@dataclass(frozen=True)
class NativeSamples:
    """Samples that the kernel found; as in `blocks.EncodedBlock`."""

    names: frozenset[str]
    forms: frozenset[tuple[str, Form]]
    ids: pa.FixedSizeBinaryArray
    content_bytes: pa.UInt64Array
    tokens: pa.UInt32Array | None


def kernel() -> Any | None:
    """The library, whose functions those of kernel.c are; None: it was not built, or is turned off."""
    return None if os.environ.get(SWITCH) == "0" else _loaded(os.fspath(library_file))


def way() -> str:
    """Which way ids are computed here, in words."""
    if os.environ.get(SWITCH) == "0":
        return f"ids: pure Python ({SWITCH}=0)"
    return "ids: pure Python (no native kernel was built)" if kernel() is None else "ids: native kernel"


def forms_in(bits: int) -> list[Form]:
    """The forms whose bits are set."""
    return [form for form, bit in FORM_BITS.items() if bits & bit]


@cache
def _loaded(path: str) -> Any | None:
    try:
        library = ctypes.CDLL(path)
        library.provenance_read_lines.argtypes = (ctypes.c_void_p,)
        library.provenance_read_columns.argtypes = (
            *(ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32),
            *(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p),
        )
        library.provenance_digest_all.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
        library.provenance_digest_all.restype = None
        library.provenance_sizes_are.argtypes = (ctypes.c_int64, ctypes.c_int64)
        fits = library.provenance_kernel_version() == _VERSION and _is_sound(library)
    except (OSError, AttributeError):
        # None was built, or for another machine, or by another version.
        return None
    return library if fits else None


def _is_sound(library: Any) -> bool:
    """Whether the library sees its structures as they are here, and has the same digest."""
    if not library.provenance_sizes_are(ctypes.sizeof(Lines), ctypes.sizeof(Node)):
        return False
    found, offsets = ctypes.create_string_buffer(ID_SIZE), (ctypes.c_int64 * 2)(0, 0)
    library.provenance_digest_all(b"", offsets, 1, found)
    return found.raw.hex() == _DIGEST_OF_NOTHING
