"""Words and numbers as people read them, in text that is safe to print.

Every text that comes from data, sidecars or settings passes `safe` before it reaches a terminal or a document.
"""

from __future__ import annotations

import shlex

from provenance import plurals
from provenance.faces import numbers
from provenance.faces.characters import escape_of, has_no_shape

counted = plurals.counted

ID_DIGITS = 12
CELL_WIDTH = 60


def safe(text: str, limit: int | None = None) -> str:
    """``text`` as one line in which nothing can steer a terminal or reorder what is read, cut to ``limit`` characters.

    White space is folded; control characters, escape sequences, bidirectional overrides and all else that does not
    print are written as escapes.
    """
    # Bounded first: a huge text costs no more than what is shown of it.
    bounded = text if limit is None else text[: 4 * limit]
    line = "".join(c if _is_shown(c) else escape_of(c) for c in " ".join(bounded.split()))
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


def _is_shown(character: str) -> bool:
    # The styles of emoji are all that is let through although it has no shape: most terminals draw them.
    return character.isprintable() and (character == "\ufe0f" or not has_no_shape(character))


def shell_word(text: str) -> str:
    """``text`` as a word of a command that can be pasted; what does not print is written as bash reads it."""
    if safe(text) == text:
        return shlex.quote(text)
    escaped = (_of_bash(c) for c in text)
    return f"$'{''.join(escaped)}'"


def _of_bash(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character == " " or (not character.isspace() and _is_shown(character)):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def short(sample_id: str) -> str:
    """A sample id as shown to people."""
    return sample_id[:ID_DIGITS]


def between(least: str, most: str) -> str:
    """A number that is only known to lie between two, as "5 to 7"; or the one that it is."""
    return least if least == most else f"{least} to {most}"


def percent(part: int, whole: int) -> str:
    """``part`` of ``whole`` in percent; never 0 or 100 for what is only nearly so."""
    return numbers.percent(part, whole, nothing="-")


def counts_between(least: int, most: int) -> str:
    """The same of numbers of rows."""
    return between(f"{least:,}", f"{most:,}")
