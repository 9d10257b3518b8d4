"""Proof files: for each sample, that it is in a tree whose root was signed, or that it is not.

A sample is inside where it is the leaf of an audit path. It is not where two leaves are inside that follow one another
and between which it would stand, as the leaves of the tree are sorted; at an end one such leaf is enough, and in an
empty tree none is needed.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.attest.dsse import parse_json
from provenance.attest.merkle import is_inside
from provenance.attest.statement import LARGEST
from provenance.attest.trees import TreeName
from provenance.documents import read_document, validated

Hex = Annotated[str, Field(pattern="^([0-9a-f]{2})+$", max_length=256)]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
# Of a tree of 2^64 leaves.
_LONGEST_PATH = 64


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Leaf(_Part):
    """A leaf of the tree: the ``sample``'s id, its ``index`` from 0, and its audit path from the leaf up."""

    sample: Hex
    index: int = Field(ge=0)
    path: tuple[Hash, ...] = Field(max_length=_LONGEST_PATH)

    def holds(self, root: bytes, size: int) -> bool:
        path = [bytes.fromhex(each) for each in self.path]
        return is_inside(bytes.fromhex(self.sample), self.index, size, path, root)


class SampleProof(_Part):
    """What is proven of one sample. ``row`` is its row in the file that was asked about, from 1; a sample that was
    asked for by its id has none.

    With a ``leaf``, it is inside. Otherwise it is not, and ``left`` and ``right`` are its neighbours; at an end there
    is only one.
    """

    row: int | None = Field(default=None, ge=1)
    sample: Hex
    leaf: Leaf | None = None
    left: Leaf | None = None
    right: Leaf | None = None

    @property
    def inside(self) -> bool:
        return self.leaf is not None

    def problem(self, root: bytes, size: int) -> str | None:
        """Why this proves nothing of the tree with this root and size; None where it proves what it says."""
        if self.leaf is not None:
            return self._wrong_inside(self.leaf, root, size)
        sample = bytes.fromhex(self.sample)
        for name, neighbour in (("left", self.left), ("right", self.right)):
            if neighbour is not None and len(neighbour.sample) != len(self.sample):
                return f"its {name} neighbour is no id of the same length"
            if neighbour is not None and not neighbour.holds(root, size):
                return f"its {name} neighbour is not in the tree that was signed"
        if self.left is not None and bytes.fromhex(self.left.sample) >= sample:
            return "its left neighbour does not stand before it"
        if self.right is not None and bytes.fromhex(self.right.sample) <= sample:
            return "its right neighbour does not stand behind it"
        # As if there were a leaf before the first and one behind the last.
        before = -1 if self.left is None else self.left.index
        behind = size if self.right is None else self.right.index
        return None if before + 1 == behind else "its neighbours do not follow one another"

    def _wrong_inside(self, leaf: Leaf, root: bytes, size: int) -> str | None:
        if self.left is not None or self.right is not None:
            return "it is said to be inside and to be outside"
        if leaf.sample != self.sample:
            return "its leaf is another sample"
        return None if leaf.holds(root, size) else "its audit path does not lead to the root that was signed"


class ProofFile(_Part):
    """Proofs that samples are in a dataset, or not; docs/specification/proof.schema.json is made from it.

    ``root`` and ``size`` are those of the ``tree`` of ``dataset``; they count only where they are the ones that were
    signed. ``statement`` is the envelope of the signed statement about the dataset. ``file`` is the bare name of the
    file whose rows were asked about. ``remarks`` are what a reader must know besides the proofs. ``checksum`` is the
    SHA-256 of the rest, as JSON with sorted keys and without spaces: it finds damage, and no forger needs to fear it.
    """

    version: Literal[1] = 1
    tool: str
    dataset: str
    tree: TreeName
    root: Hash
    size: int = Field(ge=0)
    file: str | None = None
    remarks: tuple[str, ...] = ()
    statement: dict[str, Any] | None = None
    proofs: tuple[SampleProof, ...] = Field(min_length=1)
    checksum: Hash

    @property
    def is_whole(self) -> bool:
        """Whether it is as it was written."""
        return self.checksum == checksum_of(self.model_dump(mode="json", exclude={"checksum"}))


def checksum_of(rest: dict[str, Any]) -> str:
    """The checksum of a proof file that has ``rest`` besides."""
    return sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def read_proof(file: Path) -> ProofFile:
    """Read the proofs in ``file``.

    Raises:
        ProvenanceError: it cannot be read, or holds none.
    """
    content = parse_json(read_document(file, "proof", LARGEST), str(file))
    return validated(ProofFile, content, str(file), "; see docs/attesting.md")
