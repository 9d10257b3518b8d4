"""`provenance init`: what a DVC repository needs before lineage is recorded in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provenance.errors import RepositoryError
from provenance.files import TEMPORARY_SUFFIX, whole_file
from provenance.repository import Repository
from provenance.settings import SETTINGS_FILE

COMPOSITION_TEMPLATE = "provenance_composition"

_IGNORE_RULE = f".*{TEMPORARY_SUFFIX}".encode()

_SETTINGS = b"""\
# Settings of provenance. Commit this file: lineage is recorded by it, in DVC's temporary experiments too.
version: 1

# How sample ids are digested: xxh3_128 (fast), or blake2b or sha256 where somebody may want to forge samples.
# Ids of different digests do not match: choose before the first dataset is recorded.
digest: xxh3_128

# Settings by dataset; `path` is a glob from the DVC root, and the last that fits wins. For example:
#
# datasets:
#   - path: data/*.csv
#     fields: [question, answer]    # what makes a sample the same sample; the rest is metadata
#     types: {score: number}        # of a CSV file's columns; a column not named here is a string
#     tokens: {field: n_tokens, tokenizer: gpt2}    # a column that holds each row's number of tokens
datasets: []
"""

# One bar per revision, divided by the field `y` into shares of the field `x`. Colour-blind readers can tell the hues.
_COMPOSITION: dict[str, Any] = {
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
        "y": {"field": "rev", "type": "nominal", "sort": None, "title": None},
        "color": {
            "field": "<DVC_METRIC_Y>",
            "type": "nominal",
            "title": "<DVC_METRIC_Y_LABEL>",
            "scale": {"range": ["#0072b2", "#e69f00", "#009e73", "#999999", "#cc79a7", "#56b4e9", "#d55e00"]},
        },
    },
}


def prepare(repository: Repository) -> list[str]:
    """Write the settings file, the ignore rules and the plot template; what is there already is left as it is.

    Returns:
        The paths, from the DVC root, of the files that were written; none on a second run.

    Raises:
        RepositoryError: a file cannot be read or written; provenance.yaml is there and not valid.
    """
    root = repository.root
    repository.settings()
    written = []
    try:
        if not (root / SETTINGS_FILE).exists():
            written.append(_write(root, SETTINGS_FILE, _SETTINGS))
        for name in (".gitignore", ".dvcignore"):
            content = _with_rule(root / name)
            if content is not None:
                written.append(_write(root, name, content))
        template = f".dvc/plots/{COMPOSITION_TEMPLATE}.json"
        if not (root / template).exists():
            written.append(_write(root, template, json.dumps(_COMPOSITION, indent=2).encode() + b"\n"))
    except OSError as error:
        raise RepositoryError(f"{root}: cannot be prepared: {error}") from error
    return written


def _write(root: Path, name: str, content: bytes) -> str:
    with whole_file(root / name) as temporary:
        temporary.write_bytes(content)
    return name


def _with_rule(file: Path) -> bytes | None:
    """The ignore file's content with our rule at its end; None where it has the rule."""
    content = file.read_bytes() if file.exists() else b""
    if _IGNORE_RULE in content.splitlines():
        return None
    separator = b"" if not content or content.endswith(b"\n") else b"\n"
    return content + separator + _IGNORE_RULE + b"\n"
