"""The first page: all datasets, how they are made, and what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.ledger.datasets import State

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from provenance.explorer.site import Site

# What is said of a sidecar, and the sign beside it.
STATES = {
    State.OK: ("pass", "recorded"),
    State.STALE: ("fail", "data changed since"),
    State.CHANGED: ("warn", "not as DVC recorded it"),
}


@dataclass(frozen=True)
class Listed:
    """A dataset with lineage in the list."""

    path: str
    rows: int
    by_origin: dict[str, int]
    state: tuple[str, str]


def overview(site: Site, request: Request) -> Response:
    """All datasets of a revision."""
    revision = site.at(request.query_params.get("rev"))
    ledger = revision.ledger
    listed = [
        Listed(each.path, each.rows, revision.by_origin[each.path], STATES[each.state]) for each in ledger.recorded
    ]
    without = [(path, "no lineage recorded") for path in ledger.unrecorded]
    without += [(path, reason) for path, reason in {**ledger.unfetched, **ledger.unusable}.items()]
    return site.page(
        request,
        "overview.html",
        listed=listed,
        without=without,
        samples=ledger.graph.size,
        derivations=len(ledger.graph.parents.targets),
        things=revision.most_frequent,
        prompts=revision.prompts,
    )
