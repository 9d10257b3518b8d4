"""`status` and `verify`: are the sidecars here, and do they tell the truth?"""

from __future__ import annotations

from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.attestations import Keys, verify_proof, verify_statement
from provenance.cli.completing import datasets
from provenance.cli.failures import FINDING, fail_with
from provenance.cli.options import CommonOptions, command
from provenance.errors import SidecarError
from provenance.report.plain_text import CELL_WIDTH, counted, safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.sidecars import Sidecars
    from provenance.lineage.problems import Problem


@command(reads_lineage=True, at_revision=True, multiplies=False)
def status(
    options: CommonOptions,
) -> None:
    """Show every dataset's sidecar, rows and origins.

    A sidecar is ok, stale (made for other data than is there), changed (not the one that DVC has recorded), missing, or
    unusable, which is an error. Use `provenance verify` to judge: it exits with 1 on a problem.

    Example: provenance status --rev HEAD~1
    """
    from provenance.ledger.sidecars import Sidecars

    with Sidecars.open(options.open_repository(), options.rev) as ledger:
        datasets = _states(ledger)
        unusable, remarks = [*ledger.unusable.values()], [*ledger.remarks, *ledger.unfetched.values()]
    if options.as_json:
        output.write_json({"datasets": datasets, "warnings": remarks})
    elif not options.quiet:
        _print_states(datasets)
        _warn(remarks)
    fail_with(unusable)


_NOTHING_KNOWN: dict[str, Any] = {"rows": None, "revoked_rows": None, "by_origin": {}}


def _states(ledger: Sidecars) -> list[dict[str, Any]]:
    from provenance.ledger.datasets import State
    from provenance.ledger.revoked import revoked_rows

    origins, revoked = ledger.rows_by_origin(), revoked_rows(ledger)
    states: list[dict[str, Any]] = [
        {
            "path": dataset.path,
            "state": dataset.state.value,
            "rows": dataset.rows,
            "revoked_rows": revoked[dataset.path],
            "by_origin": {
                origin: {"rows": rows, "fraction": rows / sum(origins[dataset.path].values())}
                for origin, rows in origins[dataset.path].items()
            },
        }
        for dataset in ledger.recorded
    ]
    absent = dict.fromkeys((*ledger.unrecorded, *ledger.unfetched), State.MISSING)
    absent |= dict.fromkeys(ledger.unusable, State.UNUSABLE)
    states += [{"path": path, "state": state.value} | _NOTHING_KNOWN for path, state in absent.items()]
    return sorted(states, key=itemgetter("path"))


def _print_states(datasets: list[dict[str, Any]]) -> None:
    from rich.text import Text

    if not datasets:
        output.write_line("no datasets: DVC tracks no file here that is a dataset")
        return
    colours = {"ok": "green", "stale": "red", "changed": "red", "missing": "yellow", "unusable": "red"}
    rows = [
        (
            safe(dataset["path"], CELL_WIDTH),
            Text(dataset["state"], style=colours[dataset["state"]]),
            "-" if dataset["rows"] is None else f"{dataset['rows']:,}",
            output.origin_bar({origin: share["rows"] for origin, share in dataset["by_origin"].items()})
            if dataset["by_origin"]
            else "",
        )
        for dataset in datasets
    ]
    output.write_table(("dataset", "sidecar", "rows", "origin"), rows, numbers=("rows",))
    for dataset in datasets:
        if number := dataset["revoked_rows"]:
            verb = "is" if number == 1 else "are"
            said = f"{counted(number, 'row')} {verb} revoked, or came from what is revoked (`provenance purge`)"
            output.write_line(f"{safe(dataset['path'])}: {said}")


@command(reads_lineage=True, at_revision=True, has_jobs=True, asks_an_engine=True, multiplies=False)
def verify(
    options: CommonOptions,
    datasets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATASET]...", autocompletion=datasets, help="Datasets to verify; default: all with a sidecar."
        ),
    ] = None,
    statement: Annotated[
        Path | None,
        typer.Option("--statement", metavar="FILE", help="Check what `provenance sign` wrote, and what it is about."),
    ] = None,
    proof: Annotated[
        Path | None,
        typer.Option("--proof", metavar="FILE", help="Check what `provenance prove` wrote; no repository is needed."),
    ] = None,
    rows_of: Annotated[
        Path | None, typer.Option("--of", metavar="FILE", help="With --proof: it must be about the rows of this file.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The public key that must have signed: PEM or OpenSSH.")
    ] = None,
    allowed_signers: Annotated[
        Path | None,
        typer.Option("--allowed-signers", metavar="FILE", help="Whose keys are whose, as OpenSSH has it."),
    ] = None,
    signer: Annotated[
        str | None, typer.Option("--signer", metavar="NAME", help="Who must have signed, by --allowed-signers.")
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option("--identity", metavar="EMAIL|URL", help="Who must have signed with `provenance sign --keyless`."),
    ] = None,
    issuer: Annotated[
        str | None, typer.Option("--issuer", metavar="URL", help="The OIDC issuer that vouches for --identity.")
    ] = None,
    trust_config: Annotated[
        Path | None,
        typer.Option(
            "--trust-config", metavar="FILE", help="The keys to believe, if not those of Sigstore's public services."
        ),
    ] = None,
) -> None:
    """Check sidecars against their data, and against one another.

    Every row has to have its record, every ancestor too, the digests have to match, and origins may not contradict what
    is stated of the same rows in another dataset. Exits with 1 on a problem, with
    2 where a sidecar cannot be used or is not on this machine.

    With --statement, a signed statement is checked instead: the signature, and all that it says of what is here; with
    --proof, what it proves by the signed roots. These exit with 2 where something could not be checked.

    Example: provenance verify data/mix.parquet
    Example: provenance verify --statement mix.statement.json --key signer.pub
    Example: provenance verify --statement mix.sigstore.json --identity me@example.org --issuer https://github.com/login/oauth
    Example: provenance verify --proof proof.json --of benchmark.jsonl --key signer.pub
    """
    keys = Keys(key, allowed_signers, signer, identity, issuer, trust_config)
    if statement or proof:
        if datasets:
            raise typer.BadParameter("a statement or a proof says itself what it is about; leave out the datasets")
        _verify_document(options, statement, proof, rows_of, keys)
        return
    if keys.named or rows_of:
        raise typer.BadParameter("--of, and what says who must have signed, are for a --statement or a --proof")
    from provenance.ledger.agreement import agreement
    from provenance.ledger.sidecars import Sidecars
    from provenance.lineage.problems import Problem

    repository = options.open_repository()
    engine = options.engine_of(repository)
    with Sidecars.open(repository, options.rev, anew=True, engine=engine) as ledger:
        chosen = [ledger.dataset(path) for path in datasets] if datasets else list(ledger.recorded)
        verified, problems, errors = _verified(ledger, chosen)
        agreed = agreement(ledger, verified)
        problems += [Problem(f"{each.path} (sidecar)", None, each.problem) for each in agreed.contradictions]
        skipped = () if datasets else ledger.unrecorded
        remarks = [*ledger.remarks, *agreed.unjudged]
        errors += [] if datasets else [*ledger.unusable.values(), *ledger.unfetched.values()]
    if options.as_json:
        output.write_json(
            {
                "ok": not problems,
                "datasets": [dataset.path for dataset in verified],
                "skipped": [{"path": path, "reason": ledger.unmade.get(path, "no sidecar")} for path in skipped],
                "problems": [asdict(problem) for problem in problems],
                "warnings": remarks,
            }
        )
    elif not options.quiet:
        _print_problems(problems, len(verified))
        for path in skipped:
            output.write_line(f"not verified, {ledger.unmade.get(path, 'no sidecar')}: {safe(path)}")
        _warn(remarks)
    fail_with(errors)
    if problems:
        raise typer.Exit(FINDING)


def _verify_document(
    options: CommonOptions, statement: Path | None, proof: Path | None, rows_of: Path | None, keys: Keys
) -> None:
    if proof is not None:
        verify_proof(options, proof, statement, rows_of, keys)
    elif rows_of is not None:
        raise typer.BadParameter("--of is for a --proof")
    elif statement is not None:
        verify_statement(options, statement, keys)


def _verified(
    ledger: Sidecars, chosen: Sequence[RecordedDataset]
) -> tuple[list[RecordedDataset], list[Problem], list[str]]:
    """The datasets that were verified, the problems found, and why others could not be: each is judged by itself."""
    from provenance.ledger.checked import problems_of

    verified: list[RecordedDataset] = []
    problems: list[Problem] = []
    errors: list[str] = []
    for dataset in chosen:
        try:
            problems += problems_of(ledger, dataset)
        except SidecarError as error:
            errors.append(str(error))
        else:
            verified.append(dataset)
    return verified, problems, errors


def _warn(remarks: Sequence[str]) -> None:
    for remark in remarks:
        output.write_error(f"warning: {safe(remark)}")


def _print_problems(problems: list[Problem], verified: int) -> None:
    if problems:
        rows = [(safe(problem.path), str(problem.row or ""), safe(problem.problem)) for problem in problems]
        output.write_table(("dataset", "row", "problem"), rows, numbers=("row",))
    else:
        output.write_line(f"ok: {counted(verified, 'dataset')} verified")
