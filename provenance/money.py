"""Amounts of money as text: the one form in which reports, JSON and tables have them."""

from __future__ import annotations

from decimal import Decimal


def amount_text(amount: Decimal, *, grouped: bool = False) -> str:
    """``amount`` with all digits that it has, and none besides; ``grouped``: thousands apart, for people.

    Sums of recorded amounts are exact, so nothing is rounded here.
    """
    return format(amount.normalize(), ",f" if grouped else "f")
