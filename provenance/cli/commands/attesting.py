"""`sign` and `prove`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.completing import datasets as datasets_there
from provenance.cli.options import CommonOptions, command
from provenance.errors import ProvenanceError
from provenance.report.plain_text import counted, safe

if TYPE_CHECKING:
    from provenance.attest.keys import SigningKey
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.sidecars import Sidecars
    from provenance.repository import Repository


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
        Path | None,
        typer.Option("--key", metavar="FILE", help="A private key: ed25519 or ECDSA P-256, PEM or OpenSSH."),
    ] = None,
    keyless: Annotated[
        bool, typer.Option("--keyless", help="Instead of --key: as the identity in your CI's token, through Sigstore.")
    ] = False,
    trust_config: Annotated[
        Path | None,
        typer.Option(
            "--trust-config", metavar="FILE", help="With --keyless: other services than Sigstore's public ones."
        ),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here; default: standard output.")
    ] = None,
) -> None:
    """Sign what a dataset and its sidecar are, or a verdict.

    What is written is an in-toto Statement in a DSSE envelope, or with --keyless in a Sigstore bundle. Only what is
    found to be true is signed: a sidecar that verifies, a verdict that comes out the same. The passphrase of a key is
    asked for on the terminal. With --keyless, your identity goes into a public log.

    Example: provenance sign data/mix.parquet --key ~/.ssh/id_ed25519 -o mix.statement.json
    Example: provenance sign data/mix.parquet --keyless -o mix.sigstore.json
    """
    from provenance.cli.overwriting import require_harmless

    if options.as_json and target is None:
        raise typer.BadParameter("--json says what was signed; name a file with -o")
    if (key is not None) == keyless:
        raise typer.BadParameter("sign with --key FILE or --keyless, one of them")
    if trust_config is not None and not keyless:
        raise typer.BadParameter("--trust-config is for --keyless")
    repository = options.open_repository()
    read = [file for file in (key, trust_config, Path(subject)) if file is not None]
    require_harmless(repository, {"--output": target}, read)
    seal = _with_key(key) if key is not None else _as_identity(trust_config)
    payload, remark = _payload(repository, options.rev, subject)
    signed = seal(payload)
    _deliver(signed.document, target)
    if options.as_json:
        said = {"subject": subject, "signed_with": signed.by, "issuer": signed.issuer}
        output.write_json(said | {"file": str(target), "remark": remark})
    elif not options.quiet:
        if remark:
            output.write_error(f"warning: {safe(subject)}: signed without roots: {safe(remark)}")
        if target is not None:
            output.write_line(f"signed {safe(subject)} {safe(signed.how)}: {safe(str(target))}")


@dataclass(frozen=True)
class _Signed:
    """An envelope or a bundle; ``by`` says which key or who, and ``issuer`` vouches for who."""

    document: dict[str, Any]
    by: str
    issuer: str | None = None

    @property
    def how(self) -> str:
        return f"with {self.by}" if self.issuer is None else f"as {self.by} (issuer {self.issuer})"


def _with_key(file: Path) -> Callable[[bytes], _Signed]:
    """What signs with the private key in ``file``, which is read now."""
    from provenance.attest.dsse import IN_TOTO, seal

    key = _private(file)
    fingerprint = key.public.fingerprint
    return lambda payload: _Signed(seal(IN_TOTO, payload, fingerprint, key.sign), fingerprint)


def _as_identity(trust_config: Path | None) -> Callable[[bytes], _Signed]:
    """What signs as the identity in the environment, through Sigstore."""
    from provenance.attest.keyless import identity_token, require_sigstore, sign_keyless

    require_sigstore()
    # A token that is missing is reported before the data is read. It lives for minutes, so it is taken anew to sign.
    identity_token()

    def sign(payload: bytes) -> _Signed:
        document, identity = sign_keyless(payload, trust_config)
        return _Signed(document, identity.name, identity.issuer)

    return sign


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
