"""A repository with a dataset that is made of another one, with ids to prove something by, and keys to sign with."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.project import Project, lines

DOCUMENTS: list[dict[str, Any]] = [{"text": f"document {number}"} for number in range(8)]
POLICY = """
extends: [company.yaml]
rules:
  - {id: most, value: rows, threshold: {at_most: 20}, reason: so}
"""
COMPANY = "extends: [baseline]\nrules:\n  - {id: some, value: rows, threshold: {at_least: 1}, reason: so}\n"


def signed_project(root: Path, digest: str = "blake2b") -> Project:
    """docs.jsonl, and short.jsonl, whose rows were derived from the first four of its rows by a declaration.

    The keys are beside the repository: `key_of` names them.
    """
    project = Project.new(root)
    project.write({"provenance.yaml": f"version: 1\ndigest: {digest}\n", "docs.jsonl": lines(DOCUMENTS)})
    told(project, "add", "docs.jsonl", "--origin", "real", "--source", "library")
    short = [{"text": f"short {number}", "_parents": [f"docs.jsonl:{number + 1}"]} for number in range(4)]
    project.write({"write.py": _COPY, "rows.txt": lines(short)})
    told(project, "stage", "add", "-n", "shorten", "-d", "docs.jsonl", "-o", "short.jsonl", "python write.py")
    project.run("dvc", "repro", "--quiet")
    project.write({"policy.yaml": POLICY, "company.yaml": COMPANY})
    project.commit()
    return project


_COPY = "open('short.jsonl', 'w').write(open('rows.txt').read())\n"


def told(project: Project, *arguments: str) -> None:
    answer = project.provenance(*arguments)
    assert answer.code == 0, answer.stderr


def ed25519_key(folder: Path, name: str = "signer") -> Path:
    """A private key in PEM at the path that is given back; the public one is beside it, with the suffix .pub."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _written(Ed25519PrivateKey.generate(), folder / f"{name}.pem")


def ecdsa_key(folder: Path, name: str = "signer") -> Path:
    from cryptography.hazmat.primitives.asymmetric import ec

    return _written(ec.generate_private_key(ec.SECP256R1()), folder / f"{name}.pem")


def ssh_key(folder: Path, name: str = "id", kind: str = "ed25519", passphrase: str = "") -> Path:
    """A key made by `ssh-keygen`."""
    file = folder / name
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "signer@example.org", "-f", str(file)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return file


def key_of(file: Path) -> Path:
    """The public key that belongs to the private one in ``file``."""
    return file.with_name(f"{file.name}.pub")


KINDS: dict[str, Callable[[Path], Path]] = {
    "ed25519": ed25519_key,
    "ecdsa": ecdsa_key,
    "ssh-ed25519": ssh_key,
    "ssh-ecdsa": lambda folder: ssh_key(folder, kind="ecdsa"),
}


def _written(private: Any, file: Path) -> Path:
    from cryptography.hazmat.primitives import serialization

    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(private.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    public = private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    key_of(file).write_bytes(public)
    return file
