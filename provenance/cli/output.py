"""What commands write: JSON for machines; text, tables and trees for people.

Every text that comes from data, sidecars or settings passes `safe` before it reaches a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

ID_DIGITS = 12
CELL_WIDTH = 60
# Wide enough that nothing is folded in a file or a pipe.
_UNLIMITED_WIDTH = 1_000_000
# However deep a tree is, so much of each label stands on a line.
_LABEL_WIDTH = 40
# Told apart without colour, too.
_ORIGIN_BARS = {
    "real": ("█", "green"),
    "mixed": ("▓", "yellow"),
    "synthetic": ("▒", "magenta"),
    "unknown": ("░", "red"),
}
_BAR_WIDTH = 24


def safe(text: str, limit: int | None = None) -> str:
    """``text`` as one line in which nothing can steer a terminal or reorder what is read, cut to ``limit`` characters.

    White space is folded; control characters, escape sequences, bidirectional overrides and all else that does not
    print are written as escapes.
    """
    # Bounded first, so that a huge text costs no more than what is shown of it.
    bounded = text if limit is None else text[: 4 * limit]
    line = "".join(c if c.isprintable() else _escape(c) for c in " ".join(bounded.split()))
    if limit is not None and (len(line) > limit or len(bounded) < len(text)):
        return line[: limit - 1] + "…"
    return line


def safe_lines(text: str) -> list[str]:
    """The lines of ``text``, indented as they were, each safe in the sense of `safe`."""
    lines = []
    for line in text.split("\n"):
        indented = line.expandtabs(4).rstrip()
        width = len(indented) - len(indented.lstrip(" "))
        lines.append(" " * width + safe(indented))
    return lines


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def short(sample_id: str) -> str:
    """A sample id as shown to people."""
    return sample_id[:ID_DIGITS]


def write_json(document: Any) -> None:
    """Write the one JSON document of a command: ASCII, so that no character can do anything but be read."""
    write_line(json.dumps(document, indent=2, allow_nan=False))


def write_line(line: str = "") -> None:
    """Write one line that is safe already to standard output."""
    _tolerate(sys.stdout)
    sys.stdout.write(line + "\n")


def write_error(line: str) -> None:
    """Write one line that is safe already to standard error."""
    _tolerate(sys.stderr)
    sys.stderr.write(line + "\n")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], numbers: Sequence[str] = ()) -> None:
    """Write a table; the cells are safe already. Columns in ``numbers`` are set flush right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    _write_rich(_console(), table)


def write_text(text: Text) -> None:
    """Write one line of styled text that is safe already."""
    _write_rich(_console(), text)


def write_folded(first: str, further: str, text: str) -> None:
    """Write ``text``, safe already, after the prefix ``first``; on a narrow terminal folded, under ``further``."""
    from rich.text import Text

    write_branches([(first, further, Text(text))])


def write_branches(branches: Iterable[tuple[str, str, Text]]) -> None:
    """Write the lines of a tree: each label after its first prefix, and folded, if need be, under its second one."""
    console = _console()
    for first, further, label in branches:
        for number, line in enumerate(label.wrap(console, max(console.width - len(first), _LABEL_WIDTH))):
            _write_rich(console, line, first if number == 0 else further)


def _write_rich(console: Console, renderable: RenderableType, prefix: str = "") -> None:
    # Written by ourselves: Rich ends the process with 1, which is our code for a finding, where a pipe was closed.
    with console.capture() as captured:
        console.print(renderable)
    sys.stdout.write(prefix + captured.get())


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


def counted(number: int, thing: str) -> str:
    """``number`` with what it counts: 1 row, 2 rows."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def percent(part: int, whole: int) -> str:
    """``part`` of ``whole`` in percent; never 0 or 100 for what is only nearly so."""
    if not whole:
        return "-"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{share:.1f}%"


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
