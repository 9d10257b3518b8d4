"""Trees against the RFC's own recursive definition, and proofs against forged ones."""

from __future__ import annotations

import random
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.attest import merkle
from provenance.attest.merkle import BLOCK_LEAVES, is_inside, outline

# Of RFC 6962's reference implementation, whose trees are those of RFC 9162: eight leaves, the roots of the first n.
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")] + [
    bytes(range(0x60, 0x70))
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def by_definition(leaves: list[bytes]) -> bytes:
    """The hash of a tree as RFC 9162, section 2.1.1, defines it."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + by_definition(leaves[:half]) + by_definition(leaves[half:])).digest()


def proof(leaves: list[bytes], index: int) -> list[bytes]:
    start = index - index % BLOCK_LEAVES
    return outline(leaves).path(index, leaves[start : start + BLOCK_LEAVES])


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    assert outline(LEAVES[:size]).root.hex() == ROOTS[size]


@settings(max_examples=200, deadline=None)
@given(leaves=st.lists(st.binary(max_size=3), max_size=70), block=st.sampled_from([1, 2, 8, 64]))
def test_a_tree_is_that_of_the_definition_whatever_the_blocks(leaves: list[bytes], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merkle, "BLOCK_LEAVES", block)
        tree = outline(leaves)
        assert (tree.root, tree.size) == (by_definition(leaves), len(leaves))
        for index, leaf in enumerate(leaves):
            start = index - index % block
            path = tree.path(index, leaves[start : start + block])
            assert is_inside(leaf, index, len(leaves), path, tree.root)


@pytest.mark.parametrize("size", [1, BLOCK_LEAVES, BLOCK_LEAVES + 1, 3 * BLOCK_LEAVES + 7, 10_000])
def test_large_trees(size: int) -> None:
    leaves = [number.to_bytes(16, "big") for number in range(size)]
    tree = outline(iter(leaves))
    assert tree.root == by_definition(leaves)
    for index in {0, size - 1, size // 2, min(BLOCK_LEAVES, size - 1)}:
        assert is_inside(leaves[index], index, size, proof(leaves, index), tree.root)


def test_leaves_of_another_block_are_refused() -> None:
    leaves = [bytes([number % 256, number // 256]) for number in range(3000)]
    with pytest.raises(ValueError, match="leaf 5 of 3000 is not in this block"):
        outline(leaves).path(5, leaves[1024:2048])


def test_no_forged_proof_of_a_hundred_thousand_is_accepted() -> None:
    rng = random.Random(7)
    accepted = 0
    for _ in range(1000):
        leaves = [rng.randbytes(8) for _ in range(rng.randint(1, 40))]
        tree = outline(leaves)
        index = rng.randrange(len(leaves))
        path = proof(leaves, index)
        assert is_inside(leaves[index], index, len(leaves), path, tree.root)
        for _ in range(100):
            accepted += is_inside(*_forged(rng, leaves[index], index, len(leaves), path), tree.root)
    assert accepted == 0


def _forged(
    rng: random.Random, leaf: bytes, index: int, size: int, path: list[bytes]
) -> tuple[bytes, int, int, list[bytes]]:
    """One thing of a proof, changed: the leaf, its number, the path; the size where that is not the same proof."""
    path = [*path]
    match rng.randrange(4):
        case 0:
            return bytes([leaf[0] ^ 1 << rng.randrange(8)]) + leaf[1:], index, size, path
        case 1:
            return leaf, rng.choice([-1, size, index + rng.randint(1, 2 * size)]), size, path
        case 2 if path:
            place = rng.randrange(len(path))
            path[place] = path[place][:-1] + bytes([path[place][-1] ^ 1])
            return leaf, index, size, path
        case 3 if path:
            return leaf, index, size, rng.choice([path[:-1], [*path, rng.randbytes(32)], path[1:]])
        case _:
            return leaf[:-1], index, size, path
