from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from provenance.cli.options import CommonOptions, command
from provenance.jobs import allowed, cores


def test_common_options_reach_a_command_together_with_its_own() -> None:
    given = []

    @command(reads_lineage=True, at_revision=True)
    def look(
        options: CommonOptions, path: Annotated[str, typer.Argument()], deep: Annotated[bool, typer.Option()] = False
    ) -> None:
        """Look at PATH."""
        given.append((options, path, deep))

    app = typer.Typer()
    app.command()(look)
    said = CliRunner().invoke(app, ["a", "--deep", "--repo", "r", "--rev", "v1", "--no-fetch", "--json", "-q", "-v"])
    assert said.exit_code == 0, said.output
    assert given == [(CommonOptions(Path("r"), "v1", True, True, True, True), "a", True)]
    assert "Look at PATH." in CliRunner().invoke(app, ["--help"]).stdout


@pytest.mark.parametrize(("given", "jobs"), [([], cores()), (["--jobs", "3"], 3)])
def test_a_command_works_with_as_many_threads_as_it_may(given: list[str], jobs: int) -> None:
    seen = []

    @command(has_jobs=True)
    def compare(options: CommonOptions) -> None:
        seen.append(allowed())

    app = typer.Typer()
    app.command()(compare)
    assert CliRunner().invoke(app, given).exit_code == 0
    assert seen == [jobs]
    assert allowed() == cores()
    assert CliRunner().invoke(app, ["--jobs", "0"]).exit_code == 2


@pytest.mark.parametrize("option", ["--rev", "--no-fetch", "--jobs"])
def test_a_command_has_no_option_that_it_does_not_read(option: str) -> None:
    @command()
    def prepare(options: CommonOptions) -> None:
        assert options.rev is None and not options.no_fetch

    app = typer.Typer()
    app.command()(prepare)
    assert CliRunner().invoke(app, []).exit_code == 0
    assert CliRunner().invoke(app, [option, os.curdir]).exit_code == 2
