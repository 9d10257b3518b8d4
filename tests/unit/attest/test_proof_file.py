"""Proofs over real sidecars: each member is proven in, all else is proven out, and what is forged proves nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sidecars import sidecar_of_ids

from provenance.attest import merkle, trees
from provenance.attest.merkle import outline
from provenance.attest.proof_file import Leaf, SampleProof
from provenance.attest.proving import prove
from provenance.attest.trees import Tree, TreeName, clean_trees, remembered_tree
from provenance.errors import SidecarError
from provenance.files import Cleaned

ID = 32


def ids(count: int, seed: int = 0) -> list[bytes]:
    return sorted(blake2b(f"{seed} {number}".encode(), digest_size=ID).digest() for number in range(count))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees of a few leaves have several blocks."""
    for module in (merkle, trees):
        monkeypatch.setattr(module, "BLOCK_LEAVES", 8)


def tree(folder: Path, members: list[bytes], ancestors: list[bytes] = [], name: TreeName = "rows") -> Tree:  # noqa: B006
    return remembered_tree(sidecar_of_ids(folder, members, ancestors), name, folder / "tree.json", anew=True)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("count", [0, 1, 2, 7, 8, 9, 16, 17, 100])
def test_members_are_proven_in_and_all_others_out(count: int, tmp_path: Path) -> None:
    members = ids(count)
    made = tree(tmp_path, members)
    root, size = made.outline.root, made.outline.size
    assert (root, size) == (outline(members).root, count)
    for index, member in enumerate(members):
        proof = prove(made, member.hex())
        assert proof.leaf is not None and proof.leaf.index == index
        assert proof.problem(root, size) is None
    nothing, most = bytes(ID), b"\xff" * ID
    for other in [*ids(200, seed=1), nothing, most, *(_next(member) for member in members)]:
        proof = prove(made, other.hex())
        assert not proof.inside
        assert proof.problem(root, size) is None


def _next(member: bytes) -> bytes:
    return (int.from_bytes(member, "big") + 1).to_bytes(ID, "big")


@pytest.mark.usefixtures("small_blocks")
def test_rows_are_the_members_and_the_closure_has_the_ancestors_too(tmp_path: Path) -> None:
    everyone = ids(50)
    members, ancestors = everyone[::2], everyone[1::2]
    rows, closure = (tree(tmp_path, members, ancestors, name) for name in trees.TREES)
    assert rows.outline.root == outline(members).root
    assert closure.outline.root == outline(everyone).root
    for sample in everyone:
        assert prove(rows, sample.hex()).inside == (sample in members)
        assert prove(closure, sample.hex()).inside


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(0, 40))
def test_no_forged_proof_is_accepted(data: st.DataObject, count: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A hundred attempts each: what a member is not inside by, and what a stranger is not outside by."""
    made = tree(tmp_path_factory.mktemp("forged"), ids(count))
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    root, size = made.outline.root, made.outline.size
    for _ in range(100):
        sample = rng.choice([*ids(count), *ids(5, seed=rng.randrange(9) + 1)])
        honest = prove(made, sample.hex())
        forged = _forged(rng, made, honest)
        accepted = forged.problem(root, size) is None
        assert not accepted or forged.inside == prove(made, forged.sample).inside


def _forged(rng: random.Random, made: Tree, honest: SampleProof) -> SampleProof:
    """A proof of the contrary, or of another sample, put together of leaves that are really inside."""
    size = made.outline.size

    def leaf(index: int) -> Leaf | None:
        if not 0 <= index < size:
            return None
        content, path = made.leaf(index)
        return Leaf(sample=content.hex(), index=index, path=tuple(each.hex() for each in path))

    number = rng.randrange(-1, size + 1)
    gap = rng.choice([1, 2, 3])
    match rng.randrange(5):
        case 0:
            return SampleProof(sample=honest.sample, left=leaf(number), right=leaf(number + gap))
        case 1:
            return honest.model_copy(update={"leaf": leaf(number), "left": None, "right": None})
        case 2:
            return honest.model_copy(update={rng.choice(["leaf", "left", "right"]): None})
        case 3 if (there := leaf(number)) is not None:
            shifted = there.model_copy(update={"index": max(0, there.index + rng.choice([-1, 1, 2]))})
            return SampleProof(sample=honest.sample, left=shifted, right=leaf(number + gap))
        case _:
            another = rng.randbytes(ID).hex()
            return honest.model_copy(update={"sample": another})


Change = Callable[[SampleProof], SampleProof]


def with_another_leaf(proof: SampleProof) -> SampleProof:
    assert proof.leaf is not None
    return proof.model_copy(update={"sample": proof.leaf.sample[:-2] + "00"})


def with_another_path(proof: SampleProof) -> SampleProof:
    assert proof.leaf is not None
    return proof.model_copy(update={"leaf": proof.leaf.model_copy(update={"path": proof.leaf.path[:-1]})})


def said_to_be_both(proof: SampleProof) -> SampleProof:
    return proof.model_copy(update={"left": proof.leaf})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (with_another_leaf, "its leaf is another sample"),
        (with_another_path, "its audit path does not lead to the root that was signed"),
        (said_to_be_both, "it is said to be inside and to be outside"),
    ],
)
def test_each_fault_of_a_proof_of_inside_has_its_words(change: Change, problem: str, tmp_path: Path) -> None:
    made = tree(tmp_path, ids(20))
    proof = prove(made, ids(20)[7].hex())
    assert change(proof).problem(made.outline.root, 20) == problem


def test_each_fault_of_a_proof_of_outside_has_its_words(tmp_path: Path) -> None:
    members = ids(20)
    made = tree(tmp_path, members)
    root = made.outline.root
    other = _next(members[7])
    proof = prove(made, other.hex())

    def problem(sample: bytes = other, **changes: Leaf | None) -> str | None:
        return proof.model_copy(update={"sample": sample.hex(), **changes}).problem(root, 20)

    def neighbour(member: bytes) -> Leaf | None:
        return prove(made, member.hex()).leaf

    assert problem() is None
    assert problem(right=None) == problem(left=neighbour(members[6])) == "its neighbours do not follow one another"
    assert problem(sample=members[7]) == "its left neighbour does not stand before it"
    assert problem(sample=members[8]) == "its right neighbour does not stand behind it"
    assert proof.left is not None
    strange = proof.left.model_copy(update={"path": proof.left.path[1:]})
    assert problem(left=strange) == "its left neighbour is not in the tree that was signed"
    assert (
        problem(left=proof.left.model_copy(update={"sample": "00"})) == "its left neighbour is no id of the same length"
    )


def test_an_outline_is_remembered_and_a_changed_sidecar_is_noticed(tmp_path: Path) -> None:
    members = ids(3000)
    sidecar = sidecar_of_ids(tmp_path, members, [])
    file = tmp_path / "kept.json"
    made = remembered_tree(sidecar, "rows", file)
    kept = remembered_tree(sidecar, "rows", file)
    assert (kept.outline, kept.starts) == (made.outline, made.starts)
    assert prove(kept, members[2500].hex()).problem(made.outline.root, 3000) is None
    other = sidecar_of_ids(tmp_path, ids(3000, seed=2), [])
    assert other.path == sidecar.path
    with pytest.raises(SidecarError, match="it has changed while it was read"):
        remembered_tree(sidecar, "rows", file).leaf(5)


def test_ids_out_of_order_are_refused(tmp_path: Path) -> None:
    sidecar = sidecar_of_ids(tmp_path, ids(10)[::-1], [], in_order=False)
    with pytest.raises(SidecarError, match="its ids are not in order"):
        remembered_tree(sidecar, "closure", tmp_path / "tree.json")


def test_a_sample_of_several_births_is_one_leaf(tmp_path: Path) -> None:
    members = ids(5)
    sidecar = sidecar_of_ids(tmp_path, [*members[:3], members[2], members[2], *members[3:]], [], in_order=False)
    assert remembered_tree(sidecar, "rows", tmp_path / "tree.json").outline.root == outline(members).root


def test_only_trees_of_the_sidecars_that_are_kept_stay(tmp_path: Path) -> None:
    folder = tmp_path / "trees"
    assert clean_trees(tmp_path, {"a1"}) == Cleaned()
    folder.mkdir()
    for name in ("a1-rows.json", "a1-closure.json", "b2-rows.json", "b2-closure.json"):
        (folder / name).write_text("{}")
    assert clean_trees(tmp_path, {"a1"}) == Cleaned(2, 4)
    assert sorted(file.name for file in folder.iterdir()) == ["a1-closure.json", "a1-rows.json"]
