"""The exports by name, one module each; a module is imported when its export is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from provenance.entry_points import EXPORTS, load, registered, unusable
from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from provenance.export.interface import Export

_BUILT_IN = {
    "croissant": "croissant",
    "dataset-card": "dataset_card",
    "eu-summary": "eu_summary",
    "oasis-dps": "oasis_dps",
    "openlineage": "openlineage",
    "prov-json": "prov_json",
    "prov-n": "prov_n",
    "slsa": "slsa",
    "spdx": "spdx",
}
_MEMBERS = ("name", "media_type", "size", "takes_samples", "gaps", "write", "check")


def export_names() -> list[str]:
    """The names of all exports: those that come with this package, and those of others."""
    return sorted({*_BUILT_IN, *registered(EXPORTS)})


def open_export(name: str) -> Export:
    """The export called ``name``; of this package's and another's of the same name, this package's.

    Raises:
        ProvenanceError: there is none, or it cannot be loaded.
    """
    if name in _BUILT_IN:
        export: Export = import_module(f"provenance.export.{_BUILT_IN[name]}").EXPORT
        return export
    if point := registered(EXPORTS).get(name):
        return _open_plugin(point)
    raise ProvenanceError(f"--format {name}: no such export; there are {', '.join(export_names())}")


def _open_plugin(point: EntryPoint) -> Export:
    loaded: Export = load(point)
    lacking = [member for member in _MEMBERS if not hasattr(loaded, member)]
    if lacking:
        raise unusable(point, f"it is not an Export: it lacks {', '.join(lacking)}")
    return loaded
