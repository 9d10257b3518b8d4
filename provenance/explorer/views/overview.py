"""The first page: all datasets, how they are made, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provenance.explorer.addresses import address
from provenance.ledger.datasets import State
from provenance.report.page.past import drawn

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from provenance.explorer.revision import Revision
    from provenance.explorer.site import Site
    from provenance.faces.charts import Column
    from provenance.faces.flow import Node
    from provenance.report.page.pipeline import Pipeline

# How the datasets of more samples are made is worked out when it is asked for.
_DRAWN_AT_ONCE = 2_000_000
# The history of so many datasets is shown beside them, where their versions have no more rows together than these.
_MOST_PASTS, _MOST_ROWS_OF_A_PAST = 50, 2_000_000

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
    flow = revision.pipeline() if ledger.graph.size <= _DRAWN_AT_ONCE or request.query_params.get("flow") else None
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
        pasts=_pasts(site, revision),
        pipeline=flow,
        nodes=[] if flow is None else linked_nodes(flow, {"rev": request.query_params.get("rev") or ""}),
    )


def linked_nodes(flow: Pipeline, rev: Mapping[str, str]) -> list[Node]:
    """The nodes of a flow; datasets, sources and models lead to their pages."""
    return [replace(node, href=_href(node, rev)) for node in flow.nodes]


def _href(node: Node, rev: Mapping[str, str]) -> str:
    is_one = node.kind == "dataset" or (node.kind in ("source", "model") and node.id == f"{node.kind}:{node.title}")
    return address(node.kind, node.title, rev) if is_one else ""


def _pasts(site: Site, revision: Revision) -> dict[str, list[Column]]:
    """By dataset, how it was at the commits that changed it, where these are several and soon counted."""
    history = site.history(revision)
    if history is None:
        return {}
    found = {
        each.path: site.past(revision, each, history)
        for each in revision.ledger.recorded[:_MOST_PASTS]
        # What a sidecar of other data says of these rows is not known.
        if each.state is not State.STALE and len(history.versions(each.path)) * each.rows <= _MOST_ROWS_OF_A_PAST
    }
    return {path: drawn(columns) for path, columns in found.items() if len(columns) > 1}
