"""Birth classes: what births have in common, as one small number a sample.

Millions of samples have few distinct combinations of origin, kind, activity, model, source, licence, evidence, depth
and real-rootedness. Each combination is a `BirthClass`; a sample's number of it takes the place of nine columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from provenance.lineage.rules import UNEXPLAINED, effective_license, order_key
from provenance.lineage.words import ActivityType

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.ledger.graph.store import Array
    from provenance.lineage.records import Header

# Codes are put together in one integer, and made dense again before they would no longer fit.
_LARGEST_CODE = 2**62


class BirthClass(NamedTuple):
    """One combination. ``activity``, ``agent`` and ``source`` are numbers in a `Descriptions`; None: not known."""

    origin: str
    kind: str | None
    activity: int | None
    agent: int | None
    source: int | None
    license: str | None
    evidence: str | None
    depth: int | None
    real_rooted: bool | None

    @property
    def unexplained(self) -> bool:
        """Nobody said where the sample came from."""
        return UNEXPLAINED.key(self)


@dataclass
class Descriptions:
    """What birth classes refer to by number, reduced to what pictures and selectors need.

    An activity is ``{id, type, plan, plan_id, stage, started}`` with the prompt's name as ``plan``; an agent ``{id,
    name, revision, label}``; a source ``{id, name, license}``.
    """

    activities: list[dict[str, Any]] = field(default_factory=list)
    agents: list[dict[str, Any]] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of_header(cls, header: Header) -> Descriptions:
        """Those of a sidecar, in its order."""
        plans = {plan.id: plan.name for plan in header.plans}
        return cls(
            [
                {
                    "id": activity.id,
                    "type": activity.type.value,
                    "plan": plans.get(activity.plan) if activity.plan else None,
                    "plan_id": activity.plan,
                    "stage": activity.stage.name if activity.stage else None,
                    "started": activity.started.isoformat() if activity.started else None,
                }
                for activity in header.activities
            ],
            [
                {"id": agent.id, "name": agent.name, "revision": agent.revision, "label": agent.label}
                for agent in header.agents
            ],
            [{"id": source.id, "name": source.name, "license": source.license} for source in header.sources],
        )

    @classmethod
    def merged(cls, several: Sequence[Descriptions]) -> Descriptions:
        """Each description once; activities by their start, as in the ledger's merged vocabulary."""

        def distinct(lists: Iterable[list[dict[str, Any]]]) -> list[dict[str, Any]]:
            return list({each["id"]: each for one in lists for each in one}.values())

        activities = distinct(each.activities for each in several)
        activities.sort(key=lambda activity: (activity["started"] is None, activity["started"] or "", activity["id"]))
        agents, sources = (
            sorted(distinct(getattr(each, name) for each in several), key=lambda described: str(described["id"]))
            for name in ("agents", "sources")
        )
        return cls(activities, agents, sources)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def is_tombstone(born: BirthClass, described: Descriptions) -> bool:
    """Whether what is of this class is no birth: it says that the sample was taken out of the dataset."""
    return born.activity is not None and bool(described.activities[born.activity]["type"] == ActivityType.PURGE)


def license_of(born: BirthClass, described: Descriptions) -> str | None:
    """The birth's own licence, else its source's."""
    of_source = None if born.source is None else described.sources[born.source]["license"]
    return effective_license(born.license, of_source)


def renumbered(classes: Iterable[BirthClass], own: Descriptions, merged: Descriptions) -> Iterator[BirthClass]:
    """``classes`` with numbers that count in ``merged`` instead of in ``own``."""
    places = {
        name: {described["id"]: number for number, described in enumerate(getattr(merged, name))}
        for name in ("activities", "agents", "sources")
    }

    def place(name: str, number: int | None) -> int | None:
        return None if number is None else places[name][getattr(own, name)[number]["id"]]

    for each in classes:
        yield each._replace(
            activity=place("activities", each.activity),
            agent=place("agents", each.agent),
            source=place("sources", each.source),
        )


class ClassNumbers:
    """Numbers birth classes in the order in which they are met."""

    def __init__(self) -> None:
        self.classes: dict[BirthClass, int] = {}

    def of(self, found: Iterable[BirthClass]) -> Array:
        """The number of each class."""
        numbers = [self.classes.setdefault(each, len(self.classes)) for each in found]
        return np.array(numbers, np.uint32)

    def of_table(self, table: pa.Table) -> Array:
        """The class number of each record of ``table``, whose text columns are dictionary-encoded."""
        columns = {name: _codes(table[name].combine_chunks()) for name in BirthClass._fields}
        code, size = np.zeros(table.num_rows, np.int64), 1
        for codes in columns.values():
            distinct = int(codes.max()) + 1
            if size * distinct > _LARGEST_CODE:
                code = np.unique(code, return_inverse=True)[1]
                size = int(code.max()) + 1
            code = code * distinct + codes
            size *= distinct
        _, first, place = np.unique(code, return_index=True, return_inverse=True)
        rows = table.select(BirthClass._fields).take(first).to_pydict()
        return self.of(BirthClass(*values) for values in zip(*rows.values(), strict=True))[place]


def _codes(column: Any) -> Array:
    """A number for each value of an Arrow array: 0 for null, else the value, or its place in a dictionary, plus 1."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = column.indices if isinstance(column, pa.DictionaryArray) else column.cast(pa.int64())
    codes: Array = pc.fill_null(values.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return codes + 1


def credibility(classes: Sequence[BirthClass]) -> Array:
    """The rank of each class among births of one sample; the least is to be believed, equal ones are equal."""
    keys = [order_key(each) for each in classes]
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return np.array([ranks[key] for key in keys], np.uint32)


def classes_of(stated: Mapping[str, Any]) -> list[BirthClass]:
    """The classes as a folder states them."""
    return [BirthClass(*values) for values in stated["classes"]]
