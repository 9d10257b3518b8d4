"""How a dataset was made, as facts, and what of that differs between two versions of it.

A fact is what one stage used: a prompt, a model, a parameter, a command, a dependency as it was. They are those of all
activities that a sidecar describes, so that a prompt which was changed three stages before is seen here too.
"""

from __future__ import annotations

import difflib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from provenance.dotted import leaves

if TYPE_CHECKING:
    from provenance.lineage.records import Activity, Header, Plan

_DIGEST_DIGITS = 8
_CONTEXT_LINES = 2


class Fact(NamedTuple):
    """The ``stage`` used ``what`` (``model``, ``prompt``, ``parameter``, ``command``, ``dependency``) of this ``name``.

    ``value``: the model's label, the digest of the prompt's template, the parameter as JSON, the command, DVC's hash.
    """

    stage: str | None
    what: str
    name: str
    value: str


@dataclass(frozen=True)
class Change:
    """What was, and what is. ``difference``: of a prompt of which one version became another, that of the templates,
    as lines of a unified diff."""

    stage: str | None
    what: str
    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    difference: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "what": self.what,
            "name": self.name,
            "before": list(self.before),
            "after": list(self.after),
            "difference": list(self.difference),
        }


def facts_of(header: Header) -> frozenset[Fact]:
    """All facts that a sidecar states."""
    # Once for all activities: an id is a digest, and there may be thousands of each.
    agents = {agent.id: agent.label for agent in header.agents}
    plans = {plan.id: plan for plan in header.plans}
    return frozenset(fact for activity in header.activities for fact in _facts(activity, agents, plans))


def _facts(activity: Activity, agents: Mapping[str, str], plans: Mapping[str, Plan]) -> Iterator[Fact]:
    run = activity.stage
    stage = None if run is None else run.name
    if activity.agent is not None and activity.agent in agents:
        yield Fact(stage, "model", "", agents[activity.agent])
    if activity.plan is not None and activity.plan in plans:
        yield Fact(stage, "prompt", plans[activity.plan].name, activity.plan)
    for name, value in leaves({**activity.parameters, **(run.parameters if run else {})}):
        yield Fact(stage, "parameter", name, json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))
    if run is not None:
        if run.command is not None:
            yield Fact(stage, "command", "", run.command)
        for path, digest in run.dependencies.items():
            yield Fact(stage, "dependency", path, digest or "")


def changes(old: Header | None, new: Header | None) -> tuple[Change, ...]:
    """What differs in how two versions were made; None: there is no such version, and nothing to compare with."""
    if old is None or new is None:
        return ()
    templates = {plan.id: plan.template for header in (old, new) for plan in header.plans}
    return changed_facts(facts_of(old), facts_of(new), templates)


def changed_facts(
    old: frozenset[Fact], new: frozenset[Fact], templates: dict[str, str] | None = None
) -> tuple[Change, ...]:
    """The same of facts; ``templates``: those of prompts, by their digests."""
    sides: dict[tuple[str | None, str, str], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for place, facts in enumerate((old - new, new - old)):
        for fact in sorted(facts, key=str):
            sides[fact[:3]][place].append(fact.value)
    return tuple(
        Change(*key, tuple(before), tuple(after), _difference(key[1], before, after, templates or {}))
        for key, (before, after) in sorted(sides.items(), key=lambda each: tuple(map(str, each[0])))
    )


def _difference(what: str, before: list[str], after: list[str], templates: dict[str, str]) -> tuple[str, ...]:
    """The difference of two templates; nothing where it is not clear which became which."""
    if what != "prompt" or not (len(before) == len(after) == 1):
        return ()
    old, new = (templates.get(digest, "").splitlines() for (digest,) in (before, after))
    lines = difflib.unified_diff(old, new, before[0], after[0], lineterm="", n=_CONTEXT_LINES)
    return tuple(lines)


def in_words(change: Change) -> str:
    """One line: where, what, and from which value to which."""
    where = f"{change.stage}: " if change.stage else ""
    name = f" {change.name}" if change.name else ""
    before, after = (_values(change.what, values) for values in (change.before, change.after))
    if change.what == "dependency" and before and after:
        return f"{where}dependency{name} changed"
    if before and after:
        return f"{where}{change.what}{name}: {before} → {after}"
    return f"{where}{change.what}{name} {after or before} {'is new' if after else 'is gone'}".replace("  ", " ")


def _values(what: str, values: tuple[str, ...]) -> str:
    if what == "command":
        # A stage's lines are commands of their own, of which DVC starts each only where the one before succeeded.
        return ", ".join(" && ".join(value.splitlines()) for value in values)
    is_digest = what in ("prompt", "dependency")
    return ", ".join(value[:_DIGEST_DIGITS] if is_digest else value for value in values)
