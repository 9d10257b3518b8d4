"""The sidecars of a revision as one DuckDB view.

``samples`` has the columns of a sidecar and, besides, ``sidecar`` (the sidecar's place in the list), ``place`` (the
record's in its sidecar) and ``unexplained`` (nobody said where the sample came from). The numbers in ``activity``,
``agent`` and ``source`` count in one merged vocabulary, activities by their start. The macro
``effective_license(license, source)`` gives a record's own license, else its source's; it costs more than a column, so
apply it to groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from provenance.lineage.database import text_literal
from provenance.lineage.id_ranges import EVERY_ID, IdRange
from provenance.lineage.record_rows import records_of
from provenance.lineage.rules import UNEXPLAINED, effective_license_sql, order_sql
from provenance.lineage.schema import BIRTH_NAMES, sidecar_schema
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.vocabulary import Vocabulary

# Births of one sample, the one to believe first; what is equal, as the sidecars have it.
BEST_BIRTH_FIRST = f"{order_sql()}, sidecar, place"
# What distinguishes the births of one sample. The others follow from ancestors, of which one sidecar may know more.
BORN_BY = tuple(name for name in BIRTH_NAMES if name not in ("origin", "kind", "license"))
_NUMBERED = ("activity", "agent", "source")


def merged_vocabulary(sidecars: Iterable[Sidecar]) -> Vocabulary:
    """What all the sidecars' headers describe, each description once."""
    gathered = Vocabulary()
    for sidecar in sidecars:
        gathered.add_header(sidecar.header)
    return gathered.only(range(len(gathered.activities)), range(len(gathered.agents)), range(len(gathered.sources)))


def create_samples_view(
    connection: duckdb.DuckDBPyConnection,
    sidecars: Sequence[Sidecar],
    vocabulary: Vocabulary,
    name: str = "samples",
    *,
    within: IdRange = EVERY_ID,
) -> None:
    """Create the view ``name`` over the files of ``sidecars``, of samples ``within`` a range; nothing is copied."""
    schema = sidecar_schema(1)
    if sidecars:
        origin, sidecar, place = records_of(sidecars, within)
        columns = [
            _renumbered(name, sidecars, sidecar, vocabulary) if name in _NUMBERED else name for name in schema.names
        ]
    else:
        # A table, as what is registered is there for one cursor only.
        connection.register("no_records", schema.empty_table())
        connection.execute(f"CREATE TABLE {name}_of_none AS FROM no_records")
        origin, columns = f"{name}_of_none", list(schema.names)
        sidecar = place = "0::BIGINT"
    inside = "" if within == EVERY_ID else f" WHERE {within.sql()}"
    licenses = ", ".join("NULL" if s.license is None else text_literal(s.license) for s in vocabulary.sources.values())
    connection.execute(
        "CREATE MACRO effective_license(license, source) AS "
        + effective_license_sql("license", f"([{licenses}]::VARCHAR[])[source + 1]")
    )
    connection.execute(
        f"CREATE VIEW {name} AS SELECT *, ({UNEXPLAINED.sql()}) AS unexplained "
        f"FROM (SELECT {', '.join(columns)}, {sidecar} AS sidecar, {place} AS place FROM {origin}{inside})"
    )


def _renumbered(column: str, sidecars: Sequence[Sidecar], sidecar_of: str, vocabulary: Vocabulary) -> str:
    """An SQL expression that turns a sidecar's own numbers in ``column`` into the vocabulary's.

    ``sidecar_of``: the expression for the place of the record's sidecar.
    """
    merged: dict[str, Iterable[str]] = {
        "activity": vocabulary.activities,
        "agent": vocabulary.agents,
        "source": vocabulary.sources,
    }
    places = {identifier: number for number, identifier in enumerate(merged[column])}
    lists = []
    for sidecar in sidecars:
        header = sidecar.header
        described = {"activity": header.activities, "agent": header.agents, "source": header.sources}[column]
        lists.append("[" + ", ".join(str(places[description.id]) for description in described) + "]")
    return f"([{', '.join(lists)}]::UINTEGER[][])[{sidecar_of} + 1][{column} + 1] AS {column}"
