"""Checking a signed statement against what is here: signature, digests, sidecar, closure, trees; or a verdict.

What one check finds wrong does not keep the others from being made, but for the signature: of a statement that nobody
has signed, nothing is believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.attest.checks import Check, Verified, failed, judged, not_checked, passed
from provenance.attest.dsse import parse_json
from provenance.attest.keyless import Identity, keyless_statement
from provenance.attest.keys import PublicKey
from provenance.attest.signing import data_subjects, digests_of, input_subjects, policy_subjects
from provenance.attest.statement import LARGEST, NotSignedError, Statement, StatementSubject, signed_statement
from provenance.attest.trees import tree_of
from provenance.documents import read_document
from provenance.errors import ProvenanceError, RepositoryError, SidecarError, UnknownReferenceError
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.manifest import stating_file
from provenance.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provenance.attest.statement import DatasetPredicate, VerdictPredicate
    from provenance.attest.verdict_file import VerdictFile
    from provenance.ledger.datasets import RecordedDataset
    from provenance.lineage.problems import Problem
from provenance.repository import Repository

OF_DATASET = ("data", "sidecar", "rows", "closure", "roots")
OF_VERDICT = ("verdict", "policy", "inputs", "recomputed")
_MOST_NAMED = 20
_AS_SIGNED = "as it was signed, by SHA-256"


def read_envelope(file: Path) -> Any:
    """The document in ``file``, which ought to be an envelope.

    Raises:
        ProvenanceError: it cannot be read, or is not JSON.
    """
    return parse_json(read_document(file, "statement", LARGEST), str(file))


@dataclass(frozen=True)
class Certified:
    """The ``identity`` that must have signed through Sigstore.

    ``trust_config`` has the keys to believe; default: those of the public services.
    """

    identity: Identity
    trust_config: Path | None = None


def verify_statement(
    repository: Repository, file: Path, signers: Sequence[PublicKey] | Certified, rev: str | None = None
) -> Verified:
    """Check the statement in ``file`` against the repository, at revision ``rev`` or in the workspace.

    ``signers``: the keys of which one must have signed, or who must have through Sigstore.

    Raises:
        ProvenanceError: the file is no statement that can be read.
    """
    try:
        statement, how = _signed(read_envelope(file), signers, str(file))
    except NotSignedError as error:
        # What it is about is not known: nothing in it is believed.
        others = [not_checked(what, "the signature is not valid") for what in ("subjects", "predicate")]
        return Verified(None, (failed("signature", str(error)), *others))
    signature = passed("signature", how)
    dataset, verdict = statement.of_dataset(str(file)), statement.of_verdict(str(file))
    if dataset is not None:
        checks = _of_dataset(repository, statement, dataset, rev)
        return Verified(f"dataset {dataset.dataset}", (signature, *checks))
    if verdict is not None:
        subject = f"{verdict.verdict} of {verdict.date} by {' + '.join(verdict.policy)}"
        return Verified(f"verdict {subject}", (signature, *_of_verdict(repository, statement, verdict)))
    raise ProvenanceError(f"{file}: signed, but its predicate {statement.predicate_type} is not known here")


def _signed(document: Any, signers: Sequence[PublicKey] | Certified, name: str) -> tuple[Statement, str]:
    """The statement, and how it was signed."""
    if isinstance(signers, Certified):
        statement = keyless_statement(document, signers.identity, signers.trust_config, name)
        return statement, f"made by {signers.identity}"
    statement, by = signed_statement(document, list(signers), name)
    return statement, f"made with {by.fingerprint}"


def _of_dataset(
    repository: Repository, statement: Statement, stated: DatasetPredicate, rev: str | None
) -> Iterator[Check]:
    subjects = {subject.name: subject.digest for subject in statement.subject}
    with Sidecars.open(repository, rev, anew=True) as ledger:
        try:
            dataset = ledger.dataset(repository.root / stated.dataset)
        except (SidecarError, UnknownReferenceError) as error:
            yield from _of_unusable(repository, stated, subjects, rev, str(error))
            return
        sidecar = subjects.pop(stated.sidecar, {})
        yield from _data(ledger, dataset, stated, subjects)
        there = StatementSubject(name=stated.sidecar, digest=digests_of(stating_file(dataset.file)))
        yield from judged("sidecar", _differences([there], {stated.sidecar: sidecar}), _AS_SIGNED)
        yield from _records(ledger, dataset)
        yield from _roots(ledger, dataset, stated)


def _of_unusable(
    repository: Repository,
    stated: DatasetPredicate,
    signed: Mapping[str, Mapping[str, str]],
    rev: str | None,
    why: str,
) -> Iterator[Check]:
    """What can be said of a dataset without a sidecar that can be used: files of the workspace still have digests."""
    for what, name in (("data", stated.dataset), ("sidecar", stated.sidecar)):
        file = repository.root / name
        if rev is None and name in signed and file.is_file():
            there = StatementSubject(name=name, digest=digests_of(file))
            yield from judged(what, _differences([there], {name: signed[name]}), _AS_SIGNED)
        else:
            yield not_checked(what, why)
    yield from (not_checked(what, why) for what in OF_DATASET[2:])


def _data(
    ledger: Sidecars, dataset: RecordedDataset, stated: DatasetPredicate, signed: Mapping[str, Mapping[str, str]]
) -> Iterator[Check]:
    try:
        there = list(data_subjects(ledger, dataset))
    except RepositoryError as error:
        yield not_checked("data", str(error))
        return
    said = f"{counted(len(signed), 'file')} {_AS_SIGNED.removeprefix('as it was ')}" if len(signed) > 1 else _AS_SIGNED
    problems = list(_differences(there, signed))
    if dataset.sidecar.header.dataset.rows != stated.rows:
        problems.append(f"{stated.rows:,} rows were signed, and it has {dataset.sidecar.header.dataset.rows:,}")
    yield from judged("data", problems, said)


def _differences(there: Sequence[StatementSubject], signed: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """How the files that are ``there`` differ from those that were ``signed``; only SHA-256 decides."""
    found = {subject.name: subject.digest["sha256"] for subject in there}
    differing = [name for name in sorted(found.keys() | signed.keys()) if _says(found, signed, name)]
    yield from (_says(found, signed, name) or "" for name in differing[:_MOST_NAMED])
    if len(differing) > _MOST_NAMED:
        yield f"{len(differing) - _MOST_NAMED:,} more files differ"


def _says(found: Mapping[str, str], signed: Mapping[str, Mapping[str, str]], name: str) -> str | None:
    """What is wrong with the file ``name``; None where nothing is."""
    if name not in found:
        return f"{name}: was signed, and is not here"
    if name not in signed:
        return f"{name}: is here, and was not signed"
    was = signed[name].get("sha256")
    return None if was == found[name] else f"{name}: its sha256 is {found[name]}, and {was} was signed"


def _records(ledger: Sidecars, dataset: RecordedDataset) -> Iterator[Check]:
    """Whether the sidecar tells the truth about the data, and whether it is closed."""
    from provenance.ledger.checked import problems_of
    from provenance.lineage.problems import NOT_CLOSED

    try:
        problems = problems_of(ledger, dataset)
    except RepositoryError as error:
        yield from (not_checked(what, str(error)) for what in ("rows", "closure"))
        return
    except SidecarError as error:
        yield from (failed(what, str(error)) for what in ("rows", "closure"))
        return
    open_ends = [problem for problem in problems if problem.problem.startswith(NOT_CLOSED)]
    others = [_words(problem) for problem in problems if problem not in open_ends]
    yield from judged("rows", others, "every row has its record")
    yield from judged("closure", map(_words, open_ends), "every ancestor has its record")


def _words(problem: Problem) -> str:
    row = "" if problem.row is None else f":{problem.row}"
    return f"{problem.path}{row}: {problem.problem}"


def _roots(ledger: Sidecars, dataset: RecordedDataset, stated: DatasetPredicate) -> Iterator[Check]:
    if stated.trees is None:
        yield passed("roots", f"none were signed: {stated.without_trees}")
        return
    problems = []
    for name, signed in sorted(stated.trees.items()):
        try:
            found = tree_of(dataset, name, ledger.folder, anew=True).outline
        except ProvenanceError as error:
            problems.append(str(error))
            continue
        if (found.root.hex(), found.size) != (signed.root, signed.size):
            problems.append(f"the root of {name} is {found.root.hex()} of {found.size:,}, and {signed.root} was signed")
    yield from judged("roots", problems, "those of the sidecar's ids")


def _of_verdict(repository: Repository, statement: Statement, stated: VerdictPredicate) -> Iterator[Check]:
    from provenance.attest.verdict_file import read_verdict

    signed = {subject.name: subject.digest for subject in statement.subject}
    file = repository.root / stated.file
    if not file.is_file():
        yield not_checked("verdict", f"{stated.file}: not here")
        yield from (not_checked(what, "the verdict's file is not here") for what in OF_VERDICT[1:])
        return
    own = [StatementSubject(name=stated.file, digest=digests_of(file))]
    differing = list(_differences(own, {stated.file: signed.get(stated.file, {})}))
    yield from judged("verdict", differing, _AS_SIGNED)
    if differing:
        # By its own word it may rest on anything.
        yield from (not_checked(what, "the verdict is not the one that was signed") for what in OF_VERDICT[1:])
        return
    verdict = read_verdict(file)
    yield from _policy(repository, verdict, {name: signed.get(name, {}) for name in stated.policy_files})
    yield from _inputs(repository, verdict, {name: signed.get(name, {}) for name in stated.inputs})
    yield from _recomputed(repository, verdict)


def _policy(repository: Repository, verdict: VerdictFile, signed: Mapping[str, Mapping[str, str]]) -> Iterator[Check]:
    """The policy's own bytes decide, not the rules that a verdict says it was judged by."""
    try:
        there = list(policy_subjects(repository, verdict))
    except ProvenanceError as error:
        yield not_checked("policy", str(error))
        return
    yield from judged("policy", _differences(there, signed), _AS_SIGNED)


def _inputs(repository: Repository, verdict: VerdictFile, signed: Mapping[str, Mapping[str, str]]) -> Iterator[Check]:
    """What the verdict says it has read is what was signed; whether that is here, `_recomputed` finds out."""
    there = {subject.name: subject.digest for subject in input_subjects(repository, verdict)}
    differing = [name for name in sorted(there.keys() | signed.keys()) if not _agree(there.get(name), signed.get(name))]
    yield from judged("inputs", (f"{name}: not as it was signed" for name in differing[:_MOST_NAMED]), "as signed")


def _agree(found: Mapping[str, str] | None, signed: Mapping[str, str] | None) -> bool:
    """Whether no digest differs that both have, and there is one; data may not be here for its SHA-256."""
    common = (found or {}).keys() & (signed or {}).keys()
    return bool(common) and all((found or {})[name] == (signed or {})[name] for name in common)


def _recomputed(repository: Repository, verdict: VerdictFile) -> Iterator[Check]:
    from provenance.attest.recheck import recheck

    found = recheck(repository, verdict)
    if found.changes:
        yield from (
            failed("recomputed", f"{change.what}: was {change.was}, now {change.now}")
            for change in found.changes[:_MOST_NAMED]
        )
    elif found.as_recorded:
        yield from (not_checked("recomputed", f"as recorded only: {remark}") for remark in found.as_recorded)
    else:
        yield passed("recomputed", f"{verdict.verdict.value}, {'passes' if verdict.passes else 'does not pass'}")
