"""`sign` and `prove`, and what `verify` does with statements and proofs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.completing import datasets as datasets_there
from provenance.cli.failures import ERROR, FINDING
from provenance.cli.options import CommonOptions, command
from provenance.errors import ProvenanceError
from provenance.report.plain_text import counted, safe

if TYPE_CHECKING:
    from provenance.attest.checks import Verified
    from provenance.attest.keys import PublicKey, SigningKey
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.sidecars import Sidecars
    from provenance.repository import Repository


@dataclass(frozen=True)
class Keys:
    """The options that say which keys one of must have signed: a public key, or those of a signer."""

    key: Path | None
    allowed_signers: Path | None
    signer: str | None

    @property
    def named(self) -> bool:
        """Whether one of them was given."""
        return any((self.key, self.allowed_signers, self.signer))

    def read(self) -> list[PublicKey]:
        """The keys.

        Raises:
            ProvenanceError: there are none that can be read.
        """
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


@command(reads_lineage=True, at_revision=True)
def sign(
    options: CommonOptions,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="DATASET|VERDICT", autocompletion=datasets_there, help="A dataset, or a verdict file (*.json)."
        ),
    ],
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="A private key: ed25519 or ECDSA P-256, PEM or OpenSSH.")
    ],
    target: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here; default: standard output.")
    ] = None,
) -> None:
    """Sign what a dataset and its sidecar are, or a verdict.

    What is written is an in-toto Statement in a DSSE envelope. Only what is found to be true is signed: a sidecar that
    verifies, a verdict that comes out the same. The passphrase of a key is asked for on the terminal.

    Example: provenance sign data/mix.parquet --key ~/.ssh/id_ed25519 -o mix.statement.json
    """
    from provenance.attest.dsse import IN_TOTO, seal
    from provenance.attest.keys import require_library
    from provenance.cli.overwriting import require_harmless

    if options.as_json and target is None:
        raise typer.BadParameter("--json says what was signed; name a file with -o")
    require_library()
    repository = options.open_repository()
    require_harmless(repository, {"--output": target}, [key, Path(subject)])
    signing = _private(key)
    payload, remark = _payload(repository, options.rev, subject)
    envelope = seal(IN_TOTO, payload, signing.public.fingerprint, signing.sign)
    _deliver(envelope, target)
    if options.as_json:
        said = {"subject": subject, "signed_with": signing.public.fingerprint, "file": str(target), "remark": remark}
        output.write_json(said)
    elif not options.quiet:
        if remark:
            output.write_error(f"warning: {safe(subject)}: signed without roots: {safe(remark)}")
        if target is not None:
            output.write_line(f"signed {safe(subject)} with {signing.public.fingerprint}: {safe(str(target))}")


def _payload(repository: Repository, rev: str | None, subject: str) -> tuple[bytes, str | None]:
    """The statement to sign, and why it is without roots, if it is of a dataset and has none."""
    from provenance.attest.signing import dataset_statement, verdict_statement
    from provenance.attest.verdict_file import read_verdict
    from provenance.identity.names import sidecar_path
    from provenance.ledger.sidecars import Sidecars

    if subject.lower().endswith(".json") and not Path(sidecar_path(subject)).exists():
        if rev is not None:
            raise typer.BadParameter("--rev is for datasets; a verdict says itself at which commit it was made")
        return verdict_statement(repository, Path(subject), read_verdict(Path(subject))), None
    with Sidecars.open(repository, rev, anew=True) as ledger:
        return dataset_statement(ledger, ledger.dataset(subject))


def _private(file: Path) -> SigningKey:
    from provenance.attest.keys import read_private

    def passphrase() -> bytes:
        import getpass
        import sys

        if not sys.stdin.isatty():
            raise ProvenanceError(f"{file}: encrypted, and there is no terminal to ask for its passphrase on")
        return getpass.getpass(f"Passphrase of {file}: ").encode()

    return read_private(file, passphrase)


def _deliver(document: dict[str, Any], target: Path | None) -> None:
    from provenance.files import whole_file
    from provenance.report.json_document import json_text

    if target is None:
        output.write_json(document)
        return
    with whole_file(target) as temporary:
        temporary.write_text(json_text(document), encoding="ascii")


@command(reads_lineage=True, at_revision=True)
def prove(
    options: CommonOptions,
    what: Annotated[
        str,
        typer.Argument(metavar="FILE|SAMPLE", help="A file, of which each row is meant, or a sample: an id, PATH:ROW."),
    ],
    dataset: Annotated[
        str,
        typer.Option("--dataset", metavar="DATASET", autocompletion=datasets_there, help="In which it is, or is not."),
    ],
    statement: Annotated[
        Path | None,
        typer.Option("--statement", metavar="FILE", help="What `sign` wrote about it; it goes into the proof."),
    ] = None,
    ancestors: Annotated[
        bool, typer.Option("--ancestors", help="Ask of all ancestors too, not of the dataset's rows alone.")
    ] = False,
    target: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here; default: standard output.")
    ] = None,
) -> None:
    """Prove that samples are in a dataset, or that they are not.

    The data is not handed over. What the proof shows is exact content; the ids of neighbours, or hashes of them, are in
    it. See docs/attesting.md.

    Example: provenance prove benchmark.jsonl --dataset data/mix.parquet --statement mix.statement.json -o proof.json
    """
    from provenance.attest.proving import proof_file, require_same_tree, tree_name
    from provenance.attest.trees import tree_of
    from provenance.attest.verifying import read_envelope
    from provenance.cli.overwriting import require_harmless
    from provenance.ledger.sidecars import Sidecars

    if options.as_json and target is None:
        raise typer.BadParameter("--json says what was proven; name a file with -o")
    repository = options.open_repository()
    require_harmless(repository, {"--output": target}, [Path(what), *([statement] if statement else [])])
    with Sidecars.open(repository, options.rev) as ledger:
        recorded = ledger.dataset(dataset)
        recorded.require_current()
        tree = tree_of(recorded, tree_name(ancestors=ancestors), repository.temporary)
        envelope = None if statement is None else read_envelope(statement)
        if statement is not None:
            require_same_tree(envelope, str(statement), recorded.path, tree)
        samples, remarks, file = _samples(ledger, recorded, what)
        made = proof_file(tree, recorded.path, samples, file=file, remarks=remarks, statement=envelope)
    _deliver(made.model_dump(mode="json"), target)
    inside = sum(proof.inside for proof in made.proofs)
    if options.as_json:
        counts = {"samples": len(samples), "inside": inside, "outside": len(samples) - inside}
        about = {"dataset": recorded.path, "tree": made.tree, "root": made.root, "size": made.size}
        output.write_json(about | counts | {"remarks": list(remarks)})
    elif not options.quiet:
        for remark in remarks:
            output.write_error(f"warning: {safe(remark)}")
        if target is not None:
            out = counted(len(samples) - inside, "sample")
            output.write_line(
                f"{safe(str(target))}: {counted(inside, 'sample')} in, {out} not in {safe(recorded.path)}"
            )


def _samples(ledger: Sidecars, recorded: RecordedDataset, what: str) -> tuple[list[str], tuple[str, ...], Path | None]:
    """The ids of the samples that are meant, what to know of them, and the file whose rows they are."""
    from provenance.attest.proving import ids_of_file
    from provenance.ledger.references import resolve

    stated = recorded.sidecar.header.identity
    path = Path(what)
    if path.exists():
        types = ledger.repository.settings(ledger.rev).for_dataset(recorded.path).types
        return *ids_of_file(path, stated, types), path
    if re.fullmatch("[0-9a-f]+", what.lower()) and len(what) == 2 * recorded.sidecar.digest_size:
        return [what.lower()], (), None
    return [resolve(ledger, what)], (), None


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
    report(options, statement, verify(repository, statement, keys.read(), options.rev))


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
