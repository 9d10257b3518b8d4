"""`explore`: the ledger in a browser."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Annotated

import typer

from provenance.cli import output
from provenance.cli.options import CommonOptions, command
from provenance.report.plain_text import safe


@command(reads_lineage=True, at_revision=True)
def explore(
    options: CommonOptions,
    opens: Annotated[
        str, typer.Option("--open", metavar="PATH", help="The page that the printed address leads to.")
    ] = "/",
    port: Annotated[int, typer.Option("--port", metavar="N", help="Listen here; 0: on any free port.")] = 0,
) -> None:
    """Look at datasets, rows and their ancestry in a browser.

    The server answers to this machine only and changes nothing; Ctrl-C ends it. Its address
    holds the secret of this run.

    Example: provenance explore --open '/d/data/mix.parquet?origin=synthetic'
    """
    from provenance.explorer.serving import opened_server

    repository = options.open_repository()
    with opened_server(repository, options.rev, opens=opens, port=port) as server, suppress(KeyboardInterrupt):
        if options.as_json:
            output.write_json({"address": server.address, "port": server.port})
        else:
            output.write_line(safe(server.address))
        sys.stdout.flush()
        server.run()
