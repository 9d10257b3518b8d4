"""Counted nouns that agree with their number, for every message."""

from __future__ import annotations


def counted(number: int, thing: str, things: str | None = None) -> str:
    """``number`` with what it counts: 1 row, 2 rows; ``things``: the plural, where it is not ``thing`` with an s."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"
