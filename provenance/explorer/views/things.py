"""The pages of models, sources, prompts, licences and runs of steps; and what would go if something were revoked."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from provenance.explorer.said import texts_in_time
from provenance.faces.display import show
from provenance.ledger.walks import describe
from provenance.plurals import counted

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from provenance.explorer.reach import Selected
    from provenance.explorer.revision import Revision
    from provenance.explorer.site import Site
    from provenance.lineage.records import Activity
    from provenance.lineage.vocabulary import Vocabulary

_EXAMPLES, _MOST_ACTIVITIES, _MOST_TEMPLATES = 5, 30, 8
_OF_A_ROW, _OF_A_TEMPLATE = 200, 20_000
# What is said of one sample that is the thing's own, and of several.
_OWN = {
    "model": ("was written by it", "were written by it"),
    "prompt": ("was written in answer to it", "were written in answer to it"),
    "source": ("was collected from it", "were collected from it"),
    "license": ("carries it", "carry it"),
    "activity": ("was made in it", "were made in it"),
}


def _thing(kind: str, site: Site, request: Request) -> Response:
    name = request.path_params["name"]
    revision = site.at(request.query_params.get("rev"))
    selector = f"{kind}:{name}"
    reach = revision.selected(selector)
    chosen = revision.reached(selector).selection.samples
    graph = revision.ledger.graph
    examples = chosen[:: max(1, len(chosen) // _EXAMPLES)][:_EXAMPLES]
    nodes = list(describe(graph, examples))
    texts = texts_in_time(revision.ledger, [node.sample_id for node in nodes], _OF_A_ROW + 1)
    activities = [each for each in revision.ledger.activities if _is_of(revision, each, kind, name)]
    return site.page(
        request,
        "thing.html",
        kind=kind,
        name=name,
        reach=reach,
        lead=_lead(kind, reach),
        said=_said(revision, kind, name),
        templates=_templates(revision, name) if kind == "prompt" else [],
        activities=activities[-_MOST_ACTIVITIES:][::-1],
        activities_left_out=max(0, len(activities) - _MOST_ACTIVITIES),
        rows=[(node, show(texts.get(node.sample_id, ""), _OF_A_ROW)) for node in nodes],
    )


def _lead(kind: str, reach: Selected) -> str:
    """How many samples are the thing's own, and how many more go back to it."""
    one, several = _OWN[kind]
    others = counted(reach.came_of_it, "more", "more") if reach.came_of_it else "nothing else"
    goes = "go back to them" if reach.came_of_it > 1 else "goes back to them"
    return f"{counted(reach.samples, 'sample')} {one if reach.samples == 1 else several}; {others} {goes}."


model, source, prompt, license_, activity = (
    partial(_thing, kind) for kind in ("model", "source", "prompt", "license", "activity")
)


def impact(site: Site, request: Request) -> Response:
    """What would go, and what would be left, if a selection were revoked; nothing is."""
    selector = request.query_params.get("selector", "").strip()
    reach = site.at(request.query_params.get("rev")).selected(selector) if selector else None
    # Quoted, as a name may be anything, and this is copied into a shell.
    command = shlex.join(["provenance", "revoke", selector, "--reason", "…"])
    return site.page(request, "impact.html", selector=selector, reach=reach, command=command)


def _said(revision: Revision, kind: str, name: str) -> list[list[tuple[str, Any]]]:
    """What is recorded of all that goes by this name: terms and values."""
    if kind == "model":
        return [
            [
                ("name", agent.name),
                ("revision", agent.revision),
                ("provider", agent.provider),
                ("weights", agent.weights_digest),
                ("licence of the model", agent.license),
                ("terms for its output", agent.output_terms),
            ]
            for agent in revision.ledger.agents
            if name in (agent.label, agent.name)
        ]
    if kind == "source":
        return [
            [
                ("name", each.name),
                ("address", each.url),
                ("licence", each.license),
                ("publisher", each.publisher),
                ("collected", each.collected_at),
            ]
            for each in revision.ledger.sources
            if each.name == name
        ]
    if kind == "activity":
        words = revision.ledger.vocabulary
        return [_terms_of_run(each, words) for each in revision.ledger.activities if each.id == name]
    return []


def _terms_of_run(run: Activity, words: Vocabulary) -> list[tuple[str, Any]]:
    """What is recorded of one run of a step; what is not, is left out."""
    agent, plan, source = words.agents.get(run.agent or ""), words.plans.get(run.plan or ""), run.source or ""
    changed = " with changes" if run.git and run.git.dirty else ""
    terms: list[tuple[str, Any]] = [
        ("what it did", run.type.value),
        ("step", run.stage and run.stage.name),
        ("command", run.command),
        ("model", agent and agent.label),
        ("prompt", plan and plan.name),
        ("source", source in words.sources and words.sources[source].name),
        ("began", run.started and run.started.strftime("%Y-%m-%d %H:%M:%S %Z")),
        ("ended", run.ended and run.ended.strftime("%Y-%m-%d %H:%M:%S %Z")),
        ("code at", run.git and run.git.head and f"{run.git.head[:12]}{changed}"),
        *((name.removeprefix("gen_ai.request."), f"{value}") for name, value in run.parameters.items()),
        ("results rejected", run.rejected and f"{sum(run.rejected.values()):,}"),
        ("packages", ", ".join(f"{name} {version}" for name, version in run.packages.items())),
    ]
    return [(term, value) for term, value in terms if value]


def _templates(revision: Revision, name: str) -> list[tuple[str, Any]]:
    plans = [
        plan for plan in revision.ledger.vocabulary.plans.values() if name in (plan.name, f"{plan.name}@{plan.id}")
    ]
    return [(plan.id, show(plan.template, _OF_A_TEMPLATE)) for plan in plans[:_MOST_TEMPLATES]]


def _is_of(revision: Revision, activity: Activity, kind: str, name: str) -> bool:
    words = revision.ledger.vocabulary
    named: dict[str, Callable[[], tuple[str, ...]]] = {
        "model": lambda: _names(words.agents.get(activity.agent or ""), "name", "label"),
        "prompt": lambda: _names(words.plans.get(activity.plan or ""), "name"),
        "source": lambda: _names(words.sources.get(activity.source or ""), "name"),
    }
    return kind in named and name in named[kind]()


def _names(described: object, *attributes: str) -> tuple[str, ...]:
    return () if described is None else tuple(getattr(described, attribute) for attribute in attributes)
