"""Counted nouns that agree with their number, and long lists cut short, for every message."""

from __future__ import annotations


def counted(number: int, thing: str, things: str | None = None) -> str:
    """``number`` with what it counts: 1 row, 2 rows; ``things``: the plural, where it is not ``thing`` with an s."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def listed(names: list[str], most: int = 5) -> str:
    """The first ``most`` of ``names``, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
