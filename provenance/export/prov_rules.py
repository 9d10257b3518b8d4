"""What no checker of PROV looks at: nothing comes from itself, times fit, and all that is named is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any

# Of each relation, its arguments and what they are.
_RELATIONS = {
    "wasGeneratedBy": {"entity": "entity", "activity": "activity"},
    "used": {"activity": "activity", "entity": "entity"},
    "wasAssociatedWith": {"activity": "activity", "agent": "agent", "plan": "entity"},
    "wasAttributedTo": {"entity": "entity", "agent": "agent"},
    "wasDerivedFrom": {"generatedEntity": "entity", "usedEntity": "entity"},
    "specializationOf": {"specificEntity": "entity", "generalEntity": "entity"},
    "hadMember": {"collection": "entity", "entity": "entity"},
    "wasInvalidatedBy": {"entity": "entity", "activity": "activity"},
}
_ELEMENTS = ("entity", "activity", "agent")


def problems_of(document: Any) -> Iterator[str]:
    """What is wrong with a PROV-JSON document."""
    if not isinstance(document, dict):
        yield "the document is not a JSON object"
        return
    known = {kind: set(document.get(kind, {})) for kind in _ELEMENTS}
    if not known["entity"]:
        yield "entity: missing"
    yield from _unknown_names(document, known)
    yield from _impossible_times(document)
    yield from _circles(document)


def _unknown_names(document: dict[str, Any], known: dict[str, set[str]]) -> Iterator[str]:
    for relation, arguments in _RELATIONS.items():
        for record in _records(document, relation):
            for argument, kind in arguments.items():
                named = record.get(f"prov:{argument}")
                for each in named if isinstance(named, list) else [named]:
                    if each is not None and each not in known[kind]:
                        yield f"{relation}: {each} is no {kind} of the document"


def _impossible_times(document: dict[str, Any]) -> Iterator[str]:
    for identifier, activity in document.get("activity", {}).items():
        if not isinstance(activity, dict):
            continue
        start, end = (_time(activity.get(f"prov:{each}")) for each in ("startTime", "endTime"))
        if start and end and start > end:
            yield f"{identifier}: ends before it starts"


def _time(stated: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(stated)
    except (TypeError, ValueError):
        return None


def _circles(document: dict[str, Any]) -> Iterator[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for record in _records(document, "wasDerivedFrom"):
        child, parent = record.get("prov:generatedEntity"), record.get("prov:usedEntity")
        if isinstance(child, str) and isinstance(parent, str):
            if child == parent:
                yield f"wasDerivedFrom: {child} is derived from itself"
            sorter.add(child, parent)
    try:
        sorter.prepare()
    except CycleError as error:
        yield f"wasDerivedFrom: {error.args[1][0]} is derived from itself, by way of {error.args[1][1]}"


def _records(document: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    for record in document.get(kind, {}).values():
        for each in record if isinstance(record, list) else [record]:
            if isinstance(each, dict):
                yield each
