"""Importers of what generators leave behind, one module each, found by name and imported when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from provenance.entry_points import IMPORTERS, load, registered
from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from provenance.capture.declaring.importers.interface import Importer, Request

_BUILT_IN = (
    *("columns", "croissant", "curator", "data_designer", "datatrove", "distilabel", "hugging_face", "openai_batch"),
    *("otel_spans", "prov_json"),
)


def importer_names() -> list[str]:
    """The names of all importers: those that come with this package, and those of others."""
    return sorted({*_BUILT_IN, *registered(IMPORTERS)})


def open_importer(name: str, request: Request) -> Importer:
    """The importer called ``name``; of this package's and another's of the same name, this package's.

    Raises:
        ProvenanceError: no such importer, it cannot be loaded, or it lacks what it needs.
    """
    if name in _BUILT_IN:
        importer: Importer = import_module(f"{__name__}.{name}").IMPORTER(request)
        return importer
    if point := registered(IMPORTERS).get(name):
        from provenance.capture.declaring.importers.interface import Importer as Base

        opened: Importer = load(point, Base)(request)
        return opened
    raise ProvenanceError(f"--from {name}: no such importer; there are {', '.join(importer_names())}")
