"""`allowed_signers` as OpenSSH has it: patterns, options, and why an entry does not count."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.signed import ed25519_key, key_of

from provenance.attest.allowed_signers import signers_keys
from provenance.attest.keys import read_public
from provenance.errors import ProvenanceError

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def line(tmp_path: Path) -> str:
    """The public key as OpenSSH writes it, without a comment."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = read_public(key_of(ed25519_key(tmp_path))).public
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def found(folder: Path, text: str, signer: str = "a@example.org") -> int:
    file = folder / "allowed"
    file.write_text(text)
    return len(signers_keys(file, signer, NOW))


@pytest.mark.parametrize(
    "before",
    [
        "a@example.org",
        "b@example.org,a@example.org",
        "*@example.org",
        "?@example.org",
        '"a@example.org"',
        'a@example.org namespaces="git,dvc-provenance"',
        'a@example.org namespaces="*"',
        "a@example.org valid-after=20260601Z",
        'a@example.org valid-after="20260601115959Z",valid-before="202606011201Z"',
    ],
)
def test_entries_that_count(before: str, line: str, tmp_path: Path) -> None:
    assert found(tmp_path, f"# a comment\n\n{before} {line} a comment\n") == 1


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("b@example.org", "may sign now"),
        ("!a@example.org,*@example.org", "may sign now"),
        ("A@example.org", "may sign now"),
        ("a@example_org", "may sign now"),
        ('a@example.org namespaces="git,file"', "it is for the namespaces git,file, not for dvc-provenance"),
        ("a@example.org cert-authority", "it is a certificate authority, and certificates are not followed"),
        ("a@example.org valid-after=20260602Z", "it is not valid yet"),
        ("a@example.org valid-before=20260601Z", "it is not valid any more"),
        ("a@example.org valid-before=2026", "2026 is not a time such as 20261231 or 20261231Z"),
        ("a@example.org frozen", "its option frozen is not known here"),
        ("", "line 1: not a list of names, options and a public key"),
    ],
)
def test_entries_that_do_not_count_and_why(before: str, why: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="allowed: ") as refused:
        found(tmp_path, f"{before} {line}\n")
    assert why in str(refused.value)


def test_all_keys_of_a_signer_count(line: str, tmp_path: Path) -> None:
    assert found(tmp_path, f"a@example.org {line}\nb@example.org {line}\n*@example.org {line}\n") == 2
