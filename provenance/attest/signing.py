"""Making statements: of a dataset whose sidecar tells the truth, and of a verdict that was recomputed."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.attest.statement import (
    TOOL,
    DatasetPredicate,
    StatementSubject,
    TreeState,
    VerdictPredicate,
    statement,
)
from provenance.attest.trees import TREES, TreeName, tree_of, why_no_tree
from provenance.errors import ProvenanceError, RepositoryError
from provenance.identity.names import sidecar_path
from provenance.ledger.contents import local_data
from provenance.lineage.manifest import stating_file

if TYPE_CHECKING:
    from provenance.attest.verdict_file import RecordedInput, VerdictFile
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.sidecars import Sidecars
from provenance.repository import Repository

# A subject takes some 200 bytes.
MOST_FILES = 100_000
_CHUNK_BYTES = 1 << 20


def dataset_statement(ledger: Sidecars, dataset: RecordedDataset) -> tuple[bytes, str | None]:
    """The statement about ``dataset``, and why it has no trees, if it has none.

    Raises:
        ProvenanceError: its sidecar does not tell the truth, or the data is not here.
    """
    from provenance.ledger.checked import problems_of

    dataset.require_current()
    problems = problems_of(ledger, dataset)
    if problems:
        first = f"{problems[0].path}: {problems[0].problem}"
        verify = f"`provenance verify {shlex.quote(dataset.path)}`"
        raise ProvenanceError(f"{first}; {verify} has all of it; it was not signed")
    subjects = list(subjects_of(ledger, dataset))
    header = dataset.sidecar.header
    of_file = next((each.digest["md5"] for each in subjects if each.name == dataset.path), None)
    if of_file is not None and header.dataset.md5 not in (None, of_file):
        raise ProvenanceError(f"{dataset.path}: changed while it was read; sign it again")
    why = why_no_tree(dataset.sidecar)
    predicate = DatasetPredicate(
        tool=TOOL,
        dataset=dataset.path,
        commit=None if ledger.rev is None else ledger.repository.commit(ledger.rev),
        rows=header.dataset.rows,
        size=header.dataset.size,
        md5=header.dataset.md5,
        sidecar=sidecar_path(dataset.path),
        sidecar_md5=dataset.digest if dataset.file.is_dir() else subjects[-1].digest["md5"],
        identity=header.identity,
        column_types=dict(ledger.repository.settings(ledger.rev).for_dataset(dataset.path).types),
        trees=None if why else tree_states(ledger, dataset),
        without_trees=why,
    )
    return statement(subjects, predicate), why


def tree_states(ledger: Sidecars, dataset: RecordedDataset) -> dict[TreeName, TreeState]:
    """The trees of ``dataset``, by name, as a statement has them."""
    outlines = {name: tree_of(dataset, name, ledger.repository.temporary, anew=True).outline for name in TREES}
    return {name: TreeState(root=each.root.hex(), size=each.size) for name, each in outlines.items()}


def subjects_of(ledger: Sidecars, dataset: RecordedDataset) -> Iterator[StatementSubject]:
    """The files of the data, which is one or a directory's, and the sidecar, the last one.

    Raises:
        RepositoryError: the data is not here.
    """
    yield from data_subjects(ledger, dataset)
    yield StatementSubject(name=sidecar_path(dataset.path), digest=digests_of(stating_file(dataset.file)))


def data_subjects(ledger: Sidecars, dataset: RecordedDataset) -> Iterator[StatementSubject]:
    """The files of the data.

    Raises:
        RepositoryError: the data is not here.
    """
    data = local_data(ledger, dataset)
    if data.is_file():
        yield StatementSubject(name=dataset.path, digest=digests_of(data))
        return
    files = sorted(path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file())
    if len(files) > MOST_FILES:
        raise ProvenanceError(
            f"{dataset.path}: has {len(files):,} files, and a statement names at most {MOST_FILES:,}; pack them into "
            "fewer (Parquet, tar shards)"
        )
    for file in files:
        yield StatementSubject(name=f"{dataset.path}/{file}", digest=digests_of(data / file))


def digests_of(file: Path) -> dict[str, str]:
    """SHA-256 of the content of ``file``, and the MD5 by which DVC knows it; it is read once."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with open(file, "rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            sha256.update(chunk)
            md5.update(chunk)
    return {"sha256": sha256.hexdigest(), "md5": md5.hexdigest()}


def verdict_statement(repository: Repository, file: Path, verdict: VerdictFile) -> bytes:
    """The statement about the ``verdict`` in ``file``, which is recomputed.

    Raises:
        ProvenanceError: it does not come out the same, or not all of it can be recomputed.
    """
    from provenance.attest.recheck import recheck

    found = recheck(repository, verdict)
    if found.changes:
        change = found.changes[0]
        raise ProvenanceError(
            f"{file}: the verdict does not hold ({change.what}: was {change.was}, now {change.now}); "
            "`provenance audit --recheck` has all of it; it was not signed"
        )
    if found.as_recorded:
        raise ProvenanceError(f"{file}: not all of it can be recomputed ({found.as_recorded[0]}); it was not signed")
    policies = list(policy_subjects(repository, verdict))
    inputs = list(input_subjects(repository, verdict))
    named = file.resolve()
    inside = named.is_relative_to(repository.root)
    name = named.relative_to(repository.root).as_posix() if inside else file.name
    predicate = VerdictPredicate(
        tool=TOOL,
        file=name,
        verdict=verdict.verdict.value,
        passes=verdict.passes,
        date=verdict.date.isoformat(),
        policy=verdict.policy.sources,
        policy_digest=verdict.policy.digest,
        policy_files=tuple(each.name for each in policies),
        inputs=tuple(each.name for each in inputs),
    )
    return statement([StatementSubject(name=name, digest=digests_of(file)), *policies, *inputs], predicate)


def policy_subjects(repository: Repository, verdict: VerdictFile) -> Iterator[StatementSubject]:
    """The verdict's policy by its own bytes: its files, packs, and all that these extend.

    Raises:
        ProvenanceError: a file of it is not here.
    """
    from provenance.auditing.policy.loading import policy_contents

    for name, content in policy_contents(verdict.policy.sources, repository.root).items():
        yield StatementSubject(name=f"policy {name}", digest={"sha256": hashlib.sha256(content).hexdigest()})


def input_subjects(repository: Repository, verdict: VerdictFile) -> Iterator[StatementSubject]:
    """What the verdict has read: data (SHA-256 where it is here) and sidecars, and the mixture file.

    A dataset that was read in two roles is there once.
    """
    subjects: dict[str, StatementSubject] = {}
    for read in verdict.inputs:
        name = read.dataset.path if read.dataset.commit is None else f"{read.dataset.path}@{read.dataset.commit}"
        subjects[name] = StatementSubject(name=name, digest=_digests_of_data(repository, read))
        sidecar = {"sha256": read.sidecar.removeprefix("sha256:")}
        subjects[f"sidecar of {name}"] = StatementSubject(name=f"sidecar of {name}", digest=sidecar)
    if verdict.mixture is not None:
        digest = {"sha256": verdict.mixture.removeprefix("sha256:")}
        subjects["mixture"] = StatementSubject(name=f"mixture {verdict.request.mixture}", digest=digest)
    yield from subjects.values()


def _digests_of_data(repository: Repository, read: RecordedInput) -> dict[str, str]:
    md5 = read.md5 or ""
    if md5.endswith(".dir"):
        return {"dvcDirectoryMd5": md5.removesuffix(".dir")}
    try:
        file = repository.data_file(repository.root / read.dataset.path, read.dataset.commit)
    except RepositoryError:
        file = None
    found = {} if file is None or file.is_dir() else digests_of(file)
    return found if found.get("md5") == md5 else {"md5": md5}
