"""What commands write: JSON for machines; text, tables and trees for people.

Every text that comes from data, sidecars or settings passes `plain_text.safe` before it reaches a terminal.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from provenance.report.json_document import json_text
from provenance.report.plain_text import percent, safe

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

# Wide enough that nothing is folded in a file or a pipe.
_UNLIMITED_WIDTH = 1_000_000
# However deep a tree is, so much of each label stands on a line.
_LABEL_WIDTH = 40
# Distinct without colour, too.
_ORIGIN_BARS = {
    "real": ("█", "green"),
    "mixed": ("▓", "yellow"),
    "synthetic": ("▒", "magenta"),
    "unknown": ("░", "red"),
}
_BAR_WIDTH = 24
# Between two columns of a table.
_COLUMN_GAP = 3
_LAST_STYLE = re.compile(r"\x1b\[[0-9;]*m$")


def write_json(document: Any) -> None:
    """Write the one JSON document of a command: ASCII, so it is safe to print."""
    write(json_text(document))


def write(text: str) -> None:
    """Write ``text``, safe already, to standard output as it stands."""
    _tolerate(sys.stdout)
    sys.stdout.write(text)


def write_line(line: str = "") -> None:
    """Write one line that is safe already to standard output."""
    write(line + "\n")


def write_error(line: str) -> None:
    """Write one line that is safe already to standard error."""
    _tolerate(sys.stderr)
    sys.stderr.write(line + "\n")


def line(text: str = "") -> str:
    """One line that is safe already."""
    return text + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], numbers: Sequence[str] = ()) -> str:
    """A table; the cells are safe already. Columns in ``numbers`` are set flush right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        drawn.add_column(column, justify="right" if column in numbers else "left")
    for row in rows:
        drawn.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return _rendered(_console(), drawn)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], numbers: Sequence[str] = ()) -> None:
    """Write a `table` to standard output."""
    write(table(columns, rows, numbers))


def write_table_or_records(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str]) -> None:
    """A `table`; where it is wider than the terminal, each row by itself, a column a line."""
    widths = [max(map(len, (column, *cells))) for column, *cells in zip(columns, *rows, strict=True)]
    if sum(widths) + _COLUMN_GAP * (len(widths) - 1) <= _console().width:
        write_table(columns, rows, numbers)
        return
    longest = max(map(len, columns))
    for number, row in enumerate(rows, start=1):
        write_line(f"row {number}")
        for column, cell in zip(columns, row, strict=True):
            if cell:
                write(folded(f"  {column.ljust(longest)}  ", " " * (longest + 4), cell))
            else:
                write_line(f"  {column}")


def text(styled: Text) -> str:
    """One line of styled text that is safe already."""
    return _rendered(_console(), styled)


def folded(first: str, further: str, text: str) -> str:
    """``text``, safe already, after the prefix ``first``; on a narrow terminal folded, under ``further``."""
    from rich.text import Text

    return "".join(_branches([(first, further, Text(text))]))


def write_branches(branches: Iterable[tuple[str, str, Text]]) -> None:
    """Write the lines of a tree: each label after its first prefix, and folded, if need be, under its second one."""
    for each in _branches(branches):
        write(each)


def _branches(branches: Iterable[tuple[str, str, Text]]) -> Iterator[str]:
    console = _console()
    for first, further, label in branches:
        width = max(console.width - max(len(first), len(further)), _LABEL_WIDTH)
        for number, part in enumerate(label.wrap(console, width)):
            yield (first if number == 0 else further) + _rendered(console, part)


def _rendered(console: Console, renderable: RenderableType) -> str:
    # Written by ourselves: Rich ends the process with 1, which is our code for a finding, where a pipe was closed.
    with console.capture() as captured:
        console.print(renderable)
    return "".join(f"{_without_last_blanks(line)}\n" for line in captured.get().splitlines())


def _without_last_blanks(line: str) -> str:
    """Cells are filled up to their columns' widths, the last one's too, before the end of its style."""
    styles = ""
    while found := _LAST_STYLE.search(line := line.rstrip()):
        line, styles = line[: found.start()], found[0] + styles
    return line + styles


def origin_bar(rows: dict[str, int]) -> Text:
    """A bar of fixed width that shows the shares of origins, and the shares in words."""
    from rich.text import Text

    total = sum(rows.values())
    bar = Text()
    for origin, (block, colour) in _ORIGIN_BARS.items():
        bar.append(block * round(_BAR_WIDTH * rows.get(origin, 0) / (total or 1)), style=colour)
    bar.append(" ")
    bar.append(", ".join(f"{safe(origin)} {percent(count, total)}" for origin, count in rows.items()))
    return bar


def share_bar(origin: str, fraction: float) -> Text:
    """A bar of the width that ``fraction`` asks for, at least one block, as `origin_bar` draws this origin."""
    from rich.text import Text

    block, colour = _ORIGIN_BARS.get(origin, ("░", "red"))
    return Text((block * max(round(_BAR_WIDTH * fraction), 1)).ljust(_BAR_WIDTH), style=colour)


def origin_style(origin: str) -> str:
    """The colour of an origin."""
    return _ORIGIN_BARS.get(origin, ("", "red"))[1]


def _console() -> Console:
    """Where people read: in colour only on a terminal, and not where NO_COLOR is set."""
    from rich.console import Console

    _tolerate(sys.stdout)
    width = None if sys.stdout.isatty() else _UNLIMITED_WIDTH
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)


def _tolerate(stream: Any) -> None:
    # A terminal that cannot show a character gets an escape for it, not an error.
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
