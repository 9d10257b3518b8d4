"""Numbers as people read them."""

from __future__ import annotations

_SPELLED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NAMED_SHARES = (
    (1 / 2, "half"),
    (1 / 3, "a third"),
    (2 / 3, "two thirds"),
    (1 / 4, "a quarter"),
    (3 / 4, "three quarters"),
    *((tenths / 10, f"{_SPELLED[tenths]} in ten") for tenths in (1, 2, 3, 4, 6, 7, 8, 9)),
)
_FEW, _NEARLY_ALL = 0.08, 0.97
_AS_GOOD_AS = 0.0005


def percent(part: float, whole: float = 1, nothing: str = "–") -> str:
    """``part`` of ``whole``, as 12.3%; never 0 or 100 for what is only nearly so; ``nothing`` if there is no whole."""
    if not whole:
        return nothing
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{share:.1f}%"


def spelled(number: int) -> str:
    """Up to ten as a word."""
    return _SPELLED[number] if 0 <= number < len(_SPELLED) else f"{number:,}"


def share_in_words(part: float, whole: float = 1) -> str:
    """As in "about half of them": "all", "almost all", "about nine in ten", "about 1 in 40", "none"."""
    share = part / whole if whole else 0.0
    if share <= 0:
        return "none"
    if share >= 1:
        return "all"
    if share > _NEARLY_ALL:
        return "almost all"
    if share < _FEW:
        return f"about 1 in {round(1 / share):,}"
    near, said = min(_NAMED_SHARES, key=lambda named: abs(named[0] - share))
    return said if abs(near - share) < _AS_GOOD_AS else f"about {said}"


def size(count: int) -> str:
    """A number of bytes."""
    for unit, least in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= least:
            return f"{count / least:.1f} {unit}"
    return f"{count} B"


def figure(value: object) -> str:
    """A measured value: three digits of a fraction, whole numbers whole, yes and no."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.3g}"
    return str(value)
