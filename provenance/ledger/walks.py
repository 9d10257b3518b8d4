"""Walks along parents: where samples came from, and what came of them.

A walk goes level by level, each level one join against what was not seen before: unlike recursive SQL it ends on a
cycle, and it reads only the row groups that can hold the frontier.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provenance.ledger.ledger import Ledger, SampleSet
from provenance.ledger.selectors import agent_label
from provenance.ledger.tables import BEST_BIRTH_FIRST

# A guessed parent is a candidate, never lineage.
STATED = "evidence IS DISTINCT FROM 'inferred'"
_NODE_COLUMNS = (
    "lower(hex(sample_id)), origin, kind, depth, real_rooted, content_bytes, effective_license(license, source), "
    "evidence, activity, agent, source"
)


class Direction(StrEnum):
    """Towards the parents, or towards what came of a sample."""

    ANCESTORS = "ancestors"
    DESCENDANTS = "descendants"


@dataclass(frozen=True)
class Node:
    """One sample in a walk: what its most credible birth says. ``activity`` is an id, ``stage`` a DVC stage.

    ``depth`` is the generation depth (not the distance from the start). ``content_bytes`` is None for a parent that was
    named but never seen.
    """

    sample_id: str
    origin: str
    kind: str | None
    depth: int | None
    real_rooted: bool | None
    content_bytes: int | None
    license: str | None
    evidence: str | None
    type: str | None
    activity: str | None
    model: str | None
    source: str | None
    prompt: str | None
    stage: str | None


@dataclass(frozen=True)
class Edge:
    """A derivation: ``child`` was made from ``parent``, which had ``role`` in it."""

    child: str
    parent: str
    role: str | None


@dataclass(frozen=True)
class Walk:
    """The samples reached, nearest first, and every derivation between two of them."""

    start: str
    direction: Direction
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def trace(ledger: Ledger, sample_id: str, direction: Direction, depth: int | None = None) -> Walk:
    """Walk from one sample, at most ``depth`` steps (None: to the end). ``nodes`` begins with the sample itself."""
    start = ledger.new_set("SELECT ?::BLOB AS sample_id", [bytes.fromhex(sample_id)])
    reached = reach(ledger, start, direction, depth)
    return Walk(sample_id, direction, _nodes(ledger, reached), _edges(ledger, reached))


def reach(ledger: Ledger, start: SampleSet, direction: Direction, depth: int | None = None) -> SampleSet:
    """The samples of ``start`` and all that a walk of at most ``depth`` steps reaches, with their ``distance``."""
    execute = ledger.connection.execute
    reached = ledger.new_set(f"SELECT sample_id, 0::INTEGER AS distance FROM {start.table}")
    distance = 0
    while depth is None or distance < depth:
        frontier = f"(SELECT sample_id FROM {reached.table} WHERE distance = {distance})"
        distance += 1
        before = len(reached)
        execute(
            f"INSERT INTO {reached.table} SELECT DISTINCT sample_id, {distance} FROM ({_step(direction, frontier)}) "
            f"WHERE sample_id NOT IN (SELECT sample_id FROM {reached.table})"
        )
        if len(reached) == before:
            break
    return reached


def _step(direction: Direction, frontier: str) -> str:
    """SQL: the samples one step from those of ``frontier``."""
    if direction is Direction.ANCESTORS:
        return f"SELECT unnest(parents) AS sample_id FROM samples WHERE sample_id IN {frontier} AND {STATED}"
    edges = f"SELECT sample_id, unnest(parents) AS parent FROM samples WHERE {STATED}"
    return f"SELECT sample_id FROM ({edges}) WHERE parent IN {frontier}"


def _nodes(ledger: Ledger, reached: SampleSet) -> tuple[Node, ...]:
    found = ledger.connection.execute(
        f"SELECT {_NODE_COLUMNS} FROM (SELECT * FROM samples WHERE sample_id IN (SELECT sample_id FROM "
        f"{reached.table}) QUALIFY row_number() OVER (PARTITION BY sample_id ORDER BY {BEST_BIRTH_FIRST}) = 1) "
        f"JOIN {reached.table} USING (sample_id) ORDER BY distance, sample_id"
    ).fetchall()
    return tuple(Node(*row[:-3], *_born_of(ledger, *row[-3:])) for row in found)


def _born_of(
    ledger: Ledger, activity_number: int | None, agent: int | None, source: int | None
) -> tuple[str | None, ...]:
    """The fields of a `Node` from ``type`` on."""
    activity = None if activity_number is None else ledger.activities[activity_number]
    plan = ledger.vocabulary.plans.get(activity.plan) if activity and activity.plan else None
    return (
        activity.type.value if activity else None,
        activity.id if activity else None,
        None if agent is None else agent_label(ledger.agents[agent]),
        None if source is None else ledger.sources[source].name,
        plan.name if plan else None,
        activity.stage.name if activity and activity.stage else None,
    )


def _edges(ledger: Ledger, reached: SampleSet) -> tuple[Edge, ...]:
    members = f"(SELECT sample_id FROM {reached.table})"
    found = ledger.connection.execute(
        "SELECT DISTINCT lower(hex(child)), lower(hex(parent)), role FROM (SELECT sample_id AS child, unnest(parents) "
        f"AS parent, unnest(parent_roles) AS role FROM samples WHERE sample_id IN {members} AND {STATED}) "
        f"WHERE parent IN {members} ORDER BY 1, 2, 3"
    ).fetchall()
    return tuple(Edge(*edge) for edge in found)
