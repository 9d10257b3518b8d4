"""Colour says one thing only, the origin of rows; each origin also has a sign that tells it without colour.

The fills were found by a search for the greatest least distance under the three kinds of colour blindness; the fill of
what is unknown is hatched as well, as grey and magenta come closest.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """How one origin looks. Each colour is a pair: on light paper, on dark.

    ``fill`` is that of bars and signs (3:1 on the paper), ``ink`` that of words (4.5:1, also on ``tint``).
    """

    name: str
    says: str
    fill: tuple[str, str]
    ink: tuple[str, str]
    tint: tuple[str, str]
    sign: str


PAPER = ("#f8f7f4", "#131519")
# In the order in which they stand everywhere.
ORIGINS = (
    Origin(
        "real",
        "written by people",
        ("#14525f", "#61baf6"),
        ("#14525f", "#8ccbf8"),
        ("#e3edee", "#16303f"),
        '<circle cx="5" cy="5" r="4.3"/>',
    ),
    Origin(
        "mixed",
        "by people and a model",
        ("#a83db4", "#ce60b0"),
        ("#8a2d95", "#e39bcf"),
        ("#f6e6f7", "#3a1f35"),
        '<circle cx="5" cy="5" r="3.9" fill="none" stroke-width="1.1"/>'
        '<path d="M5 1.1a3.9 3.9 0 0 1 0 7.8z" stroke="none"/>',
    ),
    Origin(
        "synthetic",
        "written by a model",
        ("#d9620f", "#f6a66f"),
        ("#9c4407", "#f8b98e"),
        ("#fbeadd", "#3d2716"),
        '<path d="M5 .2 9.8 5 5 9.8.2 5z" stroke="none"/>',
    ),
    Origin(
        "unknown",
        "nobody recorded by whom",
        ("#868b91", "#737880"),
        ("#5a5f66", "#adb1b8"),
        ("#eceded", "#26292e"),
        '<circle cx="5" cy="5" r="3.7" fill="none" stroke-width="1.5" stroke-dasharray="2 1.6"/>',
    ),
)
NAMES = tuple(origin.name for origin in ORIGINS)
SIGNS = {origin.name: origin.sign for origin in ORIGINS}

# What became of a rule: a sign beside its word.
STATES = {
    "fail": '<path d="M3 3l6 6M9 3l-6 6"/>',
    "warn": '<path d="M6 2v5M6 10v.05"/>',
    "pass": '<path d="M2 6.5l2.8 2.8L10 3.5"/>',
    "unsure": '<path d="M3.6 4a2.4 2.4 0 1 1 3.4 2.2C6.2 6.6 6 7 6 7.7M6 10.6v.05"/>',
    "plain": '<path d="M3 6h6"/>',
}


def tokens() -> str:
    """The colours of origins as custom properties of a style sheet."""
    lines = []
    for origin in ORIGINS:
        for suffix, (light, dark) in (("", origin.fill), ("-ink", origin.ink), ("-tint", origin.tint)):
            lines.append(f"--{origin.name}{suffix}: light-dark({light}, {dark});")
    return f"@layer tokens {{ :root {{ {' '.join(lines)} }} }}"
