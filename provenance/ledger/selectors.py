"""Selectors: what the user calls a group of samples, looked up in the graph by what births say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from provenance.errors import UnknownReferenceError
from provenance.ledger.references import is_place, is_prefix, resolve, samples_of_field
from provenance.ledger.sidecars import Sidecars, name_some
from provenance.lineage.license_terms import spelt

if TYPE_CHECKING:
    from provenance.ledger.graph.births import BirthClass
    from provenance.ledger.graph.reaching import Selection
    from provenance.ledger.graph.store import Array

_DIGEST = re.compile(r"[0-9a-fA-F]{6,16}")
_MOST_LISTED = 1_000
_Choice = TypeVar("_Choice", bound=StrEnum)


def select(ledger: Sidecars, selectors: Sequence[str]) -> Selection:
    """The samples, and the births, that fit any of ``selectors``: numbers in the ledger's graph.

    A sample that was born twice fits if one of its births does.

    Raises:
        UnknownReferenceError: not a selector, or it names what no sidecar of this revision knows.
    """
    from provenance.ledger.graph.reaching import Selection

    return Selection.all_of(ledger.graph, [_fitting(ledger, selector) for selector in selectors])


def lasting(ledger: Sidecars, selectors: Sequence[str]) -> list[str]:
    """The same selection in other revisions too: a sample that is named by its row, or by a column, is named by its id.

    A dataset is named by its path from the DVC root.

    Raises:
        UnknownReferenceError: one names nothing, or by a column too many samples to be listed.
    """
    return list(dict.fromkeys(each for selector in selectors for each in _lasting(ledger, selector)))


def _lasting(ledger: Sidecars, selector: str) -> list[str]:
    kind, value = require_selector(selector)
    if kind == "sample":
        return [f"sample:{resolve(ledger, value)}"]
    if kind == "dataset":
        return [f"dataset:{ledger.dataset(value).path}"]
    if kind != "field":
        return [selector]
    samples = samples_of_field(ledger, value)
    if len(samples) > _MOST_LISTED:
        raise UnknownReferenceError(
            f"{selector}: fits {len(samples):,} samples, and at most {_MOST_LISTED:,} are kept by their ids; select "
            "their source or dataset"
        )
    return [f"sample:{sample}" for sample in samples]


def require_selector(selector: str) -> tuple[str, str]:
    """What kind of samples ``selector`` names, and by what value.

    Raises:
        UnknownReferenceError: it is not a selector.
    """
    kind, colon, value = selector.partition(":")
    if not (colon and value) or kind not in _SELECTORS:
        sample = f"; a sample is sample:{selector}" if is_prefix(selector) or is_place(selector) else ""
        raise UnknownReferenceError(
            f"{selector}: not a selector{sample}; write one of {', '.join(f'{name}:…' for name in _SELECTORS)}"
        )
    return kind, value


def _fitting(ledger: Sidecars, selector: str) -> Selection:
    kind, value = require_selector(selector)
    return _SELECTORS[kind](ledger, value)


def _samples(ledger: Sidecars, samples: Array) -> Selection:
    from provenance.ledger.graph.reaching import Selection

    return Selection.of_samples(ledger.graph, samples)


def _births(ledger: Sidecars, fits: Callable[[BirthClass], bool], *, every: bool = False) -> Selection:
    from provenance.ledger.graph.reaching import Selection

    graph = ledger.graph
    classes = np.array([fits(each) for each in graph.classes], bool)
    return Selection(graph.with_birth(fits, every=every), np.empty(0, np.int64), classes)


def _sample(ledger: Sidecars, value: str) -> Selection:
    return _samples(ledger, ledger.graph.numbers([resolve(ledger, value)]))


def _source(ledger: Sidecars, value: str) -> Selection:
    names = [source["name"] for source in ledger.graph.descriptions.sources]
    fits = _places(ledger, "source", [name == value for name in names], value, names)
    return _births(ledger, lambda born: born.source in fits)


def _model(ledger: Sidecars, value: str) -> Selection:
    agents = ledger.graph.descriptions.agents
    labels = [agent["label"] for agent in agents]
    named = [value in (agent["name"], label) for agent, label in zip(agents, labels, strict=True)]
    fits = _places(ledger, "model", named, value, labels)
    return _births(ledger, lambda born: born.agent in fits)


def _prompt(ledger: Sidecars, value: str) -> Selection:
    """Those whose template has this name; NAME@DIGEST, with the beginning of the template's id, takes one version."""
    activities = ledger.graph.descriptions.activities
    names = [activity["plan"] for activity in activities]
    name, at, digest = value.rpartition("@")
    if at and value not in names and _DIGEST.fullmatch(digest):
        versions = [f"{each['plan']}@{each['plan_id']}" for each in activities if each["plan"]]
        is_this = [each["plan"] == name and each["plan_id"].startswith(digest.lower()) for each in activities]
        fits = _places(ledger, "prompt", is_this, value, versions)
    else:
        fits = _places(ledger, "prompt", [each == value for each in names], value, filter(None, names))
    return _births(ledger, lambda born: born.activity in fits)


def _field(ledger: Sidecars, value: str) -> Selection:
    return _samples(ledger, ledger.graph.numbers(samples_of_field(ledger, value)))


def _activity(ledger: Sidecars, value: str) -> Selection:
    identifiers = [activity["id"] for activity in ledger.graph.descriptions.activities]
    fits = _places(ledger, "activity", [identifier == value for identifier in identifiers], value, identifiers)
    return _births(ledger, lambda born: born.activity in fits)


def _license(ledger: Sidecars, value: str) -> Selection:
    graph = ledger.graph
    # As it was recorded, or as SPDX spells it.
    known = {graph.license_of(born) for born in graph.classes} - {None}
    value = value if value in known else spelt(value)
    if value not in known:
        raise _unknown("license", value, filter(None, known), ledger.not_asked)
    return _births(ledger, lambda born: graph.license_of(born) == value)


def _origin(ledger: Sidecars, value: str) -> Selection:
    from provenance.lineage.records import Origin

    origin = _member(Origin, "origin", value)
    # One dataset may not know what another does.
    return _births(ledger, lambda born: born.origin == origin, every=origin is Origin.UNKNOWN)


def _kind(ledger: Sidecars, value: str) -> Selection:
    from provenance.lineage.records import Kind

    kind = _member(Kind, "kind", value)
    return _births(ledger, lambda born: born.kind == kind)


def _dataset(ledger: Sidecars, value: str) -> Selection:
    return _samples(ledger, ledger.graph.members(ledger.dataset(value).place)[0])


_SELECTORS: dict[str, Callable[[Sidecars, str], Selection]] = {
    "sample": _sample,
    "source": _source,
    "model": _model,
    "prompt": _prompt,
    "activity": _activity,
    "license": _license,
    "field": _field,
    "origin": _origin,
    "kind": _kind,
    "dataset": _dataset,
}


def _places(ledger: Sidecars, what: str, fits: Sequence[bool], value: str, known: Iterable[str]) -> set[int]:
    found = {number for number, fit in enumerate(fits) if fit}
    if not found:
        raise _unknown(what, value, known, ledger.not_asked)
    return found


def _member(choices: type[_Choice], what: str, value: str) -> _Choice:
    try:
        return choices(value)
    except ValueError:
        raise _unknown(what, value, choices) from None


def _unknown(what: str, value: str, known: Iterable[str], not_asked: str = "") -> UnknownReferenceError:
    return UnknownReferenceError(
        f"{what}:{value}: no such {what} in this revision; known: {name_some(sorted(set(known)))}{not_asked}"
    )
