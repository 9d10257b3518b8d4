"""Entry points, by which other packages add exports, importers, measures and formats: listed and loaded here alone.

The groups are described, with an example of each, in docs/plugins.md; what is written for them imports from
`provenance.plugins`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provenance.errors import ProvenanceError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

EXPORTS = "provenance.exports"
FORMATS = "provenance.formats"
IMPORTERS = "provenance.importers"
MEASURES = "provenance.measures"
GROUPS = (EXPORTS, FORMATS, IMPORTERS, MEASURES)


def registered(group: str) -> dict[str, EntryPoint]:
    """What installed packages register in ``group``, by name; of two of one name, the first that Python finds."""
    from importlib.metadata import entry_points

    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, point)
    return found


def load(point: EntryPoint, base: type | None = None) -> Any:
    """The object that ``point`` names; with ``base``, a subclass of that.

    Raises:
        ProvenanceError: it cannot be imported, whatever its package raises, or is not a subclass of ``base``.
    """
    try:
        loaded = point.load()
    except Exception as error:
        raise unusable(point, f"{type(error).__name__}: {error}") from error
    if base is not None and not (isinstance(loaded, type) and issubclass(loaded, base)):
        raise unusable(point, f"it is not a subclass of provenance.plugins.{base.__name__}")
    return loaded


def unusable(point: EntryPoint, problem: str) -> ProvenanceError:
    """The error that says in one line which plug-in is meant and why it cannot be used."""
    package = "" if point.dist is None else f"; update or uninstall the package {point.dist.name}"
    why = " ".join(problem.split())
    return ProvenanceError(f"the plug-in {point.name} = {point.value} ({point.group}) cannot be loaded: {why}{package}")
