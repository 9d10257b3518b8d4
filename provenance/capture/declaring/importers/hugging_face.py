"""A Hugging Face dataset card (README.md): a whole set of known origin.

The card's YAML is a statement of the publisher about all rows: licence, name, and who made language and annotations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from provenance.arguments import shown, warn
from provenance.capture.declaring.importers.interface import Importer, Request, Row, Statement
from provenance.capture.declaring.importers.json_files import member
from provenance.documents import CARD, front_matter, read_document
from provenance.errors import DataError, ProvenanceError
from provenance.lineage.license_terms import spelt

_MACHINE = "machine-generated"
_PEOPLE = frozenset({"crowdsourced", "expert-generated", "found"})
_LICENSE, _NAME = "license", "pretty_name"
_NO_LICENSE = ("other", "unknown")


class HuggingFaceCard(Importer):
    """``using``: the card, or the folder that holds it; by default it is looked for in the dataset's folder and those
    above it, up to three. ``part``: the source's name; by default the card's ``pretty_name``.
    """

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        path = _card(request)
        metadata = _metadata(path)
        _tell_what_is_no_text(path, metadata)
        self._stated: Statement = {
            "origin": _origin(metadata),
            "source": request.part or next(iter(_texts(metadata, _NAME)), None),
            "license": _license(metadata),
        }
        if not any(self._stated.values()):
            raise ProvenanceError(f"{path.name}: the card says nothing of origin, name or licence")

    def state(self, row: Row) -> Statement:
        return self._stated


IMPORTER = HuggingFaceCard


def _card(request: Request) -> Path:
    above = list(request.data.absolute().parents)[:3]
    for place in request.using or above:
        path = place / CARD if place.is_dir() else place
        if path.is_file():
            return path
    raise ProvenanceError(f"{request.data.name}: no {CARD} beside it; name the dataset card with --using")


def _metadata(path: Path) -> dict[str, Any]:
    metadata = front_matter(read_document(path, "dataset card"), str(path))
    if metadata is None:
        raise DataError(path, 1, "no metadata: a dataset card begins with YAML between two lines of ---")
    return metadata


def _tell_what_is_no_text(path: Path, metadata: dict[str, Any]) -> None:
    """YAML reads ``license: 4.0`` as a number, which names no licence."""
    for name in (_LICENSE, _NAME):
        for value in _values(metadata, name):
            if value is not None and not isinstance(value, str):
                warn(f"{path.name}: {name}: {shown(value)} is not text, so it is not recorded; put it in quotes")
    if len(licenses := _texts(metadata, _LICENSE)) > 1:
        named = shown(", ".join(licenses))
        warn(f"{path.name}: {_LICENSE}: {named}: which rows have which licence is not said, so none is recorded")


def _origin(metadata: dict[str, Any]) -> str | None:
    """Language made by machines is synthetic, by people real, by both mixed; annotations are judged only with it."""
    creators = _texts(metadata, "language_creators")
    by_machine = _MACHINE in creators or "synthetic" in _texts(metadata, "tags")
    by_people = not _PEOPLE.isdisjoint(creators)
    if by_machine:
        return "mixed" if by_people else "synthetic"
    if not by_people:
        return None
    return "mixed" if _MACHINE in _texts(metadata, "annotations_creators") else "real"


def _license(metadata: dict[str, Any]) -> str | None:
    """The card's licence in SPDX's spelling; of several it is not said which is whose, so none is taken."""
    stated = _texts(metadata, _LICENSE)
    if len(_values(metadata, _LICENSE)) != 1 or not stated or stated[0].lower() in _NO_LICENSE:
        return None
    return spelt(stated[0])


def _texts(metadata: dict[str, Any], name: str) -> list[str]:
    return [item for item in _values(metadata, name) if isinstance(item, str)]


def _values(metadata: dict[str, Any], name: str) -> list[Any]:
    value = member(metadata, name)
    return value if isinstance(value, list) else [value]
