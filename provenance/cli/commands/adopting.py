"""`adopt`: lineage for a pipeline that is there already, as a change to agree to."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli.next_steps import tell_to_add
from provenance.cli.options import CommonOptions, command
from provenance.cli.output import write_error, write_json, write_line
from provenance.cli.progress import rows_progress
from provenance.errors import ProvenanceError, RepositoryError
from provenance.report.plain_text import counted, safe, safe_lines

if TYPE_CHECKING:
    from provenance.repository import Repository
    from provenance.upkeep.adopting import Adopted, AdoptedDataset
    from provenance.upkeep.adoption_plan import Plan

_WAYS = ("recorded", "carried", "derived", "aligned", "unknown")


@command()
def adopt(
    options: CommonOptions,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="TARGET:FIELD=VALUE", help="State a field of all rows of a stage or dataset."),
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="TARGET:FIELD=COLUMN", help="A column holds the field, row by row."),
    ] = None,
    parents: Annotated[
        list[str] | None, typer.Option(metavar="TARGET:PATH", help="A dataset that the parents are in.")
    ] = None,
    parent_key: Annotated[
        list[str] | None,
        typer.Option(metavar="TARGET:COLUMN", help="Look parent_key up in this column of the parents' dataset."),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Adopt this too: a dataset whose name does not say so (JSON, a folder)."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last adoption back.")] = False,
) -> None:
    """Put lineage into a pipeline that is there already; no stage runs.

    Shows what it would change in dvc.yaml as a diff, and asks. Then it writes the sidecars of what is there, and
    updates dvc.lock, so `dvc status` is clean and `dvc repro` has nothing to do.

    Example: provenance adopt --set collect:origin=real --set collect:source=forum --set answer:model=gpt-4o-mini
    """
    from provenance.capture.declaring.pipeline_changes import finish_change
    from provenance.upkeep.adopting import adopt as carry_out
    from provenance.upkeep.adopting import undo_adoption
    from provenance.upkeep.adoption_plan import plan_adoption
    from provenance.upkeep.adoption_words import Words

    words = Words(set_ or (), map_ or (), parents or (), parent_key or ())
    if undo and (dry_run or yes or dataset or words != Words()):
        raise typer.BadParameter("--undo takes no other option")
    repository = options.open_repository()
    if repository.current_stage() is not None:
        raise RepositoryError("`provenance adopt` changes the pipeline, so it cannot run in one of its stages")
    if undo:
        _report_undone(undo_adoption(repository), options)
        return
    if not dry_run and finish_change(repository) and not options.quiet:
        write_error("an interrupted change was finished")
    plan = plan_adoption(repository, [repository.relative(path) for path in dataset or ()], words)
    if not options.as_json and not options.quiet:
        _show(plan)
    if plan.is_empty or dry_run or not _agreed(yes=yes):
        _report(options, repository, plan, None)
        return
    with rows_progress(quiet=options.quiet) as progress_of:
        adopted = carry_out(repository, plan, progress_of)
    _report(options, repository, plan, adopted)


def _agreed(*, yes: bool) -> bool:
    """Whether the change is agreed to.

    Raises:
        ProvenanceError: nobody is there to be asked.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ProvenanceError("nobody is here to agree: agree with --yes, or only look with --dry-run")
    return typer.confirm("Change these files?", err=True)


def _show(plan: Plan) -> None:
    for file in plan.texts:
        for line in plan.diff(file).splitlines():
            # The sign goes before: what follows keeps its indentation.
            write_line(line[:1] + safe_lines(line[1:])[0])
    for path in plan.added:
        write_line(f"{safe(path)}: gets a sidecar, tracked by DVC")
    for each in plan.left:
        write_line(f"left alone: {safe(each.what)}: {safe(each.reason)}")
    for remark in plan.remarks:
        write_line(f"note: {safe(remark)}")


def _report(options: CommonOptions, repository: Repository, plan: Plan, adopted: Adopted | None) -> None:
    if options.as_json:
        write_json(_document(plan, adopted))
    elif options.quiet:
        return
    elif plan.is_empty:
        write_line("nothing to adopt")
    elif adopted is None:
        write_line("nothing was changed")
    else:
        for dataset in adopted.datasets:
            write_line(f"{safe(dataset.path)}: {_explained(dataset)}")
        tell_to_add(repository, adopted.files, "; `provenance adopt --undo` takes it back")


def _explained(dataset: AdoptedDataset) -> str:
    done = dataset.completion
    if done is None:
        return "has its sidecar already"
    ways = {"declared" if name == "recorded" else name: getattr(done, name) for name in _WAYS}
    said = ", ".join(f"{rows:,} {name}" for name, rows in ways.items() if rows)
    return f"{counted(done.rows, 'row')} ({said or 'none'}), {counted(done.ancestors, 'ancestor')}"


def _document(plan: Plan, adopted: Adopted | None) -> dict[str, Any]:
    return {
        "changes": [{"path": file, "diff": plan.diff(file)} for file in plan.texts],
        "datasets": [] if adopted is None else [dataset.as_json() for dataset in adopted.datasets],
        "left_alone": [{"what": each.what, "reason": each.reason} for each in plan.left],
        "notes": list(plan.remarks),
        "applied": adopted is not None,
        "files": [] if adopted is None else list(adopted.files),
    }


def _report_undone(files: list[str], options: CommonOptions) -> None:
    if options.as_json:
        write_json({"undone": files})
    elif not options.quiet:
        for file in files:
            write_line(f"as before: {safe(file)}")
