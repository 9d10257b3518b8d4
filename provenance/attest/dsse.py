"""DSSE, version 1.0.2: envelopes around a payload and the signatures over it and its type.

https://github.com/secure-systems-lab/dsse. What is signed is the payload's bytes as they stand, so nothing has to be
brought into a canonical form.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from provenance.documents import validated
from provenance.errors import ProvenanceError

IN_TOTO = "application/vnd.in-toto+json"
# What the media types of Sigstore's bundles begin with, in each version.
_BUNDLE = "application/vnd.dev.sigstore.bundle"


class _Read(BaseModel):
    # Consumers must pass over what they do not know.
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class _Signature(_Read):
    sig: str


class _Envelope(_Read):
    payload: str
    payloadType: str  # noqa: N815 - the standard's own name
    signatures: tuple[_Signature, ...]


@dataclass(frozen=True)
class Envelope:
    """A payload of ``kind`` with signatures, which nobody has checked yet; key ids are hints and are not kept."""

    kind: str
    payload: bytes
    signatures: tuple[bytes, ...]

    @property
    def signed(self) -> bytes:
        """What each signature is of: the standard's pre-authentication encoding."""
        return _encoded(self.kind, self.payload)


def seal(kind: str, payload: bytes, key_id: str, sign: Callable[[bytes], bytes]) -> dict[str, Any]:
    """An envelope as JSON has it, with the one signature that ``sign`` makes."""
    signature = sign(_encoded(kind, payload))
    return {
        "payload": b64encode(payload).decode("ascii"),
        "payloadType": kind,
        "signatures": [{"keyid": key_id, "sig": b64encode(signature).decode("ascii")}],
    }


def open_envelope(document: Any, name: str) -> Envelope:
    """The envelope ``document``, which is called ``name`` in messages.

    Raises:
        ProvenanceError: it is not one.
    """
    if is_bundle(document):
        raise ProvenanceError(
            f"{name}: a Sigstore bundle, which `provenance verify --statement` checks with --identity and --issuer; "
            "here, a statement that was signed with --key is needed"
        )
    read = validated(_Envelope, document, name, "; it is not a DSSE envelope")
    signatures = tuple(_decoded(each.sig, f"{name}: signatures[{n}].sig") for n, each in enumerate(read.signatures))
    return Envelope(read.payloadType, _decoded(read.payload, f"{name}: payload"), signatures)


def is_bundle(document: Any) -> bool:
    """Whether ``document`` says that it is a Sigstore bundle, which has an envelope in it."""
    kind = document.get("mediaType") if isinstance(document, dict) else None
    return isinstance(kind, str) and kind.startswith(_BUNDLE)


def parse_json(content: bytes, name: str) -> Any:
    """The JSON document ``content``; a member that is there twice has no meaning that all readers share.

    Raises:
        ProvenanceError: it is not JSON, or has a member twice.
    """
    try:
        return json.loads(content, object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        raise ProvenanceError(f"{name}: not valid JSON: {error}") from error


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member of an object is there twice")
    return members


def _encoded(kind: str, payload: bytes) -> bytes:
    name = kind.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def _decoded(text: str, name: str) -> bytes:
    """Base64, of either alphabet; one text for one content, so that no changed character goes unnoticed."""
    standard = text.replace("-", "+").replace("_", "/")
    try:
        content = b64decode(standard, validate=True)
    except ValueError:
        content = None
    if content is None or b64encode(content).decode("ascii") != standard:
        raise ProvenanceError(f"{name}: not base64; the file is damaged or was changed")
    return content
