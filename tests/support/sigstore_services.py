"""Sigstore's services on this machine, for tests: a CA for identities (Fulcio), a log (Rekor v1), an issuer of tokens.

They speak as much of the HTTP protocol as Sigstore's client uses, with keys of their own; the client trust
configuration names them, as one names the public ones. The CA believes tokens that carry the issuer's signature, and
certificates have what Sigstore's profile asks for, an embedded timestamp of a certificate log included.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

IDENTITY = "signer@example.org"
ISSUER = "https://issuer.example.org"
_OIDC_ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_SCT_LIST = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_SHA256 = ec.ECDSA(hashes.SHA256())
_DAY = timedelta(days=1)


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _der(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


@dataclass
class Services:
    """The keys of all services, and what the log holds. ``lifetime`` is that of certificates."""

    lifetime: timedelta = timedelta(minutes=10)
    issuer: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    authority: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    # Somebody else's entries are in it already, so that paths are not empty.
    leaves: list[bytes] = field(default_factory=lambda: [b"one", b"two", b"three"])
    url: str = ""
    # When the log says that an entry came in, from now.
    late: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.root = self._root()

    def token(self, identity: str = IDENTITY, issuer: str = ISSUER, **claims: Any) -> str:
        """A token for ``identity``, as an OIDC provider issues it."""
        import jwt

        now = datetime.now(UTC)
        stated = {"sub": identity, "iss": issuer, "aud": "sigstore", "iat": now, "exp": now + timedelta(minutes=5)}
        return jwt.encode(stated | claims, self.issuer, algorithm="ES256")

    def trust_config(self, file: Path, **changes: Any) -> Path:
        """Write the client trust configuration that names these services; ``changes`` are of the trusted root."""
        start = {"start": "2020-01-01T00:00:00Z"}

        def log(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            public = {"rawBytes": _text(_der(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": start}
            log_id = {"keyId": _text(hashlib.sha256(_der(key)).digest())}
            return {"baseUrl": self.url, "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": log_id}

        certificates = [{"rawBytes": _text(self.root.public_bytes(Encoding.DER))}]
        authority = {
            "subject": {"organization": "tests", "commonName": "tests"},
            "uri": self.url,
            "certChain": {"certificates": certificates},
            "validFor": start,
        }
        service = {"url": self.url, "majorApiVersion": 1, "validFor": start, "operator": "tests"}
        document = {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.log)],
                "ctlogs": [log(self.certificate_log)],
                "certificateAuthorities": [authority],
                **changes,
            },
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": [service],
                "rekorTlogUrls": [service],
                "rekorTlogConfig": {"selector": "ANY"},
            },
        }
        file.write_text(json.dumps(document))
        return file

    @contextlib.contextmanager
    def running(self) -> Iterator[Services]:
        """Serve on this machine, at `url`."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _root(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        now, public = datetime.now(UTC), self.authority.public_key()
        builder = x509.CertificateBuilder(name, name, public, x509.random_serial_number(), now - _DAY, now + _DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        return builder.sign(self.authority, hashes.SHA256())

    def certificate(self, token: str, request: x509.CertificateSigningRequest) -> x509.Certificate:
        """A certificate for whom ``token`` names, and the key that has signed ``request``."""
        import jwt

        claims = jwt.decode(token, self.issuer.public_key(), algorithms=["ES256"], audience="sigstore")
        assert request.is_signature_valid
        identity = claims["sub"]
        name = x509.UniformResourceIdentifier(identity) if "://" in identity else x509.RFC822Name(identity)
        public, now = request.public_key(), datetime.now(UTC)
        builder = x509.CertificateBuilder(self.root.subject, x509.Name([]), public, x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(seconds=5)).not_valid_after(now + self.lifetime)
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (_usage(signs_certificates=False), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key()), False),
            (x509.SubjectAlternativeName([name]), True),
            (x509.UnrecognizedExtension(_OIDC_ISSUER, claims["iss"].encode()), False),
        ]
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        logged = self._timestamp(builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes)
        listed = x509.UnrecognizedExtension(_SCT_LIST, logged)
        return builder.add_extension(listed, critical=False).sign(self.authority, hashes.SHA256())

    def _timestamp(self, unsigned: bytes) -> bytes:
        """The list of one timestamp (RFC 6962, section 3.3) of the certificate log for the certificate's content."""
        time = int(datetime.now(UTC).timestamp() * 1000)
        issuer = hashlib.sha256(_der(self.authority)).digest()
        entry = issuer + len(unsigned).to_bytes(3, "big") + unsigned
        signature = self.certificate_log.sign(struct.pack("!BBQH", 0, 0, time, 1) + entry + b"\0\0", _SHA256)
        log_id = hashlib.sha256(_der(self.certificate_log)).digest()
        stamp = b"\0" + log_id + struct.pack("!QHBBH", time, 0, 4, 3, len(signature)) + signature
        listed = struct.pack("!HH", len(stamp) + 2, len(stamp)) + stamp
        assert len(listed) < 128
        return bytes([4, len(listed)]) + listed

    def entry(self, proposed: dict[str, Any]) -> dict[str, Any]:
        """Put the ``proposed`` DSSE envelope into the log; what the log answers."""
        content = proposed["spec"]["proposedContent"]
        envelope = json.loads(content["envelope"])
        (verifier,), (signature,) = content["verifiers"], envelope["signatures"]
        digests = {"envelopeHash": content["envelope"].encode(), "payloadHash": base64.b64decode(envelope["payload"])}
        spec: dict[str, Any] = {
            name: {"algorithm": "sha256", "value": hashlib.sha256(hashed).hexdigest()}
            for name, hashed in digests.items()
        }
        spec["signatures"] = [{"signature": signature["sig"], "verifier": verifier}]
        body = _canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        index = len(self.leaves)
        self.leaves.append(body)
        root, size = _root_of(self.leaves), len(self.leaves)
        key_id = hashlib.sha256(_der(self.log)).digest()
        note = f"tests - 1\n{size}\n{_text(root)}\n"
        signed_note = key_id[:4] + self.log.sign(note.encode(), _SHA256)
        time = int((datetime.now(UTC) + self.late).timestamp())
        promised = {"body": _text(body), "integratedTime": time, "logID": key_id.hex(), "logIndex": index}
        proof = {
            "checkpoint": f"{note}\n— tests {_text(signed_note)}\n",
            "hashes": [node.hex() for node in _path(index, self.leaves)],
            "logIndex": index,
            "rootHash": root.hex(),
            "treeSize": size,
        }
        promise = _text(self.log.sign(_canonical(promised), _SHA256))
        return {"1": promised | {"verification": {"inclusionProof": proof, "signedEntryTimestamp": promise}}}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, services: Services, *arguments: Any) -> None:
        self.services = services
        super().__init__(*arguments)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        services = {"/api/v2/signingCert": self._certificate, "/api/v1/log/entries": self.services.entry}
        try:
            answer = services[self.path](asked)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with what was asked
            self._answer(400, {"message": f"refused: {error}"})
        else:
            self._answer(201, answer)

    def _certificate(self, asked: dict[str, Any]) -> dict[str, Any]:
        request = x509.load_pem_x509_csr(base64.b64decode(asked["certificateSigningRequest"]))
        token = self.headers["Authorization"].removeprefix("Bearer ")
        chain = [self.services.certificate(token, request), self.services.root]
        certificates = [each.public_bytes(Encoding.PEM).decode() for each in chain]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": certificates}}}

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing on standard error."""


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign")
    none = dict.fromkeys((*others, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=not signs_certificates, key_cert_sign=signs_certificates, **none)


def _canonical(document: Any) -> bytes:
    """As RFC 8785 has it: enough for text in ASCII and integers."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def _root_of(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    left = _split(len(leaves))
    return _node(_root_of(leaves[:left]), _root_of(leaves[left:]))


def _path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    left = _split(len(leaves))
    if index < left:
        return [*_path(index, leaves[:left]), _root_of(leaves[left:])]
    return [*_path(index - left, leaves[left:]), _root_of(leaves[:left])]
