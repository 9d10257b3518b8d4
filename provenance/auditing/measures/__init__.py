"""Measures: one file each, behind one interface; `measures` lists them, third parties' entry points included.

A module of this package is the measure of that name: its ``MEASURE`` is a `Measure`. Other packages register a
`Measure` (an object, not a class) as an entry point of the group ``provenance.measures``; of two of one name, ours is
taken. What others wrote cannot end an audit: where it fails, it is not measured, and the reason says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules

from provenance.auditing.measure import Doubt, Measure, Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.entry_points import MEASURES, registered
from provenance.errors import ProvenanceError
from provenance.ledger.part import Part

__all__ = [
    "Doubt",
    "Measure",
    "Measured",
    "Needs",
    "NotMeasured",
    "Outstanding",
    "Part",
    "Subject",
    "Watch",
    "held_against_chance",
    "judged_with_all",
    "measure_names",
    "measures",
    "take",
]

_NOT_A_MEASURE = ("plugins",)

# Called before a measure is taken: with its name, how many were, and of how many.
Watch = Callable[[str, int, int], None]


def measure_names() -> list[str]:
    """The names of all measures, in order; none is imported."""
    return sorted({*_built_in(), *registered(MEASURES)})


def measures(names: Sequence[str] | None = None) -> dict[str, Measure]:
    """The measures called ``names`` (None: all), by name.

    Raises:
        ProvenanceError: there is no such measure.
    """
    known = measure_names()
    for name in names or ():
        if name not in known:
            raise ProvenanceError(f"{name}: no such measure; there are {', '.join(known)}")
    return {name: _open(name) for name in (known if names is None else names)}


def take(
    subject: Subject, names: Sequence[str] | None = None, needs: Needs | None = None, watch: Watch | None = None
) -> dict[str, Measured | NotMeasured]:
    """Take the measures called ``names`` (None: all); of these, with ``needs``, only those that read just that.

    ``watch`` is called before each: with its name, how many were taken, and of how many.

    Raises:
        ProvenanceError: there is no such measure; or what one of ours raises, see `Measure.measure`.
    """
    chosen = measures(names)
    wanted = {name: measure for name, measure in chosen.items() if needs is None or measure.needs == needs}
    subject = replace(subject, rules=max(subject.rules, len(held_against_chance(wanted.values()))))
    found: dict[str, Measured | NotMeasured] = {}
    for name, measure in wanted.items():
        if watch is not None:
            watch(name, len(found), len(wanted))
        found[name] = measure.measure(subject)
    (judged,) = judged_with_all([found])
    return judged


def held_against_chance(taken: Iterable[Measure]) -> list[str]:
    """Of the measures that are ``taken``, the names of those that say whether chance explains what they found."""
    return [measure.name for measure in taken if getattr(measure, "is_held_against_chance", False)]


def judged_with_all(found: Sequence[Mapping[str, Measured | NotMeasured]]) -> list[dict[str, Measured | NotMeasured]]:
    """The measures of one audit (of one dataset after the other), those held against chance judged with each other."""
    tested = [
        (place, name, each.chance)
        for place, measured in enumerate(found)
        for name, each in measured.items()
        if isinstance(each, Measured) and each.chance is not None
    ]
    settled = [dict(measured) for measured in found]
    if tested:
        from provenance.auditing.chance.together import judged_together

        for (place, name, chance), judged in zip(tested, judged_together([each[2].p for each in tested]), strict=True):
            settled[place][name] = chance.settle(judged)
    return settled


def _built_in() -> list[str]:
    return [module.name for module in iter_modules(__path__) if module.name not in _NOT_A_MEASURE]


def _open(name: str) -> Measure:
    if name in _built_in():
        measure: Measure = import_module(f"{__name__}.{name}").MEASURE
        return measure
    from provenance.auditing.measures.plugins import open_plugin

    return open_plugin(registered(MEASURES)[name])
