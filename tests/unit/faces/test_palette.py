from __future__ import annotations

import pytest

from provenance.faces.palette import ORIGINS, PAPER, SIGNS, Origin, tokens
from provenance.lineage.records import Origin as RecordedOrigin


def luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize("origin", ORIGINS, ids=lambda origin: origin.name)
def test_colours_can_be_told_from_the_paper(origin: Origin, scheme: int) -> None:
    assert contrast(origin.fill[scheme], PAPER[scheme]) >= 3
    assert contrast(origin.ink[scheme], PAPER[scheme]) >= 4.5
    assert contrast(origin.ink[scheme], origin.tint[scheme]) >= 4.5


def test_every_origin_of_a_record_has_its_own_look() -> None:
    assert set(SIGNS) == {origin.value for origin in RecordedOrigin}
    assert len(set(SIGNS.values())) == len({origin.fill for origin in ORIGINS}) == len(ORIGINS)


def test_the_style_sheet_takes_its_colours_from_here() -> None:
    assert "--synthetic: light-dark(#d9620f, #f6a66f);" in tokens()
