"""`doctor`: what is wrong with a repository's set-up."""

from __future__ import annotations

from dataclasses import asdict

import typer

from provenance.cli.failures import FINDING
from provenance.cli.options import CommonOptions, command
from provenance.cli.output import write_json, write_line
from provenance.report.plain_text import safe


@command(reads_lineage=True)
def doctor(
    options: CommonOptions,
) -> None:
    """Say what is wrong with the set-up, and what mends it.

    Exits with 1 where something is. Nothing is changed. Use `provenance verify` to check sidecars against their data.

    Example: provenance doctor
    """
    from provenance.upkeep.diagnosis import diagnose

    found = diagnose(options.open_repository())
    if options.as_json:
        write_json({"ok": not found.problems} | asdict(found))
    elif not options.quiet:
        for problem in found.problems:
            write_line(f"{safe(problem.what)}: {safe(problem.problem)}")
            write_line(f"  mend: {safe(problem.mend)}")
        if not found.problems:
            write_line("ok: nothing is wrong with this set-up")
        for note in found.notes:
            write_line(f"note: {safe(note.what)}: {safe(note.said)}")
    if found.problems:
        raise typer.Exit(FINDING)
