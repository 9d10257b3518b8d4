"""Rows that say by `_model`, `_kind` and `_prompt` which model made them, and how; their `_parents` are its input."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from provenance.identity import Scan
from provenance.identity.reserved import KIND, MODEL, PROMPT
from provenance.lineage.database import count
from provenance.lineage.explaining import ROOT_COLUMNS
from provenance.lineage.records import Activity, ActivityType, Agent
from provenance.lineage.tables import Tables, places
from provenance.lineage.words import OTHER_KIND, Evidence, Kind, Origin

# All activities are described in the header, which is read with every question.
MOST_MODELS = 1000

AgentOf = Callable[[str], Agent]


def by_model_column(tables: Tables, rows: Scan, derivation: Activity, agent_of: AgentOf) -> int:
    """Enter a generation for each row that names its model, and count them; their parents are in the table ``derived``.

    Args:
        derivation: the running stage, which is where the models were asked.
        agent_of: describes a model by its name.

    Raises:
        DataError: a kind or a prompt without a model, an unknown kind, or more than `MOST_MODELS` models.
    """
    _check(tables, rows)
    found = tables.connection.execute(
        "SELECT model, min(row) FROM rows WHERE model IS NOT NULL GROUP BY 1 ORDER BY 2"
    ).fetchall()
    if len(found) > MOST_MODELS:
        raise rows.error(found[MOST_MODELS][1], f"{MODEL} names more than {MOST_MODELS} models; is it a model's name?")
    agents = [agent_of(model) for model, _ in found]
    activities = [
        derivation.model_copy(update={"type": ActivityType.GENERATION, "agent": agent.id}) for agent in agents
    ]
    tables.vocabulary.add(activities, agents)
    agent_places = places(tables.vocabulary.agents)
    models = pa.table(
        {
            "model": pa.array([model for model, _ in found], pa.string()),
            "activity": pa.array(tables.numbers(activities), pa.uint32()),
            "agent": pa.array([agent_places[agent.id] for agent in agents], pa.uint32()),
        }
    )
    tables.connection.register("models", models)
    tables.connection.execute(
        "INSERT INTO records BY NAME SELECT * EXCLUDE (rows), rows AS low, rows AS high, nullif(rows, 1) AS calls, "
        f"{ROOT_COLUMNS} FROM (SELECT r.sample_id, '{Origin.SYNTHETIC}' AS origin, r.kind, m.activity, m.agent, "
        "coalesce(d.parents, []::BLOB[]) AS parents, coalesce(d.parent_roles, []::VARCHAR[]) AS parent_roles, "
        f"r.prompt, CASE WHEN d.by_key THEN '{Evidence.DECLARED}' ELSE '{Evidence.OBSERVED}' END AS evidence, "
        "count(*)::UINTEGER AS rows "
        "FROM rows r JOIN models m USING (model) LEFT JOIN derived d ON d.row = r.row GROUP BY ALL)"
    )
    tables.connection.unregister("models")
    return count(tables.connection, "SELECT count(*) FROM rows WHERE model IS NOT NULL")


def _check(tables: Tables, rows: Scan) -> None:
    for column, name in (("kind", KIND), ("prompt", PROMPT)):
        alone = tables.connection.execute(
            f"SELECT min(row) FROM rows WHERE {column} IS NOT NULL AND model IS NULL"
        ).fetchall()[0][0]
        if alone is not None:
            raise rows.error(alone, f"{name} goes with {MODEL}, which names the model that made the row")
    for row, kind in tables.connection.execute(
        "SELECT row, left(kind, 40) FROM rows WHERE kind IS NOT NULL AND NOT list_contains(?, kind) "
        "AND NOT regexp_full_match(kind, ?) ORDER BY 1 LIMIT 1",
        [[*Kind], OTHER_KIND],
    ).fetchall():
        raise rows.error(row, f"{KIND} is {kind!r}, not one of {Kind.listed()}")
