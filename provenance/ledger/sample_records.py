"""The records of one sample: what all sidecars say of it, each distinct birth once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from provenance.engines.samples_view import BORN_BY

if TYPE_CHECKING:
    from provenance.lineage.records import Activity, Agent, Record, Source
    from provenance.lineage.vocabulary import Vocabulary


def distinct_births(found: Sequence[Mapping[str, Any]], vocabulary: Vocabulary) -> list[Record]:
    """The distinct births among ``found``, the most credible first, as records; rows are counted over all datasets.

    Of a birth, ``rows`` are certain, and ``possible_rows`` may be besides; ``ambiguous_rows`` of the first are all
    that births share. A record that explains nothing is given only where there is no other, or where the dataset
    that it is of knows another.

    Args:
        found: the births of one sample, as the engine gives them: the most credible first.
        vocabulary: what their numbers of activities, agents and sources stand for.
    """
    from provenance.lineage.row_bounds import rows_of_births

    births: dict[str, list[Mapping[str, Any]]] = {}
    for row in found:
        same = births.setdefault(repr([row[name] for name in BORN_BY]), [])
        if any(other["sidecar"] == row["sidecar"] for other in same):
            # One sidecar has each birth once, so that this is another, of another origin.
            same = births.setdefault(repr([row[name] for name in (*BORN_BY, "origin", "kind", "license")]), [])
        same.append(row)
    explaining = {row["sidecar"] for row in found if not row["unexplained"]}
    given = [
        same
        for same in births.values()
        if not explaining or not same[0]["unexplained"] or any(row["sidecar"] in explaining for row in same)
    ]
    # Births of rows come before those of an ancestor that happens to be of equal content.
    given.sort(key=lambda same: not any(row["rows"] or row["possible_rows"] for row in same))
    counted = rows_of_births(found, given)
    activities, agents = tuple(vocabulary.activities.values()), tuple(vocabulary.agents.values())
    entries = _Entries(activities, agents, tuple(vocabulary.sources.values()))
    return [_record(same, numbers, vocabulary, entries) for same, numbers in zip(given, counted, strict=True)]


class _Entries(NamedTuple):
    """What numbers in records stand for."""

    activities: tuple[Activity, ...]
    agents: tuple[Agent, ...]
    sources: tuple[Source, ...]


def _record(
    same: Sequence[Mapping[str, Any]], counted: Mapping[str, int], vocabulary: Vocabulary, entries: _Entries
) -> Record:
    """One record of what several sidecars say of one birth; what one leaves open another may know.

    ``counted``: its rows, in `COUNTED_NAMES`.
    """
    from provenance.lineage.records import Record
    from provenance.lineage.words import doubts_of

    row: dict[str, Any] = {name: next((r[name] for r in same if r[name] is not None), None) for name in same[0]}
    activity = None if row["activity"] is None else entries.activities[row["activity"]]
    prompt: bytes | None = row["prompt"]
    values = {name: row[name] for name in Record.model_fields if name in row}
    return Record.model_validate(
        values
        | {
            "sample_id": row["sample_id"].hex(),
            **counted,
            "by_marks": any(r["marks"] is not None for r in same),
            "calls": max(r["calls"] or 1 for r in same),
            "doubts": doubts_of(row["doubts"]),
            "activity": activity,
            "agent": None if row["agent"] is None else entries.agents[row["agent"]],
            "plan": vocabulary.plans.get(activity.plan) if activity and activity.plan else None,
            "source": None if row["source"] is None else entries.sources[row["source"]],
            "parents": tuple(parent.hex() for parent in row["parents"] or ()),
            "parent_roles": tuple(row["parent_roles"] or ()),
            "prompt": None if prompt is None else prompt.hex(),
        }
    )
