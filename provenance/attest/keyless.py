"""Signatures without a key to keep: Sigstore certifies for minutes who signs, and a public log says when they did.

Sigstore's client does the work. It is an extra of the package and slow to import, so only these functions import it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.attest.dsse import is_bundle
from provenance.attest.keys import KeyLibraryError
from provenance.attest.statement import NotSignedError, Statement, stated, with_strong_digests
from provenance.documents import read_document
from provenance.errors import ProvenanceError
from provenance.repository.calls import one_line

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.models import ClientTrustConfig
    from sigstore.oidc import IdentityToken

# Of Sigstore's Python client, and of cosign.
TOKEN, _TOKEN_OF_COSIGN = "SIGSTORE_IDENTITY_TOKEN", "SIGSTORE_ID_TOKEN"


@dataclass(frozen=True)
class Identity:
    """Who signs: an e-mail address or a URL, for which ``issuer``, an OIDC provider's URL, vouches.

    Raises:
        ProvenanceError: one of them is empty, which Sigstore's client would take for "any".
    """

    name: str
    issuer: str

    def __post_init__(self) -> None:
        if not self.name or not self.issuer:
            raise ProvenanceError("who has signed is an identity and its issuer, and neither may be empty")

    def __str__(self) -> str:
        return f"{self.name} (issuer {self.issuer})"


def require_sigstore() -> None:
    """Refuse to go on without Sigstore's client.

    Raises:
        KeyLibraryError: it is not installed.
    """
    try:
        import sigstore  # noqa: F401
    except ImportError:
        raise KeyLibraryError(
            "keyless signatures need the package sigstore; install it with `pip install 'dvc-provenance[keyless]'`"
        ) from None
    import logging

    # What goes wrong is raised, too. Without a handler, its remarks would go to standard error.
    logging.getLogger("sigstore").addHandler(logging.NullHandler())


def sign_keyless(payload: bytes, trust_config: Path | None) -> tuple[dict[str, Any], Identity]:
    """The statement ``payload`` in a Sigstore bundle, and whom its certificate names.

    The identity token comes from the environment. ``trust_config`` names services and keys; default: the public ones.

    Raises:
        ProvenanceError: there is no token, a service cannot be reached or refuses, or the statement cannot be signed.
    """
    require_sigstore()
    from sigstore.dsse import Statement as Signable
    from sigstore.sign import SigningContext

    content = with_strong_digests(payload)
    token = identity_token()
    trusted = _trusted(trust_config, offline=False)
    try:
        with SigningContext.from_trust_config(trusted).signer(token) as signer:
            bundle = signer.sign_dsse(Signable(content))
        identity = _certified(bundle.signing_certificate)
    except Exception as error:
        raise ProvenanceError(f"Sigstore's services did not sign: {_said(error)}") from error
    document: dict[str, Any] = json.loads(bundle.to_json())
    return document, identity


def keyless_statement(document: Any, identity: Identity, trust_config: Path | None, name: str) -> Statement:
    """The statement in the Sigstore bundle ``document``, called ``name``, which ``identity`` has signed.

    No service is asked. ``trust_config`` has the keys to believe; default: the public ones as the client has them.
    Nothing in the statement is read before all of that has been checked.

    Raises:
        NotSignedError: somebody else has signed it, it was changed, or there is no log entry that fits.
        ProvenanceError: it is no bundle, or holds no statement.
    """
    require_sigstore()
    from sigstore.models import Bundle
    from sigstore.verify import Verifier
    from sigstore.verify.policy import Identity as Named

    if not is_bundle(document):
        raise ProvenanceError(f"{name}: not a Sigstore bundle, as `provenance sign --keyless` writes it")
    trusted = _trusted(trust_config, offline=True)
    try:
        verifier = Verifier(trusted_root=trusted.trusted_root)
        bundle = Bundle.from_json(json.dumps(document))
        kind, payload = verifier.verify_dsse(bundle, Named(identity=identity.name, issuer=identity.issuer))
    except Exception as error:
        raise NotSignedError(f"{name}: not signed by {identity}, or changed since: {_said(error)}") from error
    return stated(kind, payload, name)


def _trusted(file: Path | None, *, offline: bool) -> ClientTrustConfig:
    from sigstore.models import ClientTrustConfig

    content = None if file is None else read_document(file, "trust configuration")
    try:
        if content is None:
            return ClientTrustConfig.production(offline=offline)
        return ClientTrustConfig.from_json(content.decode("utf-8"))
    except Exception as error:
        said = "Sigstore's trust root is not available" if file is None else f"{file}: not a client trust configuration"
        raise ProvenanceError(f"{said}: {_said(error)}") from error


def _said(error: Exception) -> str:
    """What ``error`` says in one line, without what pydantic quotes of the document."""
    return one_line(error).split(" [type=")[0]


def identity_token() -> IdentityToken:
    """The token in the environment, or else of the CI that this runs in.

    Raises:
        ProvenanceError: there is no token, or it is not valid now.
    """
    from sigstore.errors import Error
    from sigstore.oidc import IdentityToken, detect_credential

    try:
        raw = os.environ.get(TOKEN) or detect_credential() or os.environ.get(_TOKEN_OF_COSIGN)
        if raw:
            return IdentityToken(raw)
    except Error as error:
        raise ProvenanceError(f"the identity token cannot be used: {_said(error)}") from error
    raise ProvenanceError(
        f"no identity token: this is no CI that issues them (or it may not); put one into the variable {TOKEN}"
    )


def _certified(certificate: Certificate) -> Identity:
    """Whom ``certificate`` names, in the words that a check needs."""
    from cryptography import x509

    # https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
    issuer = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")).value
    assert isinstance(issuer, x509.UnrecognizedExtension)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    mail, urls = names.get_values_for_type(x509.RFC822Name), names.get_values_for_type(x509.UniformResourceIdentifier)
    others = (other.value.decode() for other in names.get_values_for_type(x509.OtherName))
    return Identity([*mail, *urls, *others][0], issuer.value.decode())
