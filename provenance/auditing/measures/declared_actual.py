"""Declared against actual: the number of rows that a dataset card states, recounted."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from provenance.auditing.measure import Measured, Needs, NotMeasured, Subject
from provenance.documents import CARD, front_matter, read_document
from provenance.errors import ProvenanceError
from provenance.ledger.part import Part

_CATEGORY = re.compile(r"(?:([0-9]+)([KMBT]?)\s*<\s*)?n\s*<\s*([0-9]+)([KMBT]?)|n\s*>\s*([0-9]+)([KMBT]?)")
_FACTORS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


class DeclaredActual:
    """The card is the README.md in the dataset's directory, else in the folder that the dataset is in.

    Its metadata states rows as ``dataset_info`` (``splits``, each with ``num_examples``) and as ``size_categories``. Of
    several splits, a file's is the one that it is named after; a directory holds all of them.
    """

    name = "declared_actual"
    definition = "rows that the dataset card states, minus the rows that there are; whether the size category fits"
    unit = "rows"
    source = "a card that states 939,344 rows of parts that sum to 889,344: Tülu 3 SFT mixture (see examples/)"
    needs: Needs = "lineage"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{stated_rows, rows, difference, matches, category, category_fits}``; null for what is not stated."""
        part = subject.audited
        card = _card(part)
        if card is None:
            return NotMeasured(f"{part.dataset.path}: there is no dataset card ({CARD}) with it")
        try:
            metadata = (
                front_matter(read_document(card, "dataset card"), f"the dataset card of {part.dataset.path}") or {}
            )
        except ProvenanceError as error:
            # Any README may be there.
            return NotMeasured(str(error), broken=True)
        rows = part.dataset.sidecar.header.dataset.rows
        stated, category = _stated_rows(metadata, part), _category(metadata)
        if stated is None and category is None:
            return NotMeasured(f"{part.dataset.path}: its dataset card states no number of rows that is meant for it")
        fits = category is None or category[1] <= rows < category[2]
        return Measured(
            {
                "stated_rows": stated,
                "rows": rows,
                "difference": None if stated is None else stated - rows,
                "matches": stated in (None, rows) and fits,
                "category": category and category[0],
                "category_fits": None if category is None else fits,
            }
        )


def _card(part: Part) -> Path | None:
    repository, rev, path = part.ledger.repository, part.ledger.rev, part.dataset.path
    beside = posixpath.join(posixpath.dirname(path), CARD)
    if rev is None:
        # Without DVC, which takes long to start: a card that is not in the workspace is not read by people either.
        candidates = (repository.root / posixpath.join(path, CARD), repository.root / beside)
        return next((card for card in candidates if card.is_file()), None)
    return (repository.directory_files(path, rev) or {}).get(CARD) or repository.data_file(beside, rev)


def _stated_rows(metadata: dict[str, Any], part: Part) -> int | None:
    """The rows that ``dataset_info`` states for this dataset; None where it does not, or not clearly."""
    infos = metadata.get("dataset_info")
    infos = infos if isinstance(infos, list) else [infos]
    splits = infos[0].get("splits") if len(infos) == 1 and isinstance(infos[0], dict) else None
    if not isinstance(splits, list):
        return None
    counts: dict[str, int] = {}
    for split in splits:
        named = isinstance(split, dict) and isinstance(split.get("name"), str)
        if not named or type(split.get("num_examples")) is not int:
            return None
        counts[split["name"]] = split["num_examples"]
    stem = posixpath.basename(part.dataset.path).partition(".")[0]
    if stem in counts:
        return counts[stem]
    if len(counts) == 1 or (part.dataset.md5 or "").endswith(".dir"):
        return sum(counts.values()) if _is_alone(part) else None
    return None


def _is_alone(part: Part) -> bool:
    """Whether no other dataset is in the folder: what its card states is meant for this one."""
    folder = posixpath.dirname(part.dataset.path)
    known = [*(dataset.path for dataset in part.ledger.recorded), *part.ledger.unrecorded]
    return [path for path in known if posixpath.dirname(path) == folder] == [part.dataset.path]


def _category(metadata: dict[str, Any]) -> tuple[str, int, float] | None:
    """The one size category, from which number of rows on, and below which."""
    stated = metadata.get("size_categories")
    stated = stated[0] if isinstance(stated, list) and len(stated) == 1 else stated
    match = _CATEGORY.fullmatch(stated.strip()) if isinstance(stated, str) else None
    if match is None:
        return None
    low, low_suffix, high, high_suffix, over, over_suffix = match.groups()
    if over is not None:
        return match[0], int(over) * _FACTORS[over_suffix], float("inf")
    return match[0], int(low or 0) * _FACTORS[low_suffix or ""], int(high) * _FACTORS[high_suffix]


MEASURE = DeclaredActual()
