"""The page of what differs in a dataset between two revisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provenance.errors import UnknownReferenceError
from provenance.explorer.changed_samples import changed_samples
from provenance.explorer.said import texts_in_time
from provenance.faces.display import plain, show
from provenance.faces.texts import difference
from provenance.ledger.history.dataset_log import log_dataset
from provenance.ledger.history.differences import differences
from provenance.report.page.past import name_of

if TYPE_CHECKING:
    from markupsafe import Markup
    from starlette.requests import Request
    from starlette.responses import Response

    from provenance.explorer.revision import Revision
    from provenance.explorer.site import Site
    from provenance.ledger.walks import Node

_MOST_SHOWN, _MOST_REVISIONS = 20, 60
_OF_A_PAIR, _OF_A_ROW = 2_000, 200
_NAMED = {"by_origin": "origin", "by_kind": "kind", "by_model": "model", "by_source": "source", "by_license": "licence"}
_DAY, _DIGITS = 10, 10


@dataclass(frozen=True)
class Choice:
    """A revision to choose: what it is called in an address, and what is shown of it."""

    name: str
    words: str


def changes(site: Site, request: Request) -> Response:
    """What differs between revisions ``a`` and ``b`` (empty: the workspace) of a ``dataset``."""
    query = request.query_params
    now = site.at(None)
    paths = [each.path for each in now.ledger.recorded]
    path = query.get("dataset") or next(iter(paths), "")
    # A form holds names with what is hidden as escapes.
    path = next((each for each in paths if path in (each, plain(each))), path)
    if path not in paths:
        raise UnknownReferenceError(f"{path or 'datasets'}: no dataset with lineage here")
    choices = _choices(site, path)
    here = site.rev or ""
    a, b = query.get("a"), query.get("b")
    if a is None:
        # The version before the one that is here.
        a = choices[min(1, len(choices) - 1)].name if choices else ""
    b = here if b is None else b
    shown: dict[str, Any] = {"rows": None, "difference": None, "pairs": [], "came": [], "went": [], "by_origin": []}
    if a and a != b:
        shown |= _compared(site, path, a, b)
    return site.page(
        request,
        "changes.html",
        dataset_path=path,
        datasets=paths,
        choices=[Choice(here, "this revision" if here else "the workspace"), *choices],
        a=a,
        b=b,
        named=_NAMED,
        **shown,
    )


def _choices(site: Site, path: str) -> list[Choice]:
    """The commits that changed the dataset, the newest first."""
    if site.repository.git_state().head is None:
        return []
    history = site.repository.history()
    entries = log_dataset(site.repository, history, path).entries[:_MOST_REVISIONS]
    found = []
    for entry in entries:
        commit = entry.version.commit
        name = name_of(history, entry.version, _DIGITS)
        found.append(Choice(name, f"{name} · {commit.date[:_DAY]} · {commit.subject}"))
    return found


def _compared(site: Site, path: str, a: str, b: str) -> dict[str, Any]:
    (found,) = differences(site.repository, a, b or None, [path])
    before, after = site.at(a), site.at(b or None)
    old, new = before.dataset(found.moved_from or path), after.dataset(path)
    changed = changed_samples((before.ledger, old), (after.ledger, new), _MOST_SHOWN)
    texts_before = _texts(before, [one for one, _ in changed.anew] + changed.went)
    texts_after = _texts(after, [other for _, other in changed.anew] + changed.came)
    pairs = [
        (one, other, *_side_by_side(texts_before.get(one.sample_id), texts_after.get(other.sample_id)))
        for one, other in changed.anew
    ]
    return {
        "difference": found,
        "rows": found.rows,
        "changed": changed,
        "pairs": pairs,
        "came": [(node, show(texts_after.get(node.sample_id, ""), _OF_A_ROW)) for node in changed.came],
        "went": [(node, show(texts_before.get(node.sample_id, ""), _OF_A_ROW)) for node in changed.went],
        "by_origin": [before.by_origin[old.path], after.by_origin[new.path]],
    }


def _texts(revision: Revision, nodes: list[Node]) -> dict[str, str]:
    return texts_in_time(revision.ledger, [node.sample_id for node in nodes], _OF_A_PAIR) if nodes else {}


def _side_by_side(before: str | None, after: str | None) -> tuple[Markup, Markup]:
    """Both texts, what changed marked where both are here and alike."""
    both = None if before is None or after is None else difference(before, after)
    missing = "(its text is not on this machine)"
    return both or (show(missing if before is None else before), show(missing if after is None else after))
