"""Keys on file: private ones that sign, public ones that check; ed25519 and ECDSA on P-256, as PEM or OpenSSH has them.

The work is done by `cryptography`, which is an extra of the package.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.documents import read_document
from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    Public = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

KINDS = "use ed25519 or ECDSA on P-256 (`ssh-keygen -t ed25519`, `openssl genpkey -algorithm ed25519`)"
_OPENSSH_PRIVATE = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_PEM_PRIVATE = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class KeyLibraryError(ProvenanceError):
    """What keys need is not installed."""


@dataclass(frozen=True)
class SigningKey:
    """A private key."""

    private: Private

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.private.public_key())

    def sign(self, content: bytes) -> bytes:
        """The signature of ``content``: of ed25519 its 64 bytes, of ECDSA (with SHA-256) in DER."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(content, ec.ECDSA(hashes.SHA256()))
        return self.private.sign(content)


@dataclass(frozen=True)
class PublicKey:
    """A public key."""

    public: Public

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` as `ssh-keygen -l` shows it, whatever file the key came from."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        line = self.public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
        return f"SHA256:{base64.b64encode(digest).decode('ascii').rstrip('=')}"

    def has_signed(self, content: bytes, signatures: Sequence[bytes]) -> bool:
        """Whether one of ``signatures`` is this key's of ``content``."""
        return any(self._fits(content, signature) for signature in signatures)

    def _fits(self, content: bytes, signature: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            if isinstance(self.public, ec.EllipticCurvePublicKey):
                self.public.verify(signature, content, ec.ECDSA(hashes.SHA256()))
            else:
                self.public.verify(signature, content)
        except InvalidSignature:
            return False
        return True


def require_library() -> None:
    """Refuse to go on without what keys need.

    Raises:
        KeyLibraryError: it is not installed.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise KeyLibraryError(
            "signatures need the package cryptography; install it with `pip install 'dvc-provenance[sign]'`"
        ) from None


def read_private(file: Path, passphrase: Callable[[], bytes]) -> SigningKey:
    """The private key in ``file``; ``passphrase`` is called where it is encrypted.

    Raises:
        ProvenanceError: it cannot be read, the passphrase is wrong, or the key is of a kind that is not used here.
    """
    require_library()
    content = read_document(file, "key")
    if not _PEM_PRIVATE.search(content):
        raise ProvenanceError(f"{file}: not a private key as PEM or OpenSSH has it; {KINDS}")
    key = _parsed(file, content, None)
    if key is None:
        key = _parsed(file, content, passphrase())
    if not _is_private(key):
        raise ProvenanceError(f"{file}: a private key of a kind that is not used here; {KINDS}")
    return SigningKey(key)


def read_public(file: Path) -> PublicKey:
    """The public key in ``file``: PEM, or a line as in an OpenSSH .pub file.

    Raises:
        ProvenanceError: it cannot be read, is private, or is of a kind that is not used here.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    content = read_document(file, "key")
    if _PEM_PRIVATE.search(content):
        raise ProvenanceError(f"{file}: a private key, which is for `provenance sign`; name the public one")
    if b"-----BEGIN" not in content:
        return parse_public_line(content, str(file))
    try:
        return _public(load_pem_public_key(content), str(file))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ProvenanceError(f"{file}: not a public key that can be read: {_first_line(error)}") from error


def parse_public_line(line: bytes, name: str) -> PublicKey:
    """The public key in a line as OpenSSH has it: the kind of the key and its base64.

    Raises:
        ProvenanceError: it is not a key, or of a kind that is not supported here.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    try:
        return _public(load_ssh_public_key(line.strip()), name)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ProvenanceError(f"{name}: not a public key as PEM or OpenSSH has it; {KINDS}") from error


def _parsed(file: Path, content: bytes, password: bytes | None) -> Any:
    """The key; None where it is encrypted and there is no ``password``."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    load = load_ssh_private_key if _OPENSSH_PRIVATE in content else load_pem_private_key
    try:
        return load(content, password)
    except TypeError:
        # Both loaders say so that a passphrase is missing, or given and not needed.
        return None
    except UnsupportedAlgorithm as error:
        raise KeyLibraryError(
            f"{file}: cannot be read ({_first_line(error)}); an encrypted OpenSSH key needs the package bcrypt: "
            "`pip install 'dvc-provenance[sign]'`"
        ) from error
    except ValueError as error:
        said = "the passphrase is wrong, or the key is damaged" if password else f"damaged: {_first_line(error)}"
        raise ProvenanceError(f"{file}: {said}") from error


def _is_private(key: Any) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(key, ec.EllipticCurvePrivateKey):
        return isinstance(key.curve, ec.SECP256R1)
    return isinstance(key, ed25519.Ed25519PrivateKey)


def _public(key: Any, name: str) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    of_curve = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    if not of_curve and not isinstance(key, ed25519.Ed25519PublicKey):
        raise ProvenanceError(f"{name}: a public key of a kind that is not used here; {KINDS}")
    return PublicKey(key)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]
