"""Charts as inline SVG, written on the server: no script, and no colour but by a class of the style sheet.

Widths are percentages where a chart stands inside a table, so no style attribute is needed, which a strict
Content-Security-Policy forbids. Every chart stands in or above a table of the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from provenance.faces.display import plain, show
from provenance.faces.numbers import percent
from provenance.faces.palette import NAMES, SIGNS, STATES
from provenance.plurals import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    Shares = Mapping[str, float]


def sign(origin: str) -> Markup:
    """The sign of an origin."""
    return Markup(f'<svg class="sign o-{origin}" viewBox="0 0 10 10" aria-hidden="true">{SIGNS[origin]}</svg>')


def origin(name: str) -> Markup:
    """The sign and the word of an origin."""
    return Markup(f'<span class="origin o-{name}">{sign(name)}{name}</span>')


def state(kind: str, words: str) -> Markup:
    """A sign of `palette.STATES` and the word that says the same."""
    drawn = Markup(f'<svg viewBox="0 0 12 12" aria-hidden="true">{STATES[kind]}</svg>')
    return Markup('<span class="state {}">{}{}</span>').format(kind, drawn, show(words))


def hatching() -> Markup:
    """The pattern that fills what is unknown; once in a page."""
    return Markup(
        '<svg class="hatching" aria-hidden="true" focusable="false"><defs>'
        '<pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="2" height="5"/></pattern></defs></svg>'
    )


def _stripes(by_origin: Shares, total: float, least: float) -> Iterator[tuple[str, float, float]]:
    """(origin, start, width) in percent of ``total``; what is there is at least ``least`` wide."""
    at = 0.0
    for name in NAMES:
        share = 100 * by_origin.get(name, 0) / (total or 1)
        if share:
            yield name, at, max(share, least)
        at += share


def strand(by_origin: Shares, label: str = "") -> Markup:
    """One strip: the share of each origin in the sum of all."""
    total = sum(by_origin.values())
    pieces = []
    for name, at, width in _stripes(by_origin, total, 0.4):
        pieces.append(f'<rect x="{at:.3f}%" y="0" width="{width:.3f}%" height="100%" class="o-{name}"/>')
        if at:
            pieces.append(f'<rect x="{at:.3f}%" y="0" width="1.5" height="100%" class="gap"/>')
    shares = ", ".join(f"{name} {percent(by_origin[name], total)}" for name in NAMES if by_origin.get(name))
    said = escape(plain(label or shares or "no rows"))
    head = f'<svg class="strand" role="img" aria-label="{said}" preserveAspectRatio="none">'
    return Markup(head + "".join(pieces) + "</svg>")


def bar(by_origin: Shares, total: float) -> Markup:
    """The bar of a group: as long as its share of ``total``, in the colours of what the group is made of."""
    pieces = ['<rect class="track" width="100%" height="100%" rx="1.5"/>']
    for name, at, width in _stripes(by_origin, total, 0.6):
        pieces.append(f'<rect x="{at:.3f}%" width="{width:.3f}%" height="100%" class="o-{name}"/>')
    return Markup(f'<svg aria-hidden="true">{"".join(pieces)}</svg>')


def share_bar(by_origin: Shares, most: float) -> Markup:
    """The thin line under the value of a facet, as long as its share of the most frequent one."""
    pieces = [
        f'<rect x="{at:.2f}%" width="{width:.2f}%" height="3" class="o-{name}"/>'
        for name, at, width in _stripes(by_origin, most, 0.5)
    ]
    return Markup(f'<svg class="share" aria-hidden="true">{"".join(pieces)}</svg>')


@dataclass(frozen=True)
class Column:
    """A dataset at one revision: what it is called, its date, what was done, and its rows by origin."""

    label: str
    date: str
    subject: str
    rows: int
    by_origin: Mapping[str, int] = field(default_factory=dict)


_HISTORY_TOP, _HISTORY_BASE, _HISTORY_LEFT = 26, 180, 62
_WIDE_SLOT, _NARROW_SLOT, _ROOMY = 118, 52, 9


def history(columns: Sequence[Column], name: str = "history") -> Markup:
    """Rows by origin at each revision, the oldest first. ``name``: unique in the page."""
    slot = _WIDE_SLOT if len(columns) <= _ROOMY else _NARROW_SLOT
    whole = slot * len(columns) + 80
    most = max((column.rows for column in columns), default=0) or 1
    out = [
        f'<svg class="history" width="{whole}" height="236" viewBox="0 0 {whole} 236" role="img"'
        f' aria-labelledby="{name}-title"><title id="{name}-title">Rows by origin at each revision; the same numbers'
        " are in the table below</title>"
    ]
    for fraction in (0.5, 1.0):
        y = _HISTORY_BASE - (_HISTORY_BASE - _HISTORY_TOP) * fraction
        rows = int(most * fraction)
        out.append(f'<line class="axis" x1="0" x2="{whole}" y1="{y}" y2="{y}"/>')
        out.append(f'<text class="tick" x="0" y="{y - 4}">{counted(rows, "row")}</text>')
    out.append(f'<line class="axis" x1="0" x2="{whole}" y1="{_HISTORY_BASE}" y2="{_HISTORY_BASE}"/>')
    for number, column in enumerate(columns):
        out += _column(column, _HISTORY_LEFT + slot * number, slot, most, dated=slot == _WIDE_SLOT or number % 2 == 0)
    note = "The figure above a column: share of rows that are not known to be written by people."
    out.append(f'<text x="{_HISTORY_LEFT}" y="{_HISTORY_BASE + 54}">{note}</text></svg>')
    return Markup("".join(out))


def _column(column: Column, x: float, slot: int, most: int, *, dated: bool) -> Iterator[str]:
    width, y = slot * 0.54, float(_HISTORY_BASE)
    middle = x + width / 2
    for name in NAMES:
        height = (_HISTORY_BASE - _HISTORY_TOP) * column.by_origin.get(name, 0) / most
        if height:
            y -= height
            drawn = max(height - 1, 1)
            yield f'<rect class="o-{name}" x="{x}" y="{y:.1f}" width="{width:.1f}" height="{drawn:.1f}"/>'
    by_others = percent(column.rows - column.by_origin.get("real", 0), column.rows)
    label = escape(plain(column.label, 16 if slot == _WIDE_SLOT else 8))
    yield f'<text class="value" x="{middle:.1f}" y="{y - 6:.1f}" text-anchor="middle">{by_others}</text>'
    yield f'<text class="value" x="{middle:.1f}" y="{_HISTORY_BASE + 18}" text-anchor="middle">{label}</text>'
    if dated:
        date = escape(plain(column.date))
        yield f'<text x="{middle:.1f}" y="{_HISTORY_BASE + 33}" text-anchor="middle">{date}</text>'


def spark(columns: Sequence[Column]) -> Markup:
    """The same in the height of a line of text, for lists in which a table is a click away."""
    most = max((column.rows for column in columns), default=0) or 1
    step = 100 / max(len(columns), 8)
    out = []
    for number, column in enumerate(columns):
        y = 100.0
        for name in NAMES:
            height = 100 * column.by_origin.get(name, 0) / most
            y -= height
            if height:
                place = f'x="{number * step:.2f}%" y="{y:.2f}%" width="{step * 0.82:.2f}%" height="{height:.2f}%"'
                out.append(f'<rect class="o-{name}" {place}/>')
    said = "; ".join(f"{plain(column.label)}: {counted(column.rows, 'row')}" for column in columns)
    return Markup(f'<svg class="spark" role="img" aria-label="{escape(said)}">{"".join(out)}</svg>')


@dataclass(frozen=True)
class Against:
    """A measure's difference from its reference in units of what chance explains; signed, 1 is the limit of chance.

    ``stands_out``: that it is judged to be more than chance, together with all else that is judged.
    """

    name: str
    times: float
    stands_out: bool


_RANGE_LEFT, _RANGE_RIGHT, _RANGE_TOP, _RANGE_ROW, _RANGE_WIDTH = 290, 690, 34, 40, 780


def ranges(measures: Sequence[Against], name: str = "ranges") -> Markup:
    """All measures on one axis, with chance as the band around nothing. ``name``: unique in the page."""
    reach = max([2.0, *(abs(measure.times) for measure in measures)]) * 1.08
    middle = (_RANGE_LEFT + _RANGE_RIGHT) / 2
    scale = (_RANGE_RIGHT - _RANGE_LEFT) / 2 / reach
    bottom = _RANGE_TOP + _RANGE_ROW * len(measures)
    out = [
        f'<svg class="range" width="{_RANGE_WIDTH}" height="{bottom + 30}" viewBox="0 0 {_RANGE_WIDTH} {bottom + 30}"'
        f' role="img" aria-labelledby="{name}-title"><title id="{name}-title">How far synthetic rows are from real'
        " ones, in units of chance; the numbers are in the table below</title>",
        f'<rect class="chance" x="{middle - scale:.1f}" y="{_RANGE_TOP - 8}" width="{2 * scale:.1f}"'
        f' height="{bottom - _RANGE_TOP + 8}"/>',
        f'<text class="tick" x="{middle}" y="{_RANGE_TOP - 16}" text-anchor="middle">chance</text>',
        f'<line class="zero" x1="{middle}" x2="{middle}" y1="{_RANGE_TOP - 8}" y2="{bottom}"/>',
    ]
    for number, measure in enumerate(measures):
        out += _measure(measure, _RANGE_TOP + _RANGE_ROW * number + _RANGE_ROW / 2 - 4, middle, scale)
    out.append(f'<text class="tick" x="{_RANGE_LEFT}" y="{bottom + 22}">← less than the real rows</text>')
    out.append(
        f'<text class="tick" x="{_RANGE_RIGHT}" y="{bottom + 22}" text-anchor="end">more than the real rows →</text>'
    )
    return Markup("".join(out) + "</svg>")


def _measure(measure: Against, y: float, middle: float, scale: float) -> Iterator[str]:
    x = middle + measure.times * scale
    yield f'<text x="{_RANGE_LEFT - 88}" y="{y + 4}" text-anchor="end">{escape(plain(measure.name, 34))}</text>'
    yield f'<line class="stem" x1="{middle}" x2="{x:.1f}" y1="{y}" y2="{y}"/>'
    if measure.stands_out:
        yield f'<path class="outside" d="M{x:.1f} {y - 6}l6 6-6 6-6-6z"/>'
    else:
        yield f'<circle class="inside" cx="{x:.1f}" cy="{y}" r="5"/>'
    anchor, aside = ("start", 11) if measure.times >= 0 else ("end", -11)
    said = f"{abs(measure.times):.1f} × chance"
    yield f'<text class="tick" x="{x + aside:.1f}" y="{y + 4}" text-anchor="{anchor}">{said}</text>'
