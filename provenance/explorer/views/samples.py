"""The page of a sample: its ancestry, what it says beside what it was made from, its prompt, its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.errors import ProvenanceError
from provenance.explorer.addresses import address
from provenance.explorer.ancestry import picture
from provenance.explorer.prompts import prompt_of
from provenance.explorer.said import texts_in_time
from provenance.faces.display import show
from provenance.faces.texts import difference, shared
from provenance.ledger.contents import Content, contents
from provenance.ledger.graph.graph import Direction
from provenance.ledger.references import is_prefix, resolve
from provenance.ledger.walks import Node, describe

if TYPE_CHECKING:
    from markupsafe import Markup
    from starlette.requests import Request
    from starlette.responses import Response

    from provenance.explorer.ancestry import Card
    from provenance.explorer.revision import Revision
    from provenance.explorer.site import Site
    from provenance.lineage.records import Record

_OF_A_CARD = 110
_MOST_CHARACTERS = 20_000
_MOST_PARENTS, _MOST_COMMITS = 20, 50
_KNOWN = ("open", "beside", "commits", "rev")


@dataclass(frozen=True)
class Beside:
    """A parent and the sample, field by field; ``how``: what is marked. ``others``: more parents, with links."""

    node: Node
    role: str | None
    left: list[tuple[str, Markup]]
    right: list[tuple[str, Markup]]
    how: str
    others: list[tuple[str, str]]


def sample(site: Site, request: Request) -> Response:
    """A sample by its id, the beginning of it, or PATH:ROW."""
    query = request.query_params
    if unknown := sorted(set(query) - set(_KNOWN)):
        raise ProvenanceError(f"{unknown[0]}: not known here; known are {', '.join(_KNOWN)}")
    revision = site.at(query.get("rev"))
    ledger = revision.ledger
    named = request.path_params["id"]
    sample_id = resolve(ledger, named if is_prefix(named) else str(site.repository.root / named))
    number = revision.number(sample_id)
    (node,) = describe(ledger.graph, np.array([number], np.int64))
    records = ledger.records(sample_id)
    record = records[0]
    opened = frozenset(part for value in query.getlist("open") for part in value.split(",") if part)
    graph = picture(ledger.graph, number, opened)
    said = contents(ledger, [sample_id, *record.parents[:_MOST_PARENTS]])
    texts = texts_in_time(ledger, [card.node.sample_id for card in graph.cards if not card.is_group], _OF_A_CARD + 1)
    rev = {"rev": query.get("rev") or ""}

    def grown(card: Card) -> str:
        return address("sample", sample_id, {**rev, "open": ",".join(sorted({*opened, card.key}))})

    digest = ledger.recorded[0].sidecar.header.identity.digest if ledger.recorded else "xxh3_128"
    parents = [_fields(said.get(parent)) for parent in record.parents[:_MOST_PARENTS]]
    return site.page(
        request,
        "sample.html",
        sample_id=sample_id,
        node=node,
        record=record,
        births=records,
        graph=graph,
        subject=number,
        texts={sample: show(text, _OF_A_CARD) for sample, text in texts.items()},
        grown=grown,
        place="" if sample_id not in said else said[sample_id].place,
        values=[(name, show(value, _MOST_CHARACTERS)) for name, value in _fields(said.get(sample_id)).items()],
        beside=_beside(revision, record, said, query.get("beside"), rev),
        prompt=prompt_of(record, parents, digest),
        ancestors=revision.others(number, Direction.ANCESTORS),
        descendants=revision.others(number, Direction.DESCENDANTS),
        occurrences=ledger.occurrences(sample_id),
        commits=_commits(site, sample_id) if query.get("commits") else None,
        commits_at=address("sample", sample_id, {**rev, "commits": "all"}) + "#commits",
    )


def _fields(content: Content | None) -> Mapping[str, str]:
    if content is None:
        return {}
    return content.values or {"": content.place}


def _beside(
    revision: Revision, record: Record, said: Mapping[str, Content], asked: str | None, rev: Mapping[str, str]
) -> Beside | None:
    """The sample beside the parent that is ``asked`` for, or its first; None where one is not readable here."""
    own, parents = _fields(said.get(record.sample_id)), record.parents[:_MOST_PARENTS]
    readable = [parent for parent in dict.fromkeys(parents) if parent in said]
    if not own or not readable:
        return None
    parent = asked if asked in readable else readable[0]
    theirs = _fields(said[parent])
    left, right, how = _compared(theirs, own)
    (node,) = describe(revision.ledger.graph, revision.ledger.graph.numbers([parent]))
    roles = dict(zip(record.parents, record.parent_roles, strict=False))
    others = [
        (each, address("sample", record.sample_id, {**rev, "beside": each}) + "#compared")
        for each in readable
        if each != parent
    ]
    return Beside(node, roles.get(parent), left, right, how, others)


def _compared(
    theirs: Mapping[str, str], own: Mapping[str, str]
) -> tuple[list[tuple[str, Markup]], list[tuple[str, Markup]], str]:
    """Both sides, with what changed in each field, or else the runs of words that both have."""
    if set(theirs) == set(own):
        pairs = {name: difference(theirs[name], own[name]) for name in own}
        if all(pairs.values()):
            found = {name: pair for name, pair in pairs.items() if pair is not None}
            left = [(name, before) for name, (before, _) in found.items()]
            right = [(name, after) for name, (_, after) in found.items()]
            return left, right, "What was taken out is struck through; what was put in is underlined."
    all_of_theirs, all_of_own = "\n".join(theirs.values()), "\n".join(own.values())
    return (
        [(name, shared(value, all_of_own, limit=_MOST_CHARACTERS)) for name, value in theirs.items()],
        [(name, shared(value, all_of_theirs, limit=_MOST_CHARACTERS)) for name, value in own.items()],
        "Runs of three words or more that both have are marked.",
    )


def _commits(site: Site, sample_id: str) -> dict[str, object]:
    """In which commits the sample came into datasets and left them, and of how many versions that is not known."""
    from provenance.ledger.history.sample_log import log_sample

    found = log_sample(site.repository, site.repository.history(), sample_id)
    return {
        "entries": found.entries[:_MOST_COMMITS],
        "left_out": max(0, len(found.entries) - _MOST_COMMITS),
        "unknown": len(found.unknown),
    }
