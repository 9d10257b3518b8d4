"""The views that SQL questions are asked of; docs/query.md describes every column.

They give names where a sidecar has numbers: a name is taken from a list that stands in the view itself, which costs
nothing where the column is not asked for and less than a join where it is. Sample ids are there twice, as text to be
read and as bytes, by which DuckDB passes over row groups.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from provenance.engines.samples_view import create_samples_view
from provenance.ledger.composition.breakdowns import doubt_about
from provenance.ledger.composition.composition import BIRTH_CLASS_COLUMNS, IN_WORDS
from provenance.ledger.datasets import State
from provenance.lineage.database import text_literal
from provenance.lineage.rules import STATED_SQL, effective_license_sql
from provenance.lineage.schema import COLUMN_NAMES
from provenance.lineage.words import AMBIGUOUS, COUNTED_NAMES, DOUBTS

if TYPE_CHECKING:
    from provenance.ledger.sidecars import Sidecars
    from provenance.lineage.records import Activity

# Not in the schema that is searched, so that SHOW TABLES lists what is documented.
_RECORDS = "internal.records"
_TEXT, _COUNT, _TEXTS, _TIME = pa.string(), pa.int64(), pa.list_(pa.string()), pa.timestamp("us", "UTC")


def _of_class(column: str) -> str:
    """SQL: the value of a record in a column of its birth class, of which `Breakdown.value` has the rule."""
    if column not in IN_WORDS:
        return column
    in_doubt = [f"list_contains(doubts, '{doubt_about(column)}')"]
    if IN_WORDS[column].is_of_some:
        in_doubt.append(f"({column} IS NULL AND list_contains(doubts, 'origin'))")
    if column == "license":
        in_doubt.append("(license IS NULL AND list_contains(doubts, 'source'))")
    return f"CASE WHEN {' OR '.join(in_doubt)} THEN '{AMBIGUOUS}' ELSE {column} END AS {column}"


# What may have been born in several ways is a class of its own: the rows then add up.
_BIRTH_CLASSES = (
    f"SELECT dataset, {', '.join(map(_of_class, BIRTH_CLASS_COLUMNS))}, sum(rows)::BIGINT AS rows, "
    "coalesce(sum(content_bytes * rows), 0)::BIGINT AS bytes FROM samples WHERE rows > 0 GROUP BY ALL "
    f"UNION ALL BY NAME SELECT dataset, '{AMBIGUOUS}' AS origin, sum(ambiguous_rows)::BIGINT AS rows, "
    "coalesce(sum(content_bytes * ambiguous_rows), 0)::BIGINT AS bytes FROM samples WHERE ambiguous_rows > 0 "
    "GROUP BY ALL"
)
_ACTIVITY_COLUMNS = {
    "activity": _TEXT,
    "type": _TEXT,
    "agent": _TEXT,
    "model": _TEXT,
    "prompt_id": _TEXT,
    "prompt": _TEXT,
    "source_id": _TEXT,
    "source": _TEXT,
    "stage": _TEXT,
    "command": _TEXT,
    "git_commit": _TEXT,
    "git_dirty": pa.bool_(),
    "started": _TIME,
    "ended": _TIME,
    "parameters": _TEXT,
    "packages": _TEXT,
    "rejected": _TEXT,
    "price_currency": _TEXT,
    "price_input": pa.decimal128(20, 10),
    "price_output": pa.decimal128(20, 10),
}
_AGENT_COLUMNS = dict.fromkeys(
    ("agent", "model", "name", "revision", "provider", "weights_digest", "license", "output_terms"), _TEXT
)
_PROMPT_COLUMNS = dict.fromkeys(("prompt_id", "prompt", "template"), _TEXT)
_SOURCE_COLUMNS = dict.fromkeys(("source_id", "source", "url", "license", "publisher"), _TEXT) | {"collected_at": _TIME}
_DATASET_COLUMNS = {
    "dataset": _TEXT,
    "state": _TEXT,
    "rows": _COUNT,
    "records": _COUNT,
    "bytes": _COUNT,
    "md5": _TEXT,
    "digest": _TEXT,
    "fields": _TEXTS,
    "tokenizer": _TEXT,
}


def create_views(connection: duckdb.DuckDBPyConnection, ledger: Sidecars) -> None:
    """Create the views that docs/query.md describes over the ledger's sidecars; of samples, nothing is copied."""
    connection.execute("CREATE SCHEMA internal")
    sidecars = [dataset.sidecar for dataset in ledger.recorded]
    create_samples_view(connection, sidecars, ledger.vocabulary, _RECORDS)
    connection.execute(f"CREATE VIEW samples AS SELECT {', '.join(_sample_columns(ledger))} FROM {_RECORDS}")
    connection.execute(f"CREATE VIEW parents AS {_parents(ledger)}")
    connection.execute(f"CREATE VIEW birth_classes AS {_BIRTH_CLASSES}")
    _create_table(connection, "activities", _ACTIVITY_COLUMNS, (_activity(ledger, each) for each in ledger.activities))
    _create_table(
        connection,
        "agents",
        _AGENT_COLUMNS,
        (agent.model_dump() | {"agent": agent.id, "model": agent.label} for agent in ledger.agents),
    )
    _create_table(
        connection,
        "prompts",
        _PROMPT_COLUMNS,
        ({"prompt_id": plan.id, "prompt": plan.name, "template": plan.template} for plan in _plans(ledger)),
    )
    _create_table(
        connection,
        "sources",
        _SOURCE_COLUMNS,
        (source.model_dump() | {"source_id": source.id, "source": source.name} for source in ledger.sources),
    )
    _create_table(connection, "datasets", _DATASET_COLUMNS, _datasets(ledger))


def _sample_columns(ledger: Sidecars) -> list[str]:
    activities = [_activity(ledger, each) for each in ledger.activities]

    def of_activity(column: str) -> str:
        return _listed("activity", [activity[column] for activity in activities])

    named = {
        "dataset": _dataset_name(ledger),
        "sample_id": "lower(hex(sample_id))",
        "id": "sample_id",
        **{name: f"{name}::BIGINT" for name in COUNTED_NAMES},
        "by_marks": "marks IS NOT NULL",
        "doubts": f"list_filter({[*DOUBTS]}, lambda name, place: (coalesce(doubts, 0) >> (place - 1)) & 1 = 1)",
        "model": _listed("agent", (agent.label for agent in ledger.agents)),
        "source": _listed("source", (source.name for source in ledger.sources)),
        **{column: of_activity(column) for column in ("activity", "prompt", "stage")},
        "activity_type": of_activity("type"),
        "agent": _listed("agent", (agent.id for agent in ledger.agents)),
        "source_id": _listed("source", (source.id for source in ledger.sources)),
        "license": effective_license_sql("license", _listed("source", (source.license for source in ledger.sources))),
        "parents": "list_transform(parents, lambda parent: lower(hex(parent)))",
        "prompt_digest": "lower(hex(prompt))",
    }
    as_they_stand = [name for name in COLUMN_NAMES if name not in (*named, "marks")]
    return [f"{expression} AS {name}" for name, expression in named.items()] + as_they_stand


def _parents(ledger: Sidecars) -> str:
    unnested = f"SELECT sidecar, sample_id, unnest(parents) AS parent, unnest(parent_roles) AS role FROM {_RECORDS}"
    return (
        f"SELECT {_dataset_name(ledger)} AS dataset, lower(hex(sample_id)) AS child, lower(hex(parent)) AS parent, "
        f"role, sample_id AS child_id, parent AS parent_id FROM ({unnested} WHERE {STATED_SQL})"
    )


def _dataset_name(ledger: Sidecars) -> str:
    return _listed("sidecar", (dataset.path for dataset in ledger.recorded))


def _listed(number: str, values: Iterable[str | None]) -> str:
    """SQL: the value that has the number in the column ``number``."""
    literals = ", ".join("NULL" if value is None else text_literal(value) for value in values)
    return f"([{literals}]::VARCHAR[])[{number} + 1]"


def _plans(ledger: Sidecars) -> Iterable[Any]:
    return ledger.vocabulary.plans.values()


def _activity(ledger: Sidecars, activity: Activity) -> dict[str, Any]:
    vocabulary = ledger.vocabulary
    agent = vocabulary.agents.get(activity.agent or "")
    plan = vocabulary.plans.get(activity.plan or "")
    source = vocabulary.sources.get(activity.source or "")
    price = activity.price
    return {
        "activity": activity.id,
        "type": activity.type.value,
        "agent": activity.agent,
        "model": agent and agent.label,
        "prompt_id": activity.plan,
        "prompt": plan and plan.name,
        "source_id": activity.source,
        "source": source and source.name,
        "stage": activity.stage and activity.stage.name,
        "command": activity.command,
        "git_commit": activity.git and activity.git.head,
        "git_dirty": activity.git and activity.git.dirty,
        "started": activity.started,
        "ended": activity.ended,
        "parameters": json.dumps(activity.parameters, default=str),
        "packages": json.dumps(activity.packages),
        "rejected": None if activity.rejected is None else json.dumps(activity.rejected),
        "price_currency": price and price.currency,
        "price_input": price and price.input,
        "price_output": price and price.output,
    }


def _datasets(ledger: Sidecars) -> Iterable[dict[str, Any]]:
    for dataset in ledger.recorded:
        header = dataset.sidecar.header
        yield {
            "dataset": dataset.path,
            "state": dataset.state.value,
            "rows": header.dataset.rows,
            "records": dataset.sidecar.records,
            "bytes": header.dataset.size,
            "md5": dataset.md5,
            "digest": header.identity.digest,
            "fields": header.identity.fields,
            "tokenizer": header.identity.tokenizer,
        }
    for path in (*ledger.unrecorded, *ledger.unfetched):
        yield {"dataset": path, "state": State.MISSING.value}
    for path in ledger.unusable:
        yield {"dataset": path, "state": State.UNUSABLE.value}


def _create_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: dict[str, pa.DataType],
    rows: Iterable[dict[str, Any]],
) -> None:
    listed: Sequence[dict[str, Any]] = list(rows)
    schema = pa.schema(list(columns.items()))
    table = pa.Table.from_pylist([{column: row.get(column) for column in columns} for row in listed], schema=schema)
    connection.register("described", table)
    connection.execute(f"CREATE TABLE {name} AS FROM described")
    connection.unregister("described")
