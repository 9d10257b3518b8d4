"""The search field: from a name, an id or PATH:ROW to its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provenance.errors import ProvenanceError
from provenance.explorer.addresses import address
from provenance.ledger.references import is_prefix, resolve

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from provenance.explorer.revision import Revision
    from provenance.explorer.site import Site

_MOST_DATASETS = 8


def find(site: Site, request: Request) -> Response:
    """Lead to what ``q`` names, or offer to look for it in the rows of datasets."""
    from starlette.responses import RedirectResponse

    asked = request.query_params.get("q", "").strip()
    revision = site.at(request.query_params.get("rev"))
    if not asked:
        return RedirectResponse("/", 303)
    rev = {"rev": request.query_params.get("rev") or ""}
    try:
        to = _named(revision, asked, rev) or address("sample", _sample(site, revision, asked), rev)
    except ProvenanceError as error:
        largest = sorted(revision.ledger.recorded, key=lambda each: -each.rows)[:_MOST_DATASETS]
        elsewhere = [(address("dataset", each.path, {**rev, "q": asked}), each.path) for each in largest]
        return site.sorry(request, 404, "Nothing goes by that name", str(error), elsewhere=elsewhere)
    return RedirectResponse(to, 303)


def _named(revision: Revision, asked: str, rev: dict[str, str]) -> str:
    """The page of a dataset, model, source, prompt, licence or step's run of this name; empty if nothing has it."""
    said = revision.ledger.graph.descriptions
    known = {
        "dataset": [each.path for each in revision.ledger.recorded],
        "model": [str(agent["label"]) for agent in said.agents],
        "source": [str(source["name"]) for source in said.sources],
        "prompt": [str(activity["plan"]) for activity in said.activities],
        "activity": [str(activity["id"]) for activity in said.activities],
        "license": [str(revision.ledger.graph.license_of(born)) for born in revision.ledger.graph.classes],
    }
    found = [(kind, asked.removeprefix(f"{kind}:")) for kind in known]
    return next((address(kind, name, rev) for kind, name in found if name in known[kind]), "")


def _sample(site: Site, revision: Revision, asked: str) -> str:
    named = asked.removeprefix("sample:")
    return resolve(revision.ledger, named if is_prefix(named) else str(site.repository.root / named))
