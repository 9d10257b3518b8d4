"""Selectors: what the user calls a group of samples, looked up in the graph by what births say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from provenance.errors import UnknownReferenceError
from provenance.ledger.descent.by_graph import selection_of
from provenance.ledger.descent.interface import Named
from provenance.ledger.missing import name_some
from provenance.ledger.references import is_place, is_prefix, resolve, samples_of_field
from provenance.ledger.sidecars import Sidecars
from provenance.lineage.license_terms import spelt

if TYPE_CHECKING:
    from provenance.ledger.graph.reaching import Selection

_DIGEST = re.compile(r"[0-9a-fA-F]{6,16}")
_MOST_LISTED = 1_000
_Choice = TypeVar("_Choice", bound=StrEnum)


def named(ledger: Sidecars, selectors: Sequence[str]) -> list[Named]:
    """What each of ``selectors`` names in the ledger. A sample that was born twice fits if one of its births does.

    Raises:
        UnknownReferenceError: not a selector, or it names what no sidecar of this revision knows.
    """
    return [_named(ledger, selector) for selector in selectors]


def select(ledger: Sidecars, selectors: Sequence[str]) -> Selection:
    """The samples, and the births, that fit any of ``selectors``: numbers in the ledger's graph.

    Raises:
        UnknownReferenceError: not a selector, or it names what no sidecar of this revision knows.
    """
    return selection_of(ledger.graph, named(ledger, selectors))


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


def _named(ledger: Sidecars, selector: str) -> Named:
    kind, value = require_selector(selector)
    return _SELECTORS[kind](ledger, value)


def _sample(ledger: Sidecars, value: str) -> Named:
    return Named(sample_ids=(resolve(ledger, value),))


def _source(ledger: Sidecars, value: str) -> Named:
    names = [source["name"] for source in ledger.descent.descriptions.sources]
    fits = _places(ledger, "source", [name == value for name in names], value, names)
    return Named(fits=lambda born: born.source in fits)


def _model(ledger: Sidecars, value: str) -> Named:
    agents = ledger.descent.descriptions.agents
    labels = [agent["label"] for agent in agents]
    named = [value in (agent["name"], label) for agent, label in zip(agents, labels, strict=True)]
    fits = _places(ledger, "model", named, value, labels)
    return Named(fits=lambda born: born.agent in fits)


def _prompt(ledger: Sidecars, value: str) -> Named:
    """Those whose template has this name; NAME@DIGEST, with the beginning of the template's id, takes one version."""
    activities = ledger.descent.descriptions.activities
    names = [activity["plan"] for activity in activities]
    name, at, digest = value.rpartition("@")
    if at and value not in names and _DIGEST.fullmatch(digest):
        versions = [f"{each['plan']}@{each['plan_id']}" for each in activities if each["plan"]]
        is_this = [each["plan"] == name and each["plan_id"].startswith(digest.lower()) for each in activities]
        fits = _places(ledger, "prompt", is_this, value, versions)
    else:
        fits = _places(ledger, "prompt", [each == value for each in names], value, filter(None, names))
    return Named(fits=lambda born: born.activity in fits)


def _field(ledger: Sidecars, value: str) -> Named:
    return Named(sample_ids=tuple(samples_of_field(ledger, value)))


def _activity(ledger: Sidecars, value: str) -> Named:
    identifiers = [activity["id"] for activity in ledger.descent.descriptions.activities]
    fits = _places(ledger, "activity", [identifier == value for identifier in identifiers], value, identifiers)
    return Named(fits=lambda born: born.activity in fits)


def _license(ledger: Sidecars, value: str) -> Named:
    descent = ledger.descent
    # As it was recorded, or as SPDX spells it.
    known = {descent.license_of(born) for born in descent.classes} - {None}
    value = value if value in known else spelt(value)
    if value not in known:
        raise _unknown("license", value, filter(None, known), ledger.not_asked)
    return Named(fits=lambda born: descent.license_of(born) == value)


def _origin(ledger: Sidecars, value: str) -> Named:
    from provenance.lineage.records import Origin

    origin = _member(Origin, "origin", value)
    # One dataset may not know what another does.
    return Named(fits=lambda born: born.origin == origin, every=origin is Origin.UNKNOWN)


def _kind(ledger: Sidecars, value: str) -> Named:
    from provenance.lineage.records import Kind

    kind = _member(Kind, "kind", value)
    known = {found for born in ledger.descent.classes if (found := born.kind) is not None}
    # A name of somebody's own may be misspelt; words of the table are known to be right.
    if kind not in Kind.__members__.values() and kind not in known:
        raise _unknown("kind", value, known, ledger.not_asked)
    return Named(fits=lambda born: born.kind == kind)


def _dataset(ledger: Sidecars, value: str) -> Named:
    return Named(dataset=ledger.dataset(value).place)


_SELECTORS: dict[str, Callable[[Sidecars, str], Named]] = {
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
