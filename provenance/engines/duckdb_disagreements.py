"""Where the origins that two sidecars state of one sample have nothing in common, by DuckDB."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from provenance.engines.answers import Disagreement
from provenance.lineage.records import Origin

# Origins are gathered as bits of a number: what is grouped then has a fixed size, and can be put on disk.
_ORIGINS = tuple(Origin)
_BIT = "CASE origin " + " ".join(f"WHEN '{origin}' THEN {1 << place}" for place, origin in enumerate(_ORIGINS)) + " END"
# A record without evidence tells of no birth where it names an activity: that was the one that removed the sample.
_STATED = f"""
    SELECT sample_id, min(sidecar) AS place, bit_or(({_BIT})::UTINYINT) AS origins
    FROM samples WHERE list_contains($among::BIGINT[], sidecar) AND (evidence IS NOT NULL OR activity IS NULL)
    GROUP BY sample_id"""
_OWN = "bool_or(coalesce(list_contains($own::BIGINT[], activity), false))"
_FOUND = f"""
    SELECT others.place, own.origins, others.origins, count(*), min(lower(hex(sample_id)))
    FROM ({_STATED.replace("$among", "$places")} HAVING NOT {_OWN}) own
    JOIN ({_STATED.replace("$among", "$others")}) others USING (sample_id)
    WHERE own.origins & others.origins = 0
    GROUP BY ALL ORDER BY ALL"""


def disagreements(
    connection: duckdb.DuckDBPyConnection, place: int, others: Sequence[int], own: Collection[int]
) -> list[Disagreement]:
    """See `Questions.disagreements`."""
    given = {"places": [place], "others": list(others), "own": list(own)}
    found = connection.execute(_FOUND, given).fetchall()
    return [
        Disagreement(other, _origins(stated), _origins(stated_there), samples, first)
        for other, stated, stated_there, samples, first in found
    ]


def _origins(bits: int) -> tuple[str, ...]:
    return tuple(str(origin) for place, origin in enumerate(_ORIGINS) if bits & 1 << place)
