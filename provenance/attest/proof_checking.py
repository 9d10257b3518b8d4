"""Checking proofs against a signed root, with nothing of the dataset at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.attest.checks import Check, Verified, failed, judged, not_checked, passed
from provenance.attest.proof_file import ProofFile, SampleProof
from provenance.attest.statement import NotSignedError, signed_statement
from provenance.errors import ProvenanceError
from provenance.identity.digests import digest_size, withstands
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.attest.keys import PublicKey
    from provenance.attest.statement import DatasetPredicate

_MOST_NAMED = 20


def verify_proof(
    proof: ProofFile, name: str, keys: Sequence[PublicKey], statement: tuple[Any, str] | None, rows_of: Path | None
) -> Verified:
    """Check ``proof``, the file ``name``, against the signed ``statement`` (None: the one in it).

    ``rows_of``: the file whose rows are meant; their ids are computed again, by what was signed of the dataset.

    Raises:
        ProvenanceError: there is no statement, or it is no statement about a dataset.
    """
    document, called = (proof.statement, name) if statement is None else statement
    if document is None:
        raise ProvenanceError(f"{name}: has no signed statement in it; name one with --statement")
    try:
        signed, by = signed_statement(document, list(keys), called)
    except NotSignedError as error:
        others = [not_checked(what, "the signature is not valid") for what in ("root", "proofs")]
        return Verified(None, (_of_the_file_itself(proof), failed("signature", str(error)), *others))
    stated = signed.of_dataset(called)
    if stated is None:
        raise ProvenanceError(f"{called}: signed, but it is not about a dataset; name the statement about one")
    checks = [
        _of_the_file_itself(proof),
        passed("signature", f"made with {by.fingerprint}"),
        *_of_root(proof, stated),
        *_of_file(proof, stated, rows_of),
    ]
    return Verified(_subject(proof), tuple(checks))


def _subject(proof: ProofFile) -> str:
    inside = sum(each.inside for each in proof.proofs)
    among = "rows" if proof.tree == "rows" else "rows and ancestors"
    out = len(proof.proofs) - inside
    return f"{counted(inside, 'sample')} in, {counted(out, 'sample')} not in the {among} of {proof.dataset}"


def _of_the_file_itself(proof: ProofFile) -> Check:
    """Whether a byte of it has changed by accident: what is noted in it besides the proofs is signed by nobody."""
    if proof.is_whole:
        return passed("file", "as it was written, by its checksum")
    return failed("file", "changed since it was written: its checksum is another")


def _of_root(proof: ProofFile, stated: DatasetPredicate) -> Iterator[Check]:
    digest = stated.identity.digest
    tree = (stated.trees or {}).get(proof.tree)
    problem = None
    if stated.dataset != proof.dataset:
        problem = f"the proof is about {proof.dataset}, and {stated.dataset} was signed"
    elif tree is None or not withstands(digest):
        problem = f"no root was signed that proves anything: {stated.without_trees or f'ids are {digest} digests'}"
    elif (tree.root, tree.size) != (proof.root, proof.size):
        problem = (
            f"the proof is for the root {proof.root} of {proof.size:,}, and {tree.root} of {tree.size:,} was signed"
        )
    if problem is not None or tree is None:
        yield failed("root", str(problem))
        yield not_checked("proofs", "there is no signed root to check them against")
        return
    yield passed("root", f"signed, of {counted(tree.size, 'sample')}")
    root, length = bytes.fromhex(tree.root), 2 * digest_size(digest)
    wrong = ((each, _wrong(each, root, tree.size, length)) for each in proof.proofs)
    problems = [f"{_called(each)}: {why}" for each, why in wrong if why is not None]
    more = [f"{len(problems) - _MOST_NAMED:,} more prove nothing"] if len(problems) > _MOST_NAMED else []
    yield from judged("proofs", [*problems[:_MOST_NAMED], *more], _subject(proof))


def _wrong(proof: SampleProof, root: bytes, size: int, length: int) -> str | None:
    if len(proof.sample) != length:
        return "it is not an id of this dataset's digest"
    return proof.problem(root, size)


def _called(proof: SampleProof) -> str:
    return f"sample {proof.sample[:12]}" if proof.row is None else f"row {proof.row}"


def _of_file(proof: ProofFile, stated: DatasetPredicate, file: Path | None) -> Iterator[Check]:
    """Whether the samples are those of the rows of ``file``: whoever proved it may have asked about others."""
    from provenance.attest.proving import ids_of_file

    if file is None:
        return
    ids, _ = ids_of_file(file, stated.identity, stated.column_types)
    proven = [each.sample for each in proof.proofs]
    differing = [row for row, (own, other) in enumerate(zip(ids, proven, strict=False), start=1) if own != other]
    problems = [f"row {row} of {file} is another sample than the proof is about" for row in differing[:_MOST_NAMED]]
    if len(ids) != len(proven):
        problems.append(
            f"{file} has {counted(len(ids), 'row')}, and the proof is about {counted(len(proven), 'sample')}"
        )
    yield from judged("rows", problems, f"the samples are those of {counted(len(ids), 'row')} of {file}")
