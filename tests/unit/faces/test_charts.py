from __future__ import annotations

import pytest
from markupsafe import Markup
from support.markup import parsed

from provenance.faces import charts
from provenance.faces.charts import Against, Column

HOSTILE = "<script>\u202e\x1b[31m\"onload='x'"
MIX = {"synthetic": 25, "real": 75}


def columns(count: int) -> list[Column]:
    return [Column(f"v{n}{HOSTILE}", f"2026-01-{n + 1:02}", "made", 10 * n, {"real": 10 * n}) for n in range(count)]


@pytest.mark.parametrize(
    "picture",
    [
        charts.strand(MIX),
        charts.strand({}, HOSTILE),
        charts.bar(MIX, 200),
        charts.bar({}, 0),
        charts.share_bar(MIX, 75),
        charts.history(columns(3)),
        charts.history(columns(24)),
        charts.history([]),
        charts.spark(columns(5)),
        charts.ranges([Against(HOSTILE, 3.5, True), Against("variety", -0.4, False)]),
        charts.ranges([]),
        charts.hatching(),
        charts.state("fail", HOSTILE),
        charts.origin("mixed"),
    ],
    ids=range(14),
)
def test_pictures_are_whole_and_bring_no_style_script_or_address(picture: Markup) -> None:
    for element in parsed(picture).iter():
        assert element.tag in {"svg", "rect", "line", "text", "title", "path", "circle", "span", "defs", "pattern"}
        assert not {name for name in element.attrib if name in {"style", "href", "fill"} or name.startswith("on")} or (
            element.tag in {"circle"} and element.attrib["fill"] == "none"
        )
    assert "\u202e" not in picture and "\x1b" not in picture


def test_a_strand_has_the_origins_in_their_order_whatever_the_order_of_the_counts() -> None:
    drawn = [each.attrib["class"] for each in parsed(charts.strand(MIX)) if each.attrib["class"] != "gap"]
    assert drawn == ["o-real", "o-synthetic"]
    assert parsed(charts.strand(MIX)).attrib["aria-label"] == "real 75.0%, synthetic 25.0%"


def test_a_bar_is_as_long_as_its_share() -> None:
    widths = [float(each.attrib["width"].rstrip("%")) for each in parsed(charts.bar(MIX, 200))]
    assert widths == [100, 37.5, 12.5]


def test_what_is_there_can_be_seen_however_small() -> None:
    widths = [float(each.attrib["width"].rstrip("%")) for each in parsed(charts.bar({"real": 1}, 10**9))]
    assert widths[1] >= 0.5


def test_columns_are_as_high_as_their_rows() -> None:
    picture = parsed(
        charts.history([Column("a", "", "", 50, {"real": 50}), Column("b", "", "", 100, {"unknown": 100})])
    )
    heights = [float(each.attrib["height"]) for each in picture if each.tag == "rect"]
    assert heights[1] == pytest.approx(2 * heights[0], abs=1.1)
    assert "0.0%" in [each.text for each in picture] and "100.0%" in [each.text for each in picture]


def test_only_what_is_judged_to_be_beyond_chance_stands_out() -> None:
    picture = charts.ranges([Against("far", -2.0, True), Against("near", 1.1, False)])
    assert picture.count('class="outside"') == picture.count('class="inside"') == 1
    assert "2.0 × chance" in picture
