"""What the values of an audit count, so that people are told "12% of the rows" and not 0.12.

A value's name says it: what ends in ``rows`` counts rows, what ends in ``fraction`` is a share. The values of plug-in
measures are read by the same rule; what it does not know is a plain number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.plurals import counted


@dataclass(frozen=True)
class Unit:
    """``name``: as programs are told. ``words``: behind a number; ``thing``: what is counted, which has a plural.

    ``percent``: shown as such, or (``points``) as points of a percent. ``signed``: a difference, which is more or less.
    """

    name: str
    words: str = ""
    thing: str = ""
    percent: bool = False
    points: bool = False
    signed: bool = False

    def shown(self, number: float) -> str:
        """``number`` with its unit, as in "12% of the rows"."""
        if self.signed and not number:
            return "no difference"
        if self.thing and float(number).is_integer():
            return counted(int(number), self.thing)
        noun = f"{self.thing}s" if self.thing else self.words
        return f"{self.bare(number)} {noun}" if noun else self.bare(number)

    def bare(self, number: float) -> str:
        """``number`` where its unit was said before, as a bound: "10%"."""
        size = abs(number) if self.signed else number
        text = self.distance(size) if self.points else f"{_rounded(100 * size)}%" if self.percent else _plain(size)
        return f"{text} {'less' if number < 0 else 'more'}" if self.signed and number else text

    def distance(self, number: float) -> str:
        """By how much a bound is missed; of shares in points of a percent."""
        if not self.percent:
            return _plain(number)
        points = _rounded(100 * number)
        return f"{points} {'point' if points == '1' else 'points'}"


PLAIN = Unit("number")
ROWS = Unit("rows", thing="row")
SHARE = Unit("share of rows", "of the rows", percent=True)
RELATIVE = Unit("relative to reference", "than the reference", percent=True, signed=True)


def _difference(name: str) -> Unit:
    """A share less that of the reference."""
    return Unit(name, "than in the reference", percent=True, points=True, signed=True)


# The first pattern that fits a path gives its unit.
_UNITS = (
    (r"max_depth|measures\.depth\.max\w*", Unit("steps", thing="model step")),
    (r"measures\.(compression_ratio|distinct_n)\.(significant|relative)_difference", RELATIVE),
    (
        r"measures\.self_repetition\.\w*difference",
        _difference("share of phrases"),
    ),
    (r"measures\.openings\.\w*difference", _difference("share of pairs of rows")),
    (r"measures\.drift\.\w*effect", SHARE),
    (r"mixture\..*exposure_fraction", Unit("share of exposure", "of what is trained on", percent=True)),
    (
        r"measures\.accumulation\..*fraction",
        Unit("share of rows", "of the human rows of the version before", percent=True),
    ),
    (r"measures\.real_rooted\.rewrites_fraction", Unit("share of rows", "of the rewrites", percent=True)),
    (
        r"measures\.(synthetic_kinds|verified_share)\..*fraction",
        Unit("share of rows", "of the synthetic rows", percent=True),
    ),
    (r"(.*\.)?(real_)?epochs", Unit("epochs", thing="epoch")),
    (r"(.*\.)?(evaluation_rows|at_degree\.\d+)", Unit("evaluation rows", thing="evaluation row")),
    (r"(.*\.)?contaminated_sets", Unit("sets", thing="evaluation set")),
    (r"(.*[._])?(rows|rows_\w+)", ROWS),
    (r"(.*[._])?samples", Unit("samples", thing="sample")),
    (r"(.*[._])?loops", Unit("loops", thing="loop")),
    (r"(.*[._])?mismatches", Unit("mismatches", "mismatches")),
    (r"measures\.representation\.outside", Unit("groups", thing="group")),
    (r"(.*[._])?tokens", Unit("tokens", thing="token")),
    (r"(.*[._])?bytes", Unit("bytes", thing="byte")),
    (r"(by_\w+|measures)\..*fraction|real_rooted_fraction", SHARE),
    (r"(.*[._])?fraction", Unit("share", percent=True)),
)


def unit_of(path: str) -> Unit:
    """The unit of the value at ``path`` of an audit."""
    return next((unit for pattern, unit in _UNITS if re.fullmatch(pattern, path)), PLAIN)


def _rounded(percent: float) -> str:
    """Three digits, or as many more as it takes to tell it from none and from all."""
    texts = (f"{percent:,.{digits}g}" for digits in (3, 4, 5, 6))
    whole = f"{percent:,.0f}" if float(percent).is_integer() or abs(percent) >= 1000 else None
    return whole or next((text for text in texts if text not in ("0", "100")), f"{percent:g}")


def _plain(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:.4g}"
