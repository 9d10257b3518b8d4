"""`status` and `verify`: are the sidecars here, and do they tell the truth?"""

from __future__ import annotations

from dataclasses import asdict
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.failures import FINDING, fail_with
from provenance.cli.options import CommonOptions, command
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

    A sidecar is ok, stale (made for other data than is there), missing, or unusable, which is an error. Use
    `provenance verify` to judge: it exits with 1 on a problem.

    Example: provenance status --rev HEAD~1
    """
    from provenance.ledger.sidecars import Sidecars

    with Sidecars.open(options.open_repository(), options.rev, partial=True) as ledger:
        datasets = _states(ledger)
        unusable, remarks = [*ledger.unusable.values()], list(ledger.remarks)
    if options.as_json:
        output.write_json({"datasets": datasets, "warnings": remarks})
    elif not options.quiet:
        _print_states(datasets)
        _warn(remarks)
    fail_with(unusable)


def _states(ledger: Sidecars) -> list[dict[str, Any]]:
    from provenance.ledger.datasets import State

    origins = ledger.rows_by_origin()
    states: list[dict[str, Any]] = [
        {
            "path": dataset.path,
            "state": dataset.state.value,
            "rows": dataset.rows,
            "by_origin": {
                origin: {"rows": rows, "fraction": rows / sum(origins[dataset.path].values())}
                for origin, rows in origins[dataset.path].items()
            },
        }
        for dataset in ledger.recorded
    ]
    absent = dict.fromkeys((*ledger.unrecorded, *ledger.unfetched), State.MISSING)
    absent |= dict.fromkeys(ledger.unusable, State.UNUSABLE)
    states += [{"path": path, "state": state.value, "rows": None, "by_origin": {}} for path, state in absent.items()]
    return sorted(states, key=itemgetter("path"))


def _print_states(datasets: list[dict[str, Any]]) -> None:
    from rich.text import Text

    if not datasets:
        output.write_line("no datasets: DVC tracks no file here that is a dataset")
        return
    colours = {"ok": "green", "stale": "red", "missing": "yellow", "unusable": "red"}
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


@command(reads_lineage=True, at_revision=True)
def verify(
    options: CommonOptions,
    datasets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DATASET]...", help="Datasets to verify; default: all with a sidecar."),
    ] = None,
) -> None:
    """Check sidecars against their data.

    Every row has to have its record, every ancestor too, and the digests have to match. Exits with 1 on a problem, with
    2 where a sidecar cannot be used or is not on this machine.

    Example: provenance verify data/mix.parquet
    """
    from provenance.ledger.sidecars import Sidecars

    with Sidecars.open(options.open_repository(), options.rev, partial=True) as ledger:
        chosen = [ledger.dataset(path) for path in datasets] if datasets else list(ledger.recorded)
        problems = [problem for dataset in chosen for problem in _problems(ledger, dataset)]
        skipped = () if datasets else ledger.unrecorded
        remarks = list(ledger.remarks)
        errors = [] if datasets else [*ledger.unusable.values(), *ledger.unfetched.values()]
    if options.as_json:
        output.write_json(
            {
                "ok": not problems,
                "datasets": [dataset.path for dataset in chosen],
                "skipped": [{"path": path, "reason": _why_skipped(path, ledger.unmade)} for path in skipped],
                "problems": [asdict(problem) for problem in problems],
                "warnings": remarks,
            }
        )
    elif not options.quiet:
        _print_problems(problems, len(chosen))
        for path in skipped:
            output.write_line(f"not verified, {_why_skipped(path, ledger.unmade)}: {safe(path)}")
        _warn(remarks)
    fail_with(errors)
    if problems:
        raise typer.Exit(FINDING)


def _problems(ledger: Sidecars, dataset: RecordedDataset) -> list[Problem]:
    from provenance.ledger.contents import identity_of_sidecar, local_data
    from provenance.lineage.verification import Problem
    from provenance.lineage.verification import verify as verify_dataset

    recorded = ledger.recorded_md5_of_sidecar(dataset)
    problems = verify_dataset(
        local_data(ledger, dataset),
        dataset.sidecar.path,
        identity_of_sidecar(ledger, dataset),
        name=dataset.path,
        md5=dataset.md5,
        workspace=ledger.folder,
    )
    if recorded is not None and recorded != ledger.repository.md5(dataset.sidecar.path)[0]:
        said = "it is not the one that DVC has recorded; `dvc checkout` brings that back, `dvc commit` accepts this one"
        problems.append(Problem(f"{dataset.path} (sidecar)", None, said))
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
