"""Sigstore's signatures: what its client is given, and that nobody is taken for somebody else."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.sigstore_services import IDENTITY, ISSUER, Services

from provenance.attest.dsse import is_bundle, open_envelope
from provenance.attest.keyless import TOKEN, Identity, identity_token, keyless_statement, sign_keyless
from provenance.attest.keys import KeyLibraryError
from provenance.attest.statement import NotSignedError, with_strong_digests
from provenance.errors import ProvenanceError

SHA256 = "ab" * 32
SIGNER = Identity(IDENTITY, ISSUER)


def document(**digests: str) -> dict[str, Any]:
    kinds = {"_type": "https://in-toto.io/Statement/v1", "predicateType": "urn:x", "predicate": {"more": True}}
    return {**kinds, "subject": [{"name": "a.jsonl", "digest": digests}]}


def payload(**digests: str) -> bytes:
    return json.dumps(document(**digests)).encode()


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with Services().running() as running:
        yield running


@pytest.fixture
def trust(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(TOKEN, services.token())
    return services.trust_config(tmp_path / "trust.json")


def test_what_was_signed_comes_back_with_who_has_signed_it(trust: Path) -> None:
    bundle, identity = sign_keyless(payload(sha256=SHA256, md5="0"), trust)
    assert identity == SIGNER and is_bundle(bundle)
    statement = keyless_statement(bundle, SIGNER, trust, "it")
    assert statement.subject[0].digest == {"sha256": SHA256} and statement.predicate == {"more": True}
    for other in (Identity("eve@example.org", ISSUER), Identity(IDENTITY, "https://evil.example.org")):
        with pytest.raises(NotSignedError, match=re.escape(f"it: not signed by {other}, or changed since: ")):
            keyless_statement(bundle, other, trust, "it")
    with pytest.raises(ProvenanceError, match="it: a Sigstore bundle, which"):
        open_envelope(bundle, "it")


def test_a_bundle_without_its_parts_is_not_signed(trust: Path) -> None:
    bundle, _ = sign_keyless(payload(sha256=SHA256), trust)
    for part in ("verificationMaterial", "dsseEnvelope"):
        with pytest.raises(NotSignedError):
            keyless_statement({name: each for name, each in bundle.items() if name != part}, SIGNER, trust, "it")


def test_what_sigstore_does_not_sign_is_refused_before_it_is_asked(trust: Path) -> None:
    with pytest.raises(ProvenanceError, match="a.jsonl: has no SHA-256 here"):
        sign_keyless(payload(dvcDirectoryMd5="0"), trust)


def test_digests_that_can_be_forged_are_left_out() -> None:
    kept = json.loads(with_strong_digests(payload(sha256=SHA256, md5="0")))
    assert kept == document(sha256=SHA256)


@pytest.mark.parametrize("names", [("", ISSUER), (IDENTITY, "")])
def test_nothing_stands_for_anybody(names: tuple[str, str]) -> None:
    with pytest.raises(ProvenanceError, match="neither may be empty"):
        Identity(*names)


@pytest.mark.parametrize("other", [None, [], "text", {}, {"mediaType": 1}, {"mediaType": "text/plain"}])
def test_other_documents_are_no_bundles(other: Any, trust: Path) -> None:
    assert not is_bundle(other)
    with pytest.raises(ProvenanceError, match="it: not a Sigstore bundle"):
        keyless_statement(other, SIGNER, trust, "it")


def test_the_token_stands_in_no_message(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    token = services.token(exp=1)
    monkeypatch.setenv(TOKEN, token)
    with pytest.raises(ProvenanceError, match="the identity token cannot be used") as raised:
        identity_token()
    assert token not in str(raised.value)


def test_the_extra_that_is_missing_is_named(trust: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sigstore", None)
    with pytest.raises(KeyLibraryError, match="dvc-provenance.keyless."):
        sign_keyless(payload(sha256=SHA256), trust)
    with pytest.raises(KeyLibraryError, match="dvc-provenance.keyless."):
        keyless_statement({}, SIGNER, trust, "it")
