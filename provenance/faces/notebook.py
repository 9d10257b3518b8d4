"""How things show themselves in a notebook: one block of HTML without a script, in the colours of the other faces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from provenance.faces.pages import environment, style_within

if TYPE_CHECKING:
    from jinja2 import Template

MOST_ROWS = 20
# Of one cell, in characters.
MOST_TEXT = 120


@dataclass(frozen=True)
class Table:
    """A table of ``rows`` (of which `MOST_ROWS` are shown) under ``caption``; ``count``: how many there are in all."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    count: int

    @classmethod
    def of(cls, caption: str, rows: Iterable[Mapping[str, object]], count: int) -> Table:
        """Of rows that all have the same names."""
        shown = list(islice(rows, MOST_ROWS))
        columns = list(shown[0]) if shown else []
        return cls(caption, columns, [list(row.values()) for row in shown], count)


def block(title: str, *, strands: Sequence[tuple[str, Mapping[str, int]]] = (), tables: Sequence[Table] = ()) -> str:
    """The HTML of a block: its ``title``, for each of ``strands`` a strip of rows by origin, and ``tables``."""
    return _template().render(
        title=title,
        strands=[(label, dict(by_origin)) for label, by_origin in strands[:MOST_ROWS]],
        tables=[table for table in tables if table.rows],
        most_text=MOST_TEXT,
        style=style_within("provenance-block", "notebook"),
    )


@cache
def _template() -> Template:
    return environment().get_template("notebook.html")
