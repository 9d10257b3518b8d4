"""Digests by name: xxhash's and hashlib's, over many byte strings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import xxhash

from provenance.errors import ProvenanceError
from provenance.identity.kernel import DIGEST, ID_SIZE, kernel

if TYPE_CHECKING:
    import pyarrow as pa
_CHUNK_BYTES = 1 << 20
# Of those that hashlib always has: nobody can make two contents of one digest, however much it is worth to them.
_WITHSTANDING = frozenset(
    {"blake2b", "blake2s", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"},
)


DigestFunction = Callable[[bytes | memoryview], bytes]


@cache
def digest_function(name: str) -> DigestFunction:
    """The function from content to digest that ``name`` stands for.

    Raises:
        ProvenanceError: neither xxhash nor hashlib has a digest of fixed length by this name.
    """
    if name in xxhash.algorithms_available:
        one_shot: DigestFunction = getattr(xxhash, f"{name}_digest")
        return one_shot
    # shake_128 and shake_256 have no length of their own.
    if name in hashlib.algorithms_guaranteed and hashlib.new(name).digest_size:
        constructor = getattr(hashlib, name)
        return lambda content: constructor(content).digest()
    raise ProvenanceError(f"unknown digest {name!r}: use xxh3_128, blake2b, sha256 or another of xxhash or hashlib")


@cache
def digest_size(name: str) -> int:
    """Length in bytes of the digest ``name``; raises ProvenanceError as `digest_function` does."""
    return len(digest_function(name)(b""))


def withstands(name: str) -> bool:
    """Whether the digest ``name`` withstands an adversary who looks for another content of the same digest."""
    return name in _WITHSTANDING


def stream_digest(path: Path, name: str) -> tuple[bytes, int]:
    """The digest ``name`` of the file at ``path``, and its size in bytes; the file is never in memory as a whole."""
    digest = (getattr(xxhash, name) if name in xxhash.algorithms_available else getattr(hashlib, name))()
    size = 0
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return digest.digest(), size


def digest_all(content: pa.LargeBinaryArray, name: str) -> pa.FixedSizeBinaryArray:
    """The digest of each of ``content`` (no nulls)."""
    import numpy as np
    import pyarrow as pa

    digest = digest_function(name)
    _, offset_buffer, data = content.buffers()
    library = kernel() if name == DIGEST and data is not None else None
    if library is not None:
        ids = np.empty(len(content) * ID_SIZE, np.uint8)
        first = offset_buffer.address + content.offset * np.dtype(np.int64).itemsize
        library.provenance_digest_all(data.address, first, len(content), ids.ctypes.data)
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(ID_SIZE), len(content), [None, pa.py_buffer(ids)])
    offsets = np.frombuffer(offset_buffer, np.int64)[content.offset : content.offset + len(content) + 1].tolist()
    view = memoryview(data if data is not None else b"")
    # A digest a row is the one loop over rows in Python: slices of a memoryview copy nothing.
    joined = b"".join([digest(view[start:end]) for start, end in pairwise(offsets)])
    size = digest_size(name)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), len(content), [None, pa.py_buffer(joined)])
