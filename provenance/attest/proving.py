"""Making proofs: that samples are in a dataset (or among its ancestors), or that they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.attest.dsse import open_envelope, parse_json
from provenance.attest.proof_file import Leaf, ProofFile, SampleProof, checksum_of
from provenance.attest.statement import TOOL, Statement
from provenance.attest.trees import Tree, TreeName
from provenance.documents import validated
from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from provenance.lineage.records import IdentitySettings

# A proof takes some four kilobytes.
MOST_PROOFS = 10_000


def ids_of_file(file: Path, stated: IdentitySettings, types: Mapping[str, str]) -> tuple[list[str], tuple[str, ...]]:
    """The sample id of each row of ``file`` by the identity of a dataset, and what to know of them.

    A file in no format of datasets is a sample as a whole, as those of a directory are.

    Raises:
        DataError: it cannot be read as a dataset.
        ProvenanceError: it has no rows, or more than a proof file holds.
    """
    from provenance.identity import is_dataset, scan
    from provenance.identity.digests import stream_digest
    from provenance.lineage.content_choice import identity_by

    if file.is_file() and not is_dataset(file.name):
        return [stream_digest(file, stated.digest)[0].hex()], ()
    scanned = scan(file, identity_by(stated, column_types=types))
    ids: list[str] = []
    for batch in scanned:
        ids.extend(sample_id.hex() for sample_id in batch.sample_ids.to_pylist())
        if len(ids) > MOST_PROOFS:
            raise ProvenanceError(f"{file}: more than {MOST_PROOFS:,} rows, the most of one proof file; split it")
    if not ids:
        raise ProvenanceError(f"{file}: it has no rows, so there is nothing to prove")
    return ids, tuple(_differing_fields(scanned.fields, stated.fields))


def _differing_fields(found: Sequence[str], stated: Sequence[str]) -> list[str]:
    if set(found) == set(stated):
        return []
    return [
        f"the file's content fields are {_named(found)}, those of the dataset {_named(stated)}: a row with other "
        "content fields is another sample, whatever text they share"
    ]


def _named(fields: Sequence[str]) -> str:
    return ", ".join(fields) or "none"


def prove(tree: Tree, sample: str, row: int | None = None) -> SampleProof:
    """What ``tree`` proves of the ``sample``: that it is inside, or that it is not.

    Raises:
        SidecarError: the sidecar cannot be read.
    """
    place = tree.find(bytes.fromhex(sample))
    leaves = (_leaf(tree, index) for index in (place.index, place.left, place.right))
    leaf, left, right = leaves
    return SampleProof(row=row, sample=sample, leaf=leaf, left=left, right=right)


def _leaf(tree: Tree, index: int | None) -> Leaf | None:
    if index is None:
        return None
    leaf, path = tree.leaf(index)
    return Leaf(sample=leaf.hex(), index=index, path=tuple(each.hex() for each in path))


def proof_file(
    tree: Tree, dataset: str, samples: Sequence[str], *, file: Path | None, remarks: Sequence[str], statement: Any
) -> ProofFile:
    """The proofs of ``samples``, in their order; of the rows of ``file``, if it is one."""
    made = ProofFile(
        tool=TOOL,
        dataset=dataset,
        tree=tree.name,
        root=tree.outline.root.hex(),
        size=tree.outline.size,
        file=None if file is None else file.name,
        remarks=tuple(remarks),
        statement=statement,
        proofs=tuple(prove(tree, each, None if file is None else row) for row, each in enumerate(samples, start=1)),
        checksum="0" * 64,
    )
    return made.model_copy(update={"checksum": checksum_of(made.model_dump(mode="json", exclude={"checksum"}))})


def require_same_tree(document: Any, name: str, dataset: str, tree: Tree) -> None:
    """Refuse the statement in the envelope ``document`` where it is not about this tree of this dataset.

    Its signature is for those to check who get the proof.

    Raises:
        ProvenanceError: it is about something else, or about another state of the dataset.
    """
    payload = parse_json(open_envelope(document, name).payload, f"{name}: payload")
    stated = validated(Statement, payload, f"{name}: payload").of_dataset(name)
    if stated is None or stated.dataset != dataset:
        about = "a verdict" if stated is None else stated.dataset
        raise ProvenanceError(f"{name}: is about {about}, not about {dataset}; name the statement about {dataset}")
    signed = (stated.trees or {}).get(tree.name)
    if signed is None or (signed.root, signed.size) != (tree.outline.root.hex(), tree.outline.size):
        raise ProvenanceError(
            f"{name}: was signed for another state of {dataset}; sign it again, or name its revision with --rev"
        )


def tree_name(*, ancestors: bool) -> TreeName:
    """Of the tree that is asked."""
    return "closure" if ancestors else "rows"
