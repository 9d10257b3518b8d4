"""What is signed: an in-toto Statement v1 about a dataset or a verdict.

The subjects are files by their digests, the predicate says what they are. The bytes that are signed are JSON with
sorted keys; the same inputs give the same bytes.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from provenance.attest.dsse import IN_TOTO, open_envelope, parse_json
from provenance.attest.keys import PublicKey
from provenance.attest.trees import TreeName
from provenance.documents import validated
from provenance.errors import ProvenanceError
from provenance.lineage.records import IdentitySettings
from provenance.version import NAMESPACE, __version__

STATEMENT = "https://in-toto.io/Statement/v1"
OF_DATASET = f"{NAMESPACE}dataset:v1"
OF_VERDICT = f"{NAMESPACE}verdict:v1"
TOOL = f"dvc-provenance {__version__}"
# Of a statement, a proof file or an envelope, in bytes.
LARGEST = 128 << 20


class _Part(BaseModel):
    # What a newer version adds is passed over: the standard asks for that.
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, alias_generator=to_camel)


class StatementSubject(_Part):
    """A file, by its digests in hex."""

    name: str
    digest: dict[str, str]


class TreeState(_Part):
    """A Merkle tree: its root, in hex, and the number of its leaves."""

    root: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class DatasetPredicate(_Part):
    """What a statement says of a dataset; docs/specification/dataset-predicate.schema.json is made from it.

    ``dataset`` and ``sidecar`` are paths from the DVC root and name subjects. ``commit`` is where the dataset was read;
    without it, it was read in the workspace. ``md5`` and ``sidecarMd5`` are DVC's hashes. ``trees`` has the Merkle tree
    over the ids of the dataset's rows, and the one over those of its rows and all their ancestors; without them,
    ``withoutTrees`` says why. ``identity`` and ``columnTypes`` say how ids are computed from rows.
    """

    tool: str
    dataset: str
    commit: str | None = None
    rows: int
    size: int
    md5: str | None = None
    sidecar: str
    sidecar_md5: str
    identity: IdentitySettings
    column_types: dict[str, str] = {}
    trees: dict[TreeName, TreeState] | None = None
    without_trees: str | None = None


class VerdictPredicate(_Part):
    """What a statement says of a verdict; docs/specification/verdict-predicate.schema.json is made from it.

    ``file``, ``policyFiles`` and ``inputs`` name subjects, which have the digests. ``policy`` lists what the verdict
    was judged by: packs by name and files by path.
    """

    tool: str
    file: str
    verdict: str
    passes: bool
    date: str
    policy: tuple[str, ...]
    policy_digest: str
    policy_files: tuple[str, ...]
    inputs: tuple[str, ...]


class Statement(_Part):
    """The whole statement."""

    kind: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[StatementSubject, ...]
    predicate_type: str
    predicate: dict[str, Any]

    def of_dataset(self, name: str) -> DatasetPredicate | None:
        """What it says of a dataset; None where it is about something else."""
        if self.predicate_type != OF_DATASET:
            return None
        return validated(DatasetPredicate, self.predicate, f"{name}: predicate")

    def of_verdict(self, name: str) -> VerdictPredicate | None:
        """What it says of a verdict; None where it is about something else."""
        if self.predicate_type != OF_VERDICT:
            return None
        return validated(VerdictPredicate, self.predicate, f"{name}: predicate")


def statement(subjects: list[StatementSubject], predicate: DatasetPredicate | VerdictPredicate) -> bytes:
    """The bytes of the statement, to be signed."""
    kind = OF_DATASET if isinstance(predicate, DatasetPredicate) else OF_VERDICT
    document = {
        "_type": STATEMENT,
        "subject": [subject.model_dump() for subject in subjects],
        "predicateType": kind,
        "predicate": predicate.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
    return _as_bytes(document)


def with_strong_digests(payload: bytes) -> bytes:
    """The statement ``payload`` with none but the digests of its subjects that Sigstore's client signs: SHA-2, SHA-3.

    Raises:
        ProvenanceError: a subject has no other, as data that is not here.
    """
    document = json.loads(payload)
    for subject in document["subject"]:
        subject["digest"] = {kind: digest for kind, digest in subject["digest"].items() if kind.startswith("sha")}
        if not subject["digest"]:
            raise ProvenanceError(
                f"{subject['name']}: has no SHA-256 here, and Sigstore signs no other digest of it; sign with --key"
            )
    return _as_bytes(document)


def _as_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


class NotSignedError(ProvenanceError):
    """None of the keys has signed the statement as it is."""


def signed_statement(document: Any, keys: list[PublicKey], name: str) -> tuple[Statement, PublicKey]:
    """The statement in the envelope ``document``, and which of ``keys`` has signed it.

    Nothing in it is read before its signature has been checked.

    Raises:
        NotSignedError: none of them has.
        ProvenanceError: it is no envelope, or holds no statement.
    """
    envelope = open_envelope(document, name)
    by = next((key for key in keys if key.has_signed(envelope.signed, envelope.signatures)), None)
    if by is None:
        asked = " or ".join(key.fingerprint for key in keys)
        raise NotSignedError(f"{name}: not signed with {asked}, or changed since it was signed")
    return stated(envelope.kind, envelope.payload, name), by


def stated(kind: str, payload: bytes, name: str) -> Statement:
    """The statement that ``payload`` is, whose signature has been checked.

    Raises:
        ProvenanceError: it is not one.
    """
    if kind != IN_TOTO:
        raise ProvenanceError(f"{name}: signed, but its payload is {kind}, not {IN_TOTO}")
    return validated(Statement, parse_json(payload, f"{name}: payload"), f"{name}: payload")
