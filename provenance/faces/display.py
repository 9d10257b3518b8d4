"""The one way from text of the data, of sidecars and of settings into a page.

`show` gives HTML; `plain` the same as text, for attributes and pictures, which their template or writer escapes. In
both, nothing can be markup, and nothing can hide, reorder or pretend to be something else.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from provenance.faces.characters import escape_of, is_hidden, name_of
from provenance.plurals import counted

# Of a text that is cut, so many hidden characters are named; the rest are written as escapes, which are short.
_MOST_NAMED = 8
_NOT_PLAIN = re.compile("[^\n\t -~]")


def show(text: object, limit: int | None = None) -> Markup:
    """``text`` as safe HTML; cut to ``limit`` characters, saying how many are left out."""
    whole = text if isinstance(text, str) else str(text)
    cut = whole if limit is None else whole[:limit]
    pieces: list[str] = []
    done = named = 0
    for found in _NOT_PLAIN.finditer(cut):
        place = found.start()
        if is_hidden(cut, place):
            is_named = limit is None or named < _MOST_NAMED
            pieces += (str(escape(cut[done:place])), _escaped(cut[place]) if is_named else escape_of(cut[place]))
            done, named = place + 1, named + 1
    pieces.append(str(escape(cut[done:])))
    if len(cut) < len(whole):
        more = len(whole) - len(cut)
        pieces.append(f'<span class="quiet"> … {counted(more, "more character")}</span>')
    return Markup("".join(pieces))


def plain(text: object, limit: int | None = None) -> str:
    """``text`` with its hidden characters written as escapes; not escaped as HTML. Cut with an ellipsis."""
    whole = text if isinstance(text, str) else str(text)
    cut = whole if limit is None or len(whole) <= limit else whole[: limit - 1]
    shown = _NOT_PLAIN.sub(lambda found: _as_text(cut, found.start()), cut)
    return shown if len(cut) == len(whole) else shown + "…"


def _as_text(text: str, place: int) -> str:
    return escape_of(text[place]) if is_hidden(text, place) else text[place]


def _escaped(character: str) -> str:
    return f'<span class="escape" title="{escape(name_of(character))}">{escape(escape_of(character))}</span>'
