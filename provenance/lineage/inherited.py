"""What follows from parents: the rules by which completion works out origin, depth and what else is inherited.

They are asked once for each combination of values that occurs. Tests hold them against the same rules in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from provenance.lineage.rules import FIXED_DEPTHS, FIXED_ROOTS, TAKEN_OVER
from provenance.lineage.words import DOUBTS, Evidence, Origin

_BITS = {name: 1 << place for place, name in enumerate(DOUBTS)}
_STRENGTH = {evidence.value: place for place, evidence in enumerate(Evidence)}


class Inherited(NamedTuple):
    """What a record has of its parents, and is asked of a parent; ``doubts`` as in a sidecar."""

    origin: str | None = None
    kind: str | None = None
    agent: int | None = None
    source: int | None = None
    license: str | None = None
    depth: int | None = None
    real_rooted: bool | None = None
    chain_evidence: str | None = None
    doubts: int | None = None


class Born(NamedTuple):
    """What a record has of its own; ``is_generation``: a model made it."""

    origin: str | None
    kind: str | None
    agent: int | None
    source: int | None
    license: str | None
    evidence: str | None
    is_generation: bool


def from_births(births: Sequence[Inherited]) -> Inherited:
    """What is known of a parent that may have been born in each of these ways: what all of these agree in.

    In what they do not agree is in doubt.
    """
    agreed: dict[str, Any] = {}
    doubts = _all_doubts(births)
    for name in DOUBTS:
        values = [getattr(birth, name) for birth in births]
        if values.count(values[0]) == len(values):
            agreed[name] = values[0]
        elif any(value is not None for value in values):
            doubts |= _BITS[name]
    return Inherited(**agreed, chain_evidence=_weakest_of_all(births), doubts=doubts)


def from_parents(parents: Sequence[Inherited]) -> Inherited:
    """What a sample takes from its parents.

    A license is null where one parent's is; kind, agent and source are taken where those agree that can have
    one.
    """
    depths = [parent.depth for parent in parents]
    doubts = _all_doubts(parents)
    return Inherited(
        origin=_origin_of(parents),
        kind=_agreed(parents, "kind", doubts),
        agent=_agreed(parents, "agent", doubts),
        source=_agreed(parents, "source", doubts),
        license=_license_of(parents),
        depth=None if None in depths else max(each for each in depths if each is not None),
        real_rooted=_real_rooted(parents),
        chain_evidence=_weakest_of_all(parents),
        doubts=doubts,
    )


def resolved(born: Born, taken: Inherited) -> Inherited:
    """All that follows for a record that was ``born`` so, and may take ``taken`` from its parents.

    A model's output is synthetic whatever its parents, and one step deeper; a derivation without a model takes all of
    it from its parents. An origin that is already stated stands.
    """
    origin = taken.origin if born.origin is None else born.origin
    depth = None if taken.depth is None else taken.depth + born.is_generation
    found = Inherited(
        origin=origin,
        depth=FIXED_DEPTHS.get(origin or "", depth),
        real_rooted=FIXED_ROOTS.get(origin or "", taken.real_rooted),
        chain_evidence=_weaker(born.evidence, taken.chain_evidence),
        **{name: _own_or_taken(born, taken, name) for name in TAKEN_OVER},
    )
    doubts = taken.doubts or 0
    if doubts & _BITS["origin"]:
        # An origin in doubt leaves the depth open.
        doubts |= _BITS["depth"]
    stated = {*(TAKEN_OVER if born.is_generation else ()), *(() if born.origin is None else ("origin",))}
    open_names = [name for name in DOUBTS if name not in stated and _says_nothing(found, name)]
    return found._replace(doubts=doubts & sum(_BITS[name] for name in open_names) or None)


def _says_nothing(found: Inherited, name: str) -> bool:
    value = getattr(found, name)
    return value is None or (name == "origin" and value == Origin.UNKNOWN)


def _own_or_taken(born: Born, taken: Inherited, name: str) -> Any:
    own = getattr(born, name)
    return own if born.is_generation or own is not None else getattr(taken, name)


def _all_doubts(parts: Iterable[Inherited]) -> int:
    doubts = 0
    for part in parts:
        doubts |= part.doubts or 0
    return doubts


def _origin_of(parents: Sequence[Inherited]) -> str:
    origins = {parent.origin for parent in parents}
    if origins & {None, Origin.UNKNOWN.value}:
        return Origin.UNKNOWN.value
    return origins.pop() or "" if len(origins) == 1 else Origin.MIXED.value


def _real_rooted(parents: Sequence[Inherited]) -> bool | None:
    rooted = [parent.real_rooted for parent in parents]
    return True if True in rooted else None if None in rooted else False


def _license_of(parents: Sequence[Inherited]) -> str | None:
    licenses = [parent.license for parent in parents]
    stated = {each for each in licenses if each is not None}
    if None in licenses:
        return None
    if len(stated) == 1:
        return stated.pop()
    return " AND ".join(sorted({f"({each})" if " " in each else each for each in stated}))


def _agreed(parents: Sequence[Inherited], name: str, doubts: int) -> Any:
    """What all those parents agree in that can have it; None where one of these has none."""
    values = [value for parent in parents if (value := getattr(parent, name)) is not None]
    is_real = [parent.origin == Origin.REAL for parent in parents if parent.origin is not None]
    count = is_real.count(name == "source")
    agree = bool(values) and values.count(values[0]) == len(values) == count
    return values[0] if agree and not doubts & _BITS[name] else None


def _weakest_of_all(parts: Sequence[Inherited]) -> str | None:
    stated = [part.chain_evidence for part in parts]
    if None in stated:
        return None
    return max((each for each in stated if each in _STRENGTH), key=lambda each: _STRENGTH[each], default=None)


def _weaker(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return None
    is_stronger = one in _STRENGTH and other in _STRENGTH and _STRENGTH[one] < _STRENGTH[other]
    return other if is_stronger else one
