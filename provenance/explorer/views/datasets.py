"""The pages of a dataset: its rows with their facets, what it is made of, how it changed, where it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from provenance.errors import ProvenanceError
from provenance.explorer.addresses import address, query, toggled
from provenance.explorer.facets import counts, facets
from provenance.explorer.filters import FACETS, Filter
from provenance.explorer.row_downloads import DOWNLOADS
from provenance.explorer.row_pages import Reading
from provenance.explorer.views.auditing import packs_named, samples_of_rule
from provenance.explorer.views.overview import STATES, linked_nodes
from provenance.faces.display import show

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from provenance.explorer.revision import Revision
    from provenance.explorer.site import Site
    from provenance.ledger.datasets import RecordedDataset

_MOST_CHARACTERS = 320
TABS = {"rows": "Rows", "composition": "What is in it", "history": "How it changed", "lineage": "Where it came from"}


def dataset(site: Site, request: Request) -> Response:
    """One of the pages of a dataset."""
    asked = {name: request.query_params.getlist(name) for name in request.query_params}
    chosen = Filter.of(asked)
    revision = site.at(request.query_params.get("rev"))
    found = revision.dataset(request.path_params["path"])
    view = request.query_params.get("view") or "rows"
    if view not in TABS:
        raise ProvenanceError(f"view={view}: not a page of a dataset; known are {', '.join(TABS)}")
    if form := request.query_params.get("format"):
        return _download(site, revision, found, chosen, form)
    rev = {"rev": asked.get("rev", ())}
    head: dict[str, Any] = {
        "dataset": found,
        "state_of": STATES[found.state],
        "by_origin": revision.by_origin[found.path],
        "tabs": [
            (address("dataset", found.path, {**rev, "view": "" if name == "rows" else name}), words, name == view)
            for name, words in TABS.items()
        ],
        "audit": "/audit" + query({**rev, "dataset": found.path}),
    }
    shown = {"rows": _rows, "composition": _composition, "history": _history, "lineage": _lineage}[view]
    return site.page(request, f"dataset_{view}.html", **head, **shown(site, revision, found, chosen, asked))


def _download(site: Site, revision: Revision, found: RecordedDataset, chosen: Filter, form: str) -> Response:
    from starlette.responses import StreamingResponse

    download = DOWNLOADS.get(form)
    if download is None:
        raise ProvenanceError(f"format={form}: not a format of rows; known are {', '.join(DOWNLOADS)}")
    found.require_current()
    among = _among(site, revision, found, chosen)
    reading = Reading(revision.ledger, found, revision.fitting(found, chosen, among)[0], chosen.words)
    headers = {"content-disposition": f'attachment; filename="rows.{form}"'}
    return StreamingResponse(download.written(reading), media_type=download.media_type, headers=headers)


def _rows(
    site: Site, revision: Revision, found: RecordedDataset, chosen: Filter, asked: dict[str, list[str]]
) -> dict[str, Any]:
    found.require_current()
    among = _among(site, revision, found, chosen)
    reading = Reading(revision.ledger, found, revision.fitting(found, chosen, among)[0], chosen.words)
    page = reading.page(chosen.after)
    certain, at_most = revision.narrowed(found, chosen, among)
    counted = counts(certain, at_most, chosen, revision.groups_by_facet)
    if len(chosen.came_from) == 1 and not chosen.is_of_births and among is None:
        # Of the rows of a sample some may be certain, and others not; of several conditions together that is not known.
        (reached,) = (each for each in revision.selected(chosen.came_from[0]).datasets if each.path == found.path)
        counted = replace(counted, rows=reached.certain, at_most=reached.at_most)
    kept: dict[str, list[str]] = {**chosen.asked, "rev": asked.get("rev", [])}

    def toggle(name: str, value: str) -> str:
        return address("dataset", found.path, toggled(kept, name, value))

    following = None
    if page.following is not None:
        following = address("dataset", found.path, {**kept, "after": str(page.following)})
    return {
        "facets": facets(certain, at_most, chosen, revision.groups_by_facet),
        "counts": counted,
        "chosen": chosen,
        "titles": FACETS,
        "toggle": toggle,
        "without_rule": address(
            "dataset", found.path, {name: kept[name] for name in kept if name not in ("rule", "policy")}
        ),
        "base": address("dataset", found.path, {"rev": kept["rev"]}),
        "hidden": [(name, value) for name, values in kept.items() if name != "q" for value in values],
        "page": page,
        "rows": [(row, show(row.text, _MOST_CHARACTERS) if row.text else "") for row in page.rows],
        "following": following,
        "downloads": [(form.upper(), address("dataset", found.path, {**kept, "format": form})) for form in DOWNLOADS],
    }


def _among(site: Site, revision: Revision, found: RecordedDataset, chosen: Filter) -> list[str] | None:
    """The samples of the rule that is asked for; None: all."""
    return samples_of_rule(site, revision, found, chosen.rule, packs_named(chosen.policies)) if chosen.rule else None


def _composition(site: Site, revision: Revision, found: RecordedDataset, *_: Any) -> dict[str, Any]:
    from provenance.ledger.composition.composition import composition
    from provenance.report.page.bars import bars

    counted = composition(revision.ledger, found)
    return {"composition": counted, "bars": bars(counted)}


def _history(site: Site, revision: Revision, found: RecordedDataset, *_: Any) -> dict[str, Any]:
    from provenance.report.page.past import drawn

    columns = site.past(revision, found, site.history(revision))
    return {"columns": columns, "drawn": drawn(columns)}


def _lineage(
    site: Site, revision: Revision, found: RecordedDataset, chosen: Filter, asked: dict[str, list[str]]
) -> dict[str, Any]:
    flow = revision.pipeline(found)
    return {"pipeline": flow, "nodes": linked_nodes(flow, {"rev": next(iter(asked.get("rev", ())), "")})}
