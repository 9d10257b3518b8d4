"""Measures of other packages, each in a wrapper that turns any failure of theirs into `NotMeasured`."""

from __future__ import annotations

import math
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import get_args

from provenance.auditing.measure import Measure, Measured, Needs, NotMeasured, Subject
from provenance.entry_points import load, unusable
from provenance.errors import ProvenanceError

_DESCRIBED_BY = ("definition", "unit", "source")


class Plugin:
    """A `Measure` of another package. ``name`` is the entry point's."""

    needs: Needs

    def __init__(self, name: str, wrapped: Measure) -> None:
        self.name = name
        self.definition, self.unit, self.source = (str(getattr(wrapped, field)) for field in _DESCRIBED_BY)
        if wrapped.needs not in get_args(Needs):
            raise ValueError(f"its needs are {wrapped.needs!r}; they must be one of {', '.join(get_args(Needs))}")
        self.needs = wrapped.needs
        self._wrapped = wrapped

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """What the wrapped measure finds."""
        try:
            found: object = self._wrapped.measure(subject)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's code raises
            return NotMeasured(f"{self.name}: the plug-in failed: {type(error).__name__}: {error}", broken=True)
        if isinstance(found, NotMeasured):
            return found
        if not (isinstance(found, Measured) and isinstance(found.values, dict) and _are_sound(found.values)):
            return NotMeasured(f"{self.name}: the plug-in returned no sound Measured and no NotMeasured", broken=True)
        # Only ours are judged together: what a stranger's settling did would go unchecked.
        return replace(found, chance=None)


class Unusable:
    """Stands for a measure of another package that cannot be loaded."""

    definition = unit = source = "unknown: it cannot be loaded"
    needs: Needs = "lineage"

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """Why nothing is measured."""
        return NotMeasured(self._reason, broken=True)


def open_plugin(point: EntryPoint) -> Measure:
    """The measure behind ``point``."""
    try:
        return Plugin(point.name, load(point))
    except ProvenanceError as error:
        return Unusable(point.name, str(error))
    except Exception as error:  # noqa: BLE001 - whatever a stranger's properties raise
        return Unusable(point.name, str(unusable(point, str(error))))


def _are_sound(values: object) -> bool:
    """Whether ``values`` are `Values` that JSON can hold."""
    if isinstance(values, dict):
        return all(isinstance(key, str) and _are_sound(value) for key, value in values.items())
    if isinstance(values, float):
        return math.isfinite(values)
    return values is None or isinstance(values, int | str | bool)
