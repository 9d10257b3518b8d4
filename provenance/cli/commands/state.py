"""`status` and `verify`: are the sidecars here, and do they tell the truth?"""

from __future__ import annotations

from dataclasses import asdict, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.completing import datasets
from provenance.cli.failures import FINDING, fail_with
from provenance.cli.options import CommonOptions, command
from provenance.errors import SidecarError
from provenance.report.plain_text import CELL_WIDTH, counted, safe

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.sidecars import Sidecars
    from provenance.lineage.verification import Problem


@command(reads_lineage=True, at_revision=True)
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
        unusable, remarks = [*ledger.unusable.values()], list(ledger.remarks)
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


@command(reads_lineage=True, at_revision=True)
def verify(
    options: CommonOptions,
    datasets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATASET]...", autocompletion=datasets, help="Datasets to verify; default: all with a sidecar."
        ),
    ] = None,
) -> None:
    """Check sidecars against their data, and against one another.

    Every row has to have its record, every ancestor too, the digests have to match, and origins may not contradict what
    is stated of the same rows in another dataset. Exits with 1 on a problem, with
    2 where a sidecar cannot be used or is not on this machine.

    Example: provenance verify data/mix.parquet
    """
    from provenance.ledger.agreement import agreement
    from provenance.ledger.sidecars import Sidecars
    from provenance.lineage.verification import Problem

    with Sidecars.open(options.open_repository(), options.rev, anew=True) as ledger:
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
                "skipped": [{"path": path, "reason": _why_skipped(path, ledger.unmade)} for path in skipped],
                "problems": [asdict(problem) for problem in problems],
                "warnings": remarks,
            }
        )
    elif not options.quiet:
        _print_problems(problems, len(verified))
        for path in skipped:
            output.write_line(f"not verified, {_why_skipped(path, ledger.unmade)}: {safe(path)}")
        _warn(remarks)
    fail_with(errors)
    if problems:
        raise typer.Exit(FINDING)


def _verified(
    ledger: Sidecars, chosen: Sequence[RecordedDataset]
) -> tuple[list[RecordedDataset], list[Problem], list[str]]:
    """The datasets that were verified, the problems found, and why others could not be: each is judged by itself."""
    verified: list[RecordedDataset] = []
    problems: list[Problem] = []
    errors: list[str] = []
    for dataset in chosen:
        try:
            problems += _problems(ledger, dataset)
        except SidecarError as error:
            errors.append(str(error))
        else:
            verified.append(dataset)
    return verified, problems, errors


def _problems(ledger: Sidecars, dataset: RecordedDataset) -> list[Problem]:
    """What does not hold; the data is read, whatever is remembered of it."""
    from provenance.files import md5_of
    from provenance.ledger.contents import identity_of_sidecar, local_data
    from provenance.lineage.verification import Problem
    from provenance.lineage.verification import verify as verify_dataset
    from provenance.repository.remarks import NOT_AS_RECORDED

    data = local_data(ledger, dataset)
    md5 = dataset.md5
    if ledger.rev is None and (ledger.repository.root / dataset.path).exists():
        md5, _ = ledger.repository.md5(dataset.path, anew=True)
    elif data.is_file():
        md5 = md5_of(data)
    problems = verify_dataset(
        data,
        dataset.sidecar.path,
        replace(identity_of_sidecar(ledger, dataset), file_ids=None),
        name=dataset.path,
        md5=md5,
        workspace=ledger.folder,
    )
    if not dataset.as_recorded:
        problems.append(Problem(f"{dataset.path} (sidecar)", None, NOT_AS_RECORDED))
    return problems


def _warn(remarks: Sequence[str]) -> None:
    for remark in remarks:
        output.write_error(f"warning: {safe(remark)}")


def _why_skipped(path: str, unmade: Collection[str]) -> str:
    return "its stage has not run" if path in unmade else "no sidecar"


def _print_problems(problems: list[Problem], verified: int) -> None:
    if problems:
        rows = [(safe(problem.path), str(problem.row or ""), safe(problem.problem)) for problem in problems]
        output.write_table(("dataset", "row", "problem"), rows, numbers=("row",))
    else:
        output.write_line(f"ok: {counted(verified, 'dataset')} verified")
