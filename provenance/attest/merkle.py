"""Merkle trees as RFC 9162, section 2.1, has them, over leaves that stream past: roots, and proofs of what is inside.

A leaf's hash is SHA-256 of a zero byte and the leaf, a node's that of a one byte and its two children. The left part of
a tree holds the greatest power of two of leaves that is smaller than their number. So all blocks of `BLOCK_LEAVES`
leaves but the last are whole subtrees, and the hashes of blocks are all that is kept of a tree: a proof needs these and
the leaves of one block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import islice

BLOCK_LEAVES = 1024


@dataclass(frozen=True)
class Outline:
    """A tree of ``size`` leaves by its ``blocks``: the hash of each, and its ``first`` leaf."""

    size: int
    blocks: tuple[bytes, ...]
    first: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """The root of the tree, 32 bytes; of no leaf at all, SHA-256 of nothing."""
        return self._levels[-1][0] if self.blocks else sha256().digest()

    @cached_property
    def _levels(self) -> list[Sequence[bytes]]:
        """The hashes of blocks, of pairs of blocks and so on up to the root: the same for all paths."""
        return _levels(self.blocks)

    def path(self, index: int, block: Sequence[bytes]) -> list[bytes]:
        """The audit path of leaf number ``index`` (from 0), from the bottom up; ``block``: the leaves of its block.

        Raises:
            ValueError: these are not the leaves of that block.
        """
        number, within = divmod(index, BLOCK_LEAVES)
        levels = _levels([_leaf_hash(leaf) for leaf in block])
        if not 0 <= index < self.size or levels[-1][0] != self.blocks[number]:
            raise ValueError(f"leaf {index} of {self.size} is not in this block")
        return [*_path(levels, within), *_path(self._levels, number)]


def outline(leaves: Iterable[bytes]) -> Outline:
    """The tree over ``leaves``, in their order; they are not held."""
    blocks: list[bytes] = []
    first: list[bytes] = []
    size = 0
    for block in _in_blocks(leaves):
        blocks.append(_root([_leaf_hash(leaf) for leaf in block]))
        first.append(block[0])
        size += len(block)
    return Outline(size, tuple(blocks), tuple(first))


def is_inside(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` proves that leaf number ``index`` of the ``size`` leaves under ``root`` is ``leaf``.

    The algorithm of RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    number, last = index, size - 1
    found = _leaf_hash(leaf)
    for sibling in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            found = _node_hash(sibling, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = _node_hash(found, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and found == root


def _in_blocks(leaves: Iterable[bytes]) -> Iterator[list[bytes]]:
    waiting = iter(leaves)
    while block := list(islice(waiting, BLOCK_LEAVES)):
        yield block


def _leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _level_above(hashes: Sequence[bytes]) -> list[bytes]:
    """The parents of neighbours; the last of an odd number is taken up as it is."""
    pairs = [_node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]
    return [*pairs, hashes[-1]] if len(hashes) % 2 else pairs


def _levels(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """``hashes``, of which there is at least one, and the levels above, up to that of the root alone."""
    levels = [hashes]
    while len(levels[-1]) > 1:
        levels.append(_level_above(levels[-1]))
    return levels


def _root(hashes: Sequence[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = _level_above(hashes)
    return hashes[0]


def _path(levels: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    path = []
    for hashes in levels[:-1]:
        if (sibling := index ^ 1) < len(hashes):
            path.append(hashes[sibling])
        index >>= 1
    return path
