"""Progress of long work: on standard error, and only where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TYPE_CHECKING

from provenance.report.plain_text import safe

if TYPE_CHECKING:
    from rich.progress import Progress

# A dataset's path gives a function that takes the number of rows in each batch read.
ProgressOf = Callable[[str], Callable[[int], None]]


@contextmanager
def rows_progress(*, quiet: bool) -> Iterator[ProgressOf]:
    """Lines that count the rows read of each dataset, gone when the work is done; made when the first is begun."""
    if quiet or not sys.stderr.isatty():
        yield lambda path: lambda rows: None
        return
    with ExitStack() as stack:
        shown: list[Progress] = []

        def start(path: str) -> Callable[[int], None]:
            if not shown:
                shown.append(stack.enter_context(_progress()))
            (progress,) = shown
            task = progress.add_task(safe(path), total=None, speed="")

            def report(rows: int) -> None:
                done = progress.tasks[task].completed + rows
                elapsed = progress.tasks[task].elapsed
                progress.update(task, completed=done, speed=f"{done / elapsed:,.0f} rows/s" if elapsed else "")

            return report

        yield start


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.completed:,.0f} rows"),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=Console(stderr=True, markup=False), transient=True)


def fetch_progress(*, quiet: bool) -> Callable[[str], None]:
    """A function to call with the path of each thing before it is fetched; shows it in a line with their number."""
    if quiet or not sys.stderr.isatty():
        return lambda path: None
    fetched = count(1)

    def show(path: str) -> None:
        sys.stderr.write(f"fetching {next(fetched)}: {safe(path)}\n")

    return show
