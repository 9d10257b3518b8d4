"""What made rows that were taken over from an earlier version, as the journal describes it and as a sidecar does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provenance.lineage.records import Activity, Agent, Header, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def maker_of(header: Header, number: int) -> dict[str, Any]:
    """The journal's description of activity ``number`` of the version with this ``header``."""
    activity = header.activities[number]
    agents, plans = ({each.id: each for each in described} for described in (header.agents, header.plans))
    named = {"activity": activity, "agent": agents[activity.agent or ""], "plan": plans.get(activity.plan or "")}
    described = {name: each.model_dump(mode="json", exclude_none=True) for name, each in named.items() if each}
    return {"taken_over": header.dataset.md5 or "", **described}


def made_before(maker: Mapping[str, Any]) -> tuple[Agent, Activity, Plan | None] | None:
    """The agent, activity and plan of a maker in the journal that is of an earlier version; None where it is not."""
    if "taken_over" not in maker:
        return None
    plan = Plan.model_validate(maker["plan"]) if "plan" in maker else None
    return Agent.model_validate(maker["agent"]), Activity.model_validate(maker["activity"]), plan


def taken_over(makers: Iterable[Mapping[str, Any]]) -> dict[str, str] | None:
    """As an activity states it, which of ``makers`` made rows before; None where none did."""
    before = (maker for maker in makers if "taken_over" in maker)
    return {Activity.model_validate(maker["activity"]).id: maker["taken_over"] for maker in before} or None
