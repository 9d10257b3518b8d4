"""What `verify` does with statements and proofs: who must have signed, and what each check came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from provenance.cli import output
from provenance.cli.failures import ERROR, FINDING
from provenance.report.plain_text import safe

if TYPE_CHECKING:
    from provenance.attest.checks import Verified
    from provenance.attest.keys import PublicKey
    from provenance.attest.verifying import Certified
    from provenance.cli.options import CommonOptions


@dataclass(frozen=True)
class Keys:
    """The options that say who must have signed: one of some keys, or somebody whom Sigstore has certified."""

    key: Path | None
    allowed_signers: Path | None
    signer: str | None
    identity: str | None
    issuer: str | None
    trust_config: Path | None

    @property
    def named(self) -> bool:
        """Whether one of them was given."""
        return self._of_keys or self.keyless

    @property
    def keyless(self) -> bool:
        """Whether one of Sigstore's was given, be it empty."""
        return any(each is not None for each in (self.identity, self.issuer, self.trust_config))

    @property
    def _of_keys(self) -> bool:
        return any((self.key, self.allowed_signers, self.signer))

    def signers(self) -> list[PublicKey] | Certified:
        """The keys, or who must have signed through Sigstore.

        Raises:
            ProvenanceError: the keys cannot be read.
        """
        from provenance.attest.keyless import Identity, require_sigstore
        from provenance.attest.verifying import Certified

        if not self.keyless:
            return self.read()
        if self._of_keys:
            raise typer.BadParameter("a statement is signed with a key or by an identity; name one of them")
        if not self.identity or not self.issuer:
            raise typer.BadParameter(
                "name who must have signed with --identity, and who vouches for that with --issuer"
            )
        require_sigstore()
        return Certified(Identity(self.identity, self.issuer), self.trust_config)

    def read(self) -> list[PublicKey]:
        """The keys.

        Raises:
            ProvenanceError: there are none that can be read.
        """
        if self.keyless:
            raise typer.BadParameter("--identity, --issuer and --trust-config are for a --statement, without a --proof")
        from provenance.attest.allowed_signers import signers_keys
        from provenance.attest.keys import read_public, require_library

        if (self.key is None) == (self.allowed_signers is None):
            raise typer.BadParameter("name the public key with --key, or --allowed-signers FILE with --signer NAME")
        if (self.signer is None) != (self.allowed_signers is None):
            raise typer.BadParameter("--allowed-signers and --signer belong together")
        require_library()
        if self.key is not None:
            return [read_public(self.key)]
        assert self.allowed_signers is not None and self.signer is not None
        return signers_keys(self.allowed_signers, self.signer, datetime.now(UTC))


def verify_proof(options: CommonOptions, file: Path, statement: Path | None, rows_of: Path | None, keys: Keys) -> None:
    """`verify --proof`, for which no repository is needed; exits as `verify_statement` does."""
    from provenance.attest.proof_checking import verify_proof as verify
    from provenance.attest.proof_file import read_proof
    from provenance.attest.verifying import read_envelope

    proof = read_proof(file)
    signed = None if statement is None else (read_envelope(statement), str(statement))
    found = verify(proof, str(file), keys.read(), signed, rows_of)
    if not options.quiet:
        for remark in proof.remarks:
            output.write_error(f"warning: {safe(remark)}")
    report(options, file, found)


def verify_statement(options: CommonOptions, statement: Path, keys: Keys) -> None:
    """`verify --statement`: exits with 1 where something failed, with 2 where something could not be checked."""
    from provenance.attest.verifying import verify_statement as verify

    repository = options.open_repository()
    report(options, statement, verify(repository, statement, keys.signers(), options.rev))


def report(options: CommonOptions, file: Path, found: Verified) -> None:
    """Say what each check came to, and end with the exit code for it."""
    if options.as_json:
        output.write_json(found.as_json())
    elif not options.quiet:
        about = "" if found.subject is None else f" ({safe(found.subject)})"
        output.write_line(f"{safe(str(file))}{about}: {'verified' if found.is_verified else 'NOT VERIFIED'}")
        for check in found.checks:
            output.write_line(f"  {check.outcome.value:<11}  {check.what}: {safe(check.message)}")
    if found.failed:
        raise typer.Exit(FINDING)
    if not found.is_verified:
        raise typer.Exit(ERROR)
