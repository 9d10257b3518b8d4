"""Importers of what generators leave behind, one module each, found by name and imported when first used."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from provenance.capture.declaring.importers.interface import Importer, Request

ENTRY_POINTS = "provenance.importers"
_BUILT_IN = (
    *("columns", "curator", "data_designer", "datatrove", "distilabel", "hugging_face", "openai_batch", "otel_spans"),
)


def importer_names() -> list[str]:
    """The names of all importers: those that come with this package, and those of others."""
    return sorted({*_BUILT_IN, *(point.name for point in entry_points(group=ENTRY_POINTS))})


def open_importer(name: str, request: Request) -> Importer:
    """The importer called ``name``; of this package's and another's of the same name, this package's.

    Raises:
        ProvenanceError: no such importer, it cannot be loaded, or it lacks what it needs.
    """
    if name in _BUILT_IN:
        importer: Importer = import_module(f"{__name__}.{name}").IMPORTER(request)
        return importer
    for point in entry_points(group=ENTRY_POINTS, name=name):
        try:
            found = point.load()
        except Exception as error:
            raise ProvenanceError(f"importer {name} ({point.value}) cannot be loaded: {error}") from error
        opened: Importer = found(request)
        return opened
    raise ProvenanceError(f"--from {name}: no such importer; there are {', '.join(importer_names())}")
