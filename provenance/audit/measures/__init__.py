"""Measures: one file each, behind one interface; `measures` lists them, third parties' entry points included."""

from __future__ import annotations

from provenance.audit.measures.interface import Measure, Measured, NotMeasured, Outstanding, Part, Subject

__all__ = ["Measure", "Measured", "NotMeasured", "Outstanding", "Part", "Subject"]
