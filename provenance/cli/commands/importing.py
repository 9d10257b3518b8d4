"""`import` and `update`: datasets of other DVC repositories, with their sidecars."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provenance.cli import output
from provenance.cli.next_steps import tell_to_add_tracked
from provenance.cli.options import CommonOptions, command
from provenance.report.plain_text import counted, safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance.repository import Repository
    from provenance.repository.imports import Imported

_SHORT_COMMIT = 9


@command()
def import_(
    options: CommonOptions,
    url: Annotated[str, typer.Argument(metavar="URL", help="The git repository, or a path to it.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="The dataset there, from its root.")],
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="OUT", help="Where to put it; default: here, by its name.")
    ] = None,
    rev: Annotated[
        str | None,
        typer.Option("--rev", metavar="REV", help="A revision there, which is followed; default: its main branch."),
    ] = None,
) -> None:
    """Import a dataset and its sidecar, as `dvc import` does.

    Both come from the same commit, or none does. A dataset that was imported without its sidecar only gets that.

    Example: provenance import https://example.org/team/data data/faq.jsonl
    """
    repository = options.open_repository()
    brought = repository.imports.bring(_address(url, repository), path, _destination(repository, path, out), rev)
    _tell(repository, [brought], as_json=options.as_json, quiet=options.quiet)
    if not (options.quiet or options.as_json):
        tell_to_add_tracked(repository, [brought.path, brought.sidecar])


@command()
def update(
    options: CommonOptions,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Datasets to update; default: all imported with their sidecar."),
    ] = None,
    rev: Annotated[
        str | None, typer.Option("--rev", metavar="REV", help="Go to this revision of the source, and follow it.")
    ] = None,
) -> None:
    """Bring imported datasets up to date, as `dvc update` does.

    Run it again where it was interrupted: a dataset and a sidecar of different commits are brought together.

    Example: provenance update faq.jsonl --rev v2
    """
    repository = options.open_repository()
    updated = repository.imports.update([repository.relative(path) for path in paths or ()], rev)
    _tell(repository, updated, as_json=options.as_json, quiet=options.quiet)


def _address(url: str, repository: Repository) -> str:
    """``url``, where it is a path from here, as one from the root: so DVC reads it."""
    if os.path.isabs(url) or not os.path.isdir(url):
        return url
    return Path(os.path.relpath(os.path.realpath(url), repository.root)).as_posix()


def _destination(repository: Repository, path: str, out: str | None) -> str:
    name = os.path.basename(path.rstrip("/"))
    if out is None:
        return repository.relative(name)
    return repository.relative(os.path.join(out, name) if os.path.isdir(out) or out.endswith("/") else out)


def _tell(repository: Repository, datasets: Sequence[Imported], *, as_json: bool, quiet: bool) -> None:
    documents = [_document(repository, dataset) for dataset in datasets]
    if as_json:
        output.write_json({"datasets": documents})
    for dataset, document in zip(datasets, documents, strict=True):
        if document["state"] == "stale" and not quiet:
            output.write_error(
                f"warning: {safe(dataset.path)}: the sidecar in the source repository is stale (made for "
                "different data)"
            )
        if not (as_json or quiet):
            at = f"commit {dataset.commit[:_SHORT_COMMIT]}" + (f" ({dataset.rev})" if dataset.rev else "")
            what = counted(document["rows"], "row") if dataset.changed else "is there already"
            output.write_line(f"{safe(dataset.path)}: {safe(at)}, {what}")
    if not (datasets or as_json or quiet):
        output.write_line("nothing to do: no dataset was imported with its sidecar")


def _document(repository: Repository, dataset: Imported) -> dict[str, Any]:
    """What was brought, with the rows that the sidecar states, and whether it is that of the data."""
    from provenance.lineage.sidecar import open_sidecar

    described = open_sidecar(repository.root / dataset.sidecar).header.dataset
    is_stale = described.md5 not in (None, repository.md5(repository.root / dataset.path)[0])
    return asdict(dataset) | {"rows": described.rows, "state": "stale" if is_stale else "ok"}
