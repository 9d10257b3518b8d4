"""What is recorded of datasets, activities, models, sources and prompts as W3C PROV records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from provenance.export.described import NAMESPACE
from provenance.lineage.license_references import expression_of

if TYPE_CHECKING:
    from provenance.export.subject import ExportedDataset
    from provenance.lineage.records import Activity
    from provenance.lineage.vocabulary import Vocabulary

_PREFIXED = ("dataset", "sample", "birth", "activity", "agent", "plan", "source", "file")
PREFIXES = {"dvcprov": NAMESPACE, **{name: f"{NAMESPACE}{name}:" for name in _PREFIXED}}


class Name(str):
    """A qualified name, such as ``sample:0a1b``."""

    __slots__ = ()


Value = Name | str | int | float | bool


class Record(NamedTuple):
    """One record. ``formal``: PROV's own arguments in their order, by name; ``said``: what else is said of it."""

    kind: str
    identifier: Name | None
    formal: Sequence[tuple[str, Name | datetime | None]] = ()
    said: Sequence[tuple[str, Value]] = ()


def name(prefix: str, identifier: str) -> Name:
    """The qualified name of something; what a local name cannot have is percent-encoded."""
    local = quote(identifier, safe="")
    return Name(f"{prefix}:{local[:-1]}%2E" if local.endswith(".") else f"{prefix}:{local}")


def prov(term: str) -> Name:
    return Name(f"prov:{term}")


def entity_of(
    prefix: str, identifier: str, said: Sequence[tuple[str, Value]], more: Sequence[tuple[str, Value]]
) -> Record:
    return Record("entity", name(prefix, identifier), (), [*said, *more])


def dataset_of(dataset: ExportedDataset) -> Record:
    said: list[tuple[str, Value]] = [
        ("prov:type", prov("Collection")),
        ("prov:label", dataset.path),
        ("dvcprov:rows", dataset.header.dataset.rows),
        # Whoever reads the document finds the rows by ids made in the same way.
        ("dvcprov:digest", dataset.header.identity.digest),
        *(("dvcprov:contentField", field) for field in dataset.header.identity.fields),
        # Known without reading it, as the digest of a large sidecar would take longer than one sample's ancestry.
        ("dvcprov:sidecarMd5", dataset.part.dataset.digest),
    ]
    return Record(
        "entity", name("dataset", dataset.path), (), [*said, *([("dvcprov:md5", dataset.md5)] if dataset.md5 else [])]
    )


def said_of_source(source: Any) -> list[tuple[str, Value]]:
    members = (
        ("prov:label", source.name),
        ("dvcprov:location", source.url),
        ("dvcprov:license", expression_of(source.license)),
        ("dvcprov:publisher", source.publisher),
        ("dvcprov:collected", source.collected_at and source.collected_at.isoformat()),
    )
    return [(key, value) for key, value in members if value is not None]


def plans_of(known: Vocabulary, used: Sequence[tuple[str, Activity]]) -> Iterator[Record]:
    for identifier in sorted({each.plan for _, each in used if each.plan}):
        plan = known.plans[identifier]
        said: list[tuple[str, Value]] = [("prov:type", prov("Plan")), ("prov:label", plan.name)]
        yield Record("entity", name("plan", identifier), (), [*said, ("prov:value", plan.template)])


def _dependencies(used: Sequence[tuple[str, Activity]]) -> Iterator[tuple[str, str, str | None]]:
    """The activity, and each file that its stage read, with DVC's hash of it."""
    for identifier, activity in used:
        for path, md5 in sorted(activity.stage.dependencies.items() if activity.stage else ()):
            yield identifier, path, md5


def _file(path: str, md5: str | None) -> Name:
    return name("file", f"{path}@{md5}" if md5 else path)


def files_of(used: Sequence[tuple[str, Activity]]) -> Iterator[Record]:
    for path, md5 in sorted({(path, md5) for _, path, md5 in _dependencies(used)}, key=str):
        said = [("prov:label", path), *([("dvcprov:md5", md5)] if md5 else [])]
        yield Record("entity", _file(path, md5), (), said)


def activity_of(item: tuple[str, Activity]) -> Record:
    identifier, activity = item
    members: list[tuple[str, Any]] = [
        ("prov:type", Name(f"dvcprov:{activity.type}")),
        ("dvcprov:stage", activity.stage and activity.stage.name),
        ("dvcprov:command", activity.command),
        ("dvcprov:commit", activity.git and activity.git.head),
        ("dvcprov:uncommittedChanges", activity.git and activity.git.dirty),
    ]
    members += [(f"dvcprov:{quote(key, safe='')}", _plain(each)) for key, each in sorted(activity.parameters.items())]
    times = (("startTime", activity.started), ("endTime", activity.ended))
    return Record("activity", name("activity", identifier), times, [(k, v) for k, v in members if v is not None])


def _plain(value: Any) -> Value | None:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return json.dumps(value, sort_keys=True, default=str)


def agent_of(agent: Any, more: Sequence[tuple[str, Value]]) -> Record:
    members: tuple[tuple[str, Value | None], ...] = (
        ("prov:type", prov("SoftwareAgent")),
        ("prov:label", agent.label),
        ("dvcprov:name", agent.name),
        ("dvcprov:revision", agent.revision),
        ("dvcprov:provider", agent.provider),
        ("dvcprov:weights", agent.weights_digest),
    )
    return Record("agent", name("agent", agent.id), (), [*((k, v) for k, v in members if v is not None), *more])


def relations_of(used: Sequence[tuple[str, Activity]]) -> Iterator[Record]:
    for identifier, path, md5 in _dependencies(used):
        yield Record(
            "used", None, (("activity", name("activity", identifier)), ("entity", _file(path, md5)), ("time", None))
        )
    for identifier, activity in used:
        if activity.source:
            source = name("source", activity.source)
            yield Record("used", None, (("activity", name("activity", identifier)), ("entity", source), ("time", None)))
    for identifier, activity in used:
        if activity.agent:
            plan = name("plan", activity.plan) if activity.plan else None
            formal = (
                ("activity", name("activity", identifier)),
                ("agent", name("agent", activity.agent)),
                ("plan", plan),
            )
            yield Record("wasAssociatedWith", None, formal)


def derived(child: Name, parent: Name, kind: str | None, said: Sequence[tuple[str, Value]] = ()) -> Record:
    formal = (
        ("generatedEntity", child),
        ("usedEntity", parent),
        ("activity", None),
        ("generation", None),
        ("usage", None),
    )
    return Record("wasDerivedFrom", None, formal, [*([("prov:type", prov(kind))] if kind else []), *said])
