"""Vega-Lite templates for `dvc plots`, which `provenance init` writes into ``.dvc/plots``.

DVC puts data, titles and sizes where the anchors stand, and adds the revision, ``rev``, to each row of the data.
"""

from __future__ import annotations

from typing import Any

# Colour-blind readers can distinguish these hues.
_HUES = ["#0072b2", "#e69f00", "#009e73", "#999999", "#cc79a7", "#56b4e9", "#d55e00"]


def _stacked(bars: str, **more: Any) -> dict[str, Any]:
    """Bars, one for each value of the field ``bars``, divided by the field `y` into shares of the field `x`."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": "<DVC_METRIC_DATA>"},
        "title": {"text": "<DVC_METRIC_TITLE>", "anchor": "start"},
        "width": "<DVC_METRIC_PLOT_WIDTH>",
        "height": {"step": 40},
        "mark": {"type": "bar", "tooltip": {"content": "data"}},
        "encoding": {
            "x": {
                "field": "<DVC_METRIC_X>",
                "type": "quantitative",
                "aggregate": "sum",
                "stack": "zero",
                "title": "<DVC_METRIC_X_LABEL>",
            },
            "y": {"field": bars, "type": "nominal", "sort": None, "title": None},
            "color": {
                "field": "<DVC_METRIC_Y>",
                "type": "nominal",
                "title": "<DVC_METRIC_Y_LABEL>",
                "scale": {"range": _HUES},
            },
            **more.pop("encoding", {}),
        },
        **more,
    }


TEMPLATES: dict[str, dict[str, Any]] = {
    # For the breakdowns, such as by_origin.json: one bar for each revision.
    "provenance_composition": _stacked("rev"),
    # For mixture.json: by origin, what there is (unique) beside what is trained on (exposure), for each revision.
    "provenance_mixture": _stacked(
        "weighting",
        transform=[{"filter": "datum.breakdown == 'by_origin'"}],
        encoding={"row": {"field": "rev", "type": "nominal", "sort": None, "title": None}},
    ),
}
