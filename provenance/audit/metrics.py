"""Compositions as DVC metrics and plots."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from provenance.audit.composition import BREAKDOWNS, Composition, Share
from provenance.files import whole_file

_OUTSIDE_SLUG = re.compile(r"[^0-9A-Za-z_-]+")


def write_metrics(file: Path, compositions: Sequence[Composition]) -> None:
    """Write ``file`` for ``dvc metrics``: per dataset, nested numbers and nothing else (DVC drops lists and nulls)."""
    slugs = _slugs(composition.path for composition in compositions)
    _write_json(file, {slugs[composition.path]: _numbers(composition) for composition in compositions})


def write_plots(directory: Path, compositions: Sequence[Composition]) -> None:
    """Write one file per breakdown for ``dvc plots``: JSON rows ``{dataset, group, rows, fraction}``.

    All files are written each time, so that none is left from before.
    """
    for name in BREAKDOWNS:
        rows = [
            {"dataset": composition.path, "group": group, "rows": share.rows, "fraction": share.fraction}
            for composition in compositions
            for group, share in getattr(composition, name).items()
        ]
        _write_json(directory / f"{name}.json", rows)


def _numbers(composition: Composition) -> dict[str, Any]:
    numbers: dict[str, Any] = {"rows": composition.rows, "bytes": composition.bytes, "measures": composition.measures}
    for name in ("real_rooted_fraction", "max_depth"):
        if (value := getattr(composition, name)) is not None:
            numbers[name] = value
    if composition.cost is not None:
        numbers["cost"] = {"amount": float(composition.cost.amount), "rows_costed": composition.cost.rows_costed}
    for name in BREAKDOWNS:
        shares: dict[str, Share] = getattr(composition, name)
        slugs = _slugs(shares)
        numbers[name] = {slugs[group]: _share(share) for group, share in shares.items()}
    return numbers


def _share(share: Share) -> dict[str, Any]:
    numbers = {name: value for name, value in asdict(share).items() if value is not None}
    if share.tokens is None:
        del numbers["rows_with_tokens"]
    return numbers


def _slugs(names: Iterable[str]) -> dict[str, str]:
    """Keys for ``names`` without the dots with which DVC joins keys; names that would collide bear a digest."""
    plain = {name: _OUTSIDE_SLUG.sub("_", name) for name in names}
    uses = Counter(plain.values())
    return {
        name: slug if uses[slug] == 1 else f"{slug}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        for name, slug in plain.items()
    }


def _write_json(file: Path, document: Any) -> None:
    text = json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"
    with whole_file(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
