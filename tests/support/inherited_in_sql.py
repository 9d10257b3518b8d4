"""What follows from parents, once more, in SQL: to hold `lineage.inherited` against on random values."""

from __future__ import annotations

from collections.abc import Mapping

from provenance.lineage.rules import (
    FIXED_DEPTHS,
    FIXED_ROOTS,
    TAKEN_OVER,
    agreed_sql,
    strength_sql,
    weakest_of_all_sql,
)
from provenance.lineage.words import DOUBTS, Origin


def _by_origin(origin: str, values: Mapping[str, int | bool | None], otherwise: str) -> str:
    cases = " ".join(
        f"WHEN '{name}' THEN {'NULL' if value is None else str(value).lower()}" for name, value in values.items()
    )
    return f"CASE {origin} {cases} ELSE {otherwise} END"


def _all_agree(value: str) -> str:
    return f"count({value}) = count(*) AND min({value}) = max({value})"


def _where_all_agree(column: str, origin_that_has_it: str) -> str:
    """What all those parents agree in that can have it; NULL where one of these has none."""
    in_doubt = f"bit_or(coalesce(p.doubts, 0)) & {1 << DOUBTS.index(column)} > 0"
    return (
        f"CASE WHEN NOT ({in_doubt}) AND min(p.{column}) = max(p.{column}) AND count(p.{column}) = count(*) "
        f"FILTER ({origin_that_has_it}) THEN min(p.{column}) END"
    )


def weaker_sql(one: str, other: str) -> str:
    """The weaker of two pieces of evidence; NULL where one of them is not stated."""
    return (
        f"CASE WHEN {one} IS NULL OR {other} IS NULL THEN NULL WHEN {strength_sql(one)} < {strength_sql(other)} "
        f"THEN {other} ELSE {one} END"
    )


_BRACKETED = "CASE WHEN contains(p.license, ' ') THEN '(' || p.license || ')' ELSE p.license END"


# What a sample takes from its parents, each of which is a row of ``p``: aggregates over the parents. A license is null
# where one parent's is; kind, agent and source are taken where those parents agree that can have one.
FROM_PARENTS: Mapping[str, str] = {
    "origin": (
        f"CASE WHEN bool_or(coalesce(p.origin, '{Origin.UNKNOWN}') = '{Origin.UNKNOWN}') THEN '{Origin.UNKNOWN}' "
        f"WHEN min(p.origin) = max(p.origin) THEN min(p.origin) ELSE '{Origin.MIXED}' END"
    ),
    "depth": "CASE WHEN bool_or(p.depth IS NULL) THEN NULL ELSE max(p.depth) END",
    "real_rooted": (
        "CASE WHEN bool_or(coalesce(p.real_rooted, false)) THEN true WHEN bool_or(p.real_rooted IS NULL) THEN NULL "
        "ELSE false END"
    ),
    "license": (
        "CASE WHEN bool_or(p.license IS NULL) THEN NULL WHEN count(DISTINCT p.license) = 1 THEN min(p.license) "
        f"ELSE string_agg(DISTINCT {_BRACKETED}, ' AND ' ORDER BY {_BRACKETED}) END"
    ),
    "chain_evidence": weakest_of_all_sql("p.chain_evidence"),
    "kind": _where_all_agree("kind", f"p.origin <> '{Origin.REAL}'"),
    "agent": _where_all_agree("agent", f"p.origin <> '{Origin.REAL}'"),
    "source": _where_all_agree("source", f"p.origin = '{Origin.REAL}'"),
    "doubts": "bit_or(coalesce(p.doubts, 0))",
}
_DOUBT_BITS: Mapping[str, int] = {name: 1 << place for place, name in enumerate(DOUBTS)}
# What is known of a parent, each row of ``p`` being a birth that it may have had: what all of these agree in, and in
# what they do not.
FROM_BIRTHS: Mapping[str, str] = {
    **{name: agreed_sql(f"p.{name}") for name in DOUBTS},
    "chain_evidence": FROM_PARENTS["chain_evidence"],
    "doubts": "bit_or(coalesce(p.doubts, 0)) | "
    + " | ".join(
        f"(CASE WHEN count(p.{name}) > 0 AND NOT ({_all_agree(f'p.{name}')}) THEN {bit} ELSE 0 END)::UTINYINT"
        for name, bit in _DOUBT_BITS.items()
    ),
}


def resolved(born: str, parents: str, generation: str) -> dict[str, str]:
    """SQL for the columns that follow from parents, of the record ``born`` (a table's name).

    A model's output is synthetic whatever its parents, and one step deeper; a derivation without a model takes all of
    it from its parents. An origin that is already stated stands.

    Args:
        parents: the table that has `FROM_PARENTS` of the record.
        generation: an SQL expression: a model made the record.
    """
    origin = f"coalesce({born}.origin, {parents}.origin)"
    taken = {
        name: f"CASE WHEN {generation} THEN {born}.{name} ELSE coalesce({born}.{name}, {parents}.{name}) END"
        for name in TAKEN_OVER
    }
    worked_out = {
        "origin": origin,
        "depth": _by_origin(origin, FIXED_DEPTHS, f"{parents}.depth + ({generation})::USMALLINT"),
        "real_rooted": _by_origin(origin, FIXED_ROOTS, f"{parents}.real_rooted"),
        "chain_evidence": weaker_sql(f"{born}.evidence", f"{parents}.chain_evidence"),
        **taken,
    }
    null = {**worked_out, "origin": f"nullif({origin}, '{Origin.UNKNOWN}')"}
    bits = [f"CASE WHEN ({null[name]}) IS NULL THEN {bit} ELSE 0 END" for name, bit in _DOUBT_BITS.items()]
    own = f"CASE WHEN {generation} THEN {sum(_DOUBT_BITS[name] for name in TAKEN_OVER)} ELSE 0 END"
    stated = f"CASE WHEN {born}.origin IS NOT NULL THEN {_DOUBT_BITS['origin']} ELSE 0 END"
    # An origin in doubt leaves the depth open.
    doubts = f"({parents}.doubts | ({parents}.doubts & {_DOUBT_BITS['origin']}) * {_DOUBT_BITS['depth']})"
    in_doubt = f"{doubts} & ({' | '.join(bits)}) & (255 - ({own})) & (255 - ({stated}))"
    return {**worked_out, "doubts": f"nullif({in_doubt}, 0)::UTINYINT"}
