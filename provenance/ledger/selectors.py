"""Selectors: what the user calls a group of samples, as SQL over the view ``samples``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from provenance.errors import UnknownReferenceError
from provenance.ledger.ledger import Ledger, SampleSet, name_some
from provenance.ledger.references import resolve
from provenance.lineage.records import Agent, Kind, Origin

Condition = tuple[str, list[Any]]
_Choice = TypeVar("_Choice", bound=StrEnum)


def select(ledger: Ledger, selectors: Sequence[str]) -> SampleSet:
    """The samples that fit any of ``selectors`` (at least one).

    Raises:
        UnknownReferenceError: not a selector, or it names what no sidecar of this revision knows.
    """
    conditions = [_condition(ledger, selector) for selector in selectors]
    # Each condition by itself, so that one of them does not keep another from passing over row groups.
    query = " UNION ALL ".join(f"SELECT sample_id FROM samples WHERE {condition}" for condition, _ in conditions)
    return ledger.new_set(
        f"SELECT DISTINCT sample_id FROM ({query})", [value for _, values in conditions for value in values]
    )


def agent_label(agent: Agent) -> str:
    """The name by which a model goes: `Agent.label`, as a function."""
    return agent.label


def _condition(ledger: Ledger, selector: str) -> Condition:
    kind, colon, value = selector.partition(":")
    if not (colon and value) or kind not in _CONDITIONS:
        raise UnknownReferenceError(
            f"{selector}: not a selector; write one of {', '.join(f'{name}:…' for name in _CONDITIONS)}"
        )
    return _CONDITIONS[kind](ledger, value)


def _sample(ledger: Ledger, value: str) -> Condition:
    return "sample_id = ?", [bytes.fromhex(resolve(ledger, value))]


def _source(ledger: Ledger, value: str) -> Condition:
    fits = [number for number, source in enumerate(ledger.sources) if source.name == value]
    return _numbered("source", fits, value, (source.name for source in ledger.sources))


def _model(ledger: Ledger, value: str) -> Condition:
    fits = [number for number, agent in enumerate(ledger.agents) if value in (agent.name, agent_label(agent))]
    return _numbered("model", fits, value, map(agent_label, ledger.agents), column="agent")


def _prompt(ledger: Ledger, value: str) -> Condition:
    plans = ledger.vocabulary.plans
    named = {identifier for identifier, plan in plans.items() if plan.name == value}
    fits = [number for number, activity in enumerate(ledger.activities) if activity.plan in named]
    return _numbered("prompt", fits, value, (plan.name for plan in plans.values()), column="activity")


def _activity(ledger: Ledger, value: str) -> Condition:
    identifiers = list(ledger.vocabulary.activities)
    fits = [number for number, identifier in enumerate(identifiers) if identifier == value]
    return _numbered("activity", fits, value, identifiers)


def _license(ledger: Ledger, value: str) -> Condition:
    groups = "SELECT DISTINCT license, source FROM samples"
    query = f"SELECT DISTINCT effective_license(license, source) FROM ({groups})"
    known = [row[0] for row in ledger.connection.execute(query).fetchall() if row[0] is not None]
    if value not in known:
        raise _unknown("license", value, known)
    return "effective_license(license, source) = ?", [value]


def _origin(_ledger: Ledger, value: str) -> Condition:
    origin = _member(Origin, "origin", value)
    if origin is Origin.UNKNOWN:
        # One dataset may not know what another does.
        return "sample_id NOT IN (SELECT sample_id FROM samples WHERE origin <> 'unknown')", []
    return "origin = ?", [origin.value]


def _kind(_ledger: Ledger, value: str) -> Condition:
    return "kind = ?", [_member(Kind, "kind", value).value]


def _dataset(ledger: Ledger, value: str) -> Condition:
    return "sidecar = ? AND rows > 0", [ledger.dataset(value).place]


_CONDITIONS: dict[str, Callable[[Ledger, str], Condition]] = {
    "sample": _sample,
    "source": _source,
    "model": _model,
    "prompt": _prompt,
    "activity": _activity,
    "license": _license,
    "origin": _origin,
    "kind": _kind,
    "dataset": _dataset,
}


def _numbered(what: str, fits: list[int], value: str, known: Iterable[str], column: str | None = None) -> Condition:
    if not fits:
        raise _unknown(what, value, known)
    return f"{column or what} IN ({', '.join(map(str, fits))})", []


def _member(choices: type[_Choice], what: str, value: str) -> _Choice:
    try:
        return choices(value)
    except ValueError:
        raise _unknown(what, value, choices) from None


def _unknown(what: str, value: str, known: Iterable[str]) -> UnknownReferenceError:
    return UnknownReferenceError(
        f"{what}:{value}: no such {what} in this revision; known: {name_some(sorted(set(known)))}"
    )
