"""Rows explained by samples of the dependencies that agree with them, where other fields count there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from provenance.identity import Scan, scan
from provenance.identity.samples import id_of_row
from provenance.lineage.births import Dependency
from provenance.lineage.database import count, parquet_rows
from provenance.lineage.dependency_rows import rows_of, scan_of
from provenance.lineage.explaining import DERIVED_ROLE
from provenance.lineage.records import Activity
from provenance.lineage.renaming import all_found, renamed_fields
from provenance.lineage.rules import agreed_sql, weakest_of_all_sql
from provenance.lineage.tables import Tables, write_rows
from provenance.lineage.words import Evidence, Origin

# Canonical form of a record without members: there is nothing in it to align on.
_EMPTY_CONTENT_BYTES = 1

# Up to so many fields, which of them are empty and which null is told apart.
_MOST_SUBSETS_OF = 8

# What a sample takes over from those that it may have come from, where all their births agree.
_TAKEN_OVER = ("kind", "agent", "source", "license", "depth", "real_rooted")

# Of each member, what it agrees with in one dependency: ``fitting`` samples, one of which is ``parent``, on ``shared``
# columns. ``origin`` and the rest are what all births of these agree in. ``is_added``: it has other content besides.
_FITS = (
    "CREATE TABLE fits(sample_id BLOB, activity UINTEGER, shared UINTEGER, fitting UBIGINT, parent BLOB, "
    "is_added BOOLEAN, origin VARCHAR, chain_evidence VARCHAR, kind VARCHAR, agent UINTEGER, source UINTEGER, "
    "license VARCHAR, depth USMALLINT, real_rooted BOOLEAN)"
)


@dataclass(frozen=True)
class _Comparison:
    """A dependency and the dataset, compared on ``shared`` columns; ``renamed``: the dataset's names of some of them.

    ``added``: content fields of the dataset that the dependency does not have.
    """

    dependency: Dependency
    number: int
    shared: tuple[str, ...]
    added: tuple[str, ...]
    renamed: dict[str, str]


def by_alignment(
    tables: Tables,
    data: Path,
    rows: Scan,
    dependencies: Sequence[Dependency],
    derivation: Activity,
    evidence: Evidence = Evidence.OBSERVED,
) -> int:
    """Enter a derivation for rows that agree with samples of the dependencies, where other fields count; how many.

    They agree on every column that counts on either side and that both have. A single sample that a row agrees with is
    its parent. Of several none is claimed; the row takes over what all their births agree in, if this is an origin.
    Where the row has content beyond these columns, nobody knows who made that: its origin is unknown.
    """
    tables.connection.execute(_FITS)
    for number, dependency in enumerate(dependencies):
        if dependency.sidecar is None or dependency.data is None:
            continue
        if not count(tables.connection, "SELECT count(*) FROM left_over"):
            return 0
        comparison = _compared(tables, data, rows, dependency, number)
        if comparison is not None:
            _enter_fits(tables, data, comparison, derivation)
    return _enter_derivations(tables, evidence)


def _compared(tables: Tables, data: Path, rows: Scan, dependency: Dependency, number: int) -> _Comparison | None:
    """What to compare with ``dependency``; None: the same fields count there, or none that both have."""
    assert dependency.data is not None
    own = scan_of(tables, dependency)
    if set(own.fields) == set(rows.fields):
        return None
    tables.require_rows(f"other columns count than in {dependency.path}")
    theirs, ours = {*own.fields, *own.beside}, {*rows.fields, *rows.beside}
    added = tuple(sorted(set(rows.fields) - theirs))
    gone = tuple(sorted(set(own.fields) - ours))
    shared = {*own.fields, *rows.fields} & theirs & ours
    if renamed := renamed_fields(tables, data, dependency, added, gone):
        both = tuple(sorted(shared | set(renamed.values())))
        comparison = _Comparison(dependency, number, both, (), renamed)
        if _all_fit(tables, data, comparison):
            return comparison
    if not set(own.fields) & set(rows.fields):
        return None
    comparison = _Comparison(dependency, number, tuple(sorted(shared)), added, {})
    _write_compared(tables, data, comparison)
    return comparison


def _all_fit(tables: Tables, data: Path, comparison: _Comparison) -> bool:
    """Whether each row that nothing has explained agrees with some sample; writes the files that are compared."""
    _write_compared(tables, data, comparison)
    theirs, ours = (parquet_rows(_file(tables, name, comparison.number)) for name in ("theirs", "ours"))
    return all_found(tables, ours, theirs)


def _write_compared(tables: Tables, data: Path, comparison: _Comparison) -> None:
    """Write both datasets' rows, identified by the columns that they are compared on."""
    dependency = comparison.dependency
    assert dependency.data is not None
    names = comparison.renamed
    ours = tuple(sorted({*comparison.shared, *names} - {*names.values()}))
    for name, path, fields in (("theirs", dependency.data, comparison.shared), ("ours", data, ours)):
        identity = dependency.identity.on(fields, names if name == "ours" else None)
        write_rows(scan(path, identity), _file(tables, name, comparison.number))


def _file(tables: Tables, name: str, number: int) -> Path:
    return tables.folder / f"{name}-{number}.parquet"


def _enter_fits(tables: Tables, data: Path, comparison: _Comparison, derivation: Activity) -> None:
    """Enter into ``fits`` what the members that have no record yet agree with."""
    shared = comparison.shared
    activity = derivation.model_copy(update={"aligned_on": shared, "renamed": comparison.renamed or None})
    own = parquet_rows(rows_of(tables, comparison.dependency)[1])
    theirs, ours = (parquet_rows(_file(tables, name, comparison.number)) for name in ("theirs", "ours"))
    agreed = _agreed("k.")
    tables.connection.execute(
        f"INSERT INTO fits WITH fitting AS (SELECT DISTINCT t.sample_id AS key, o.sample_id FROM {theirs} t JOIN {own} "
        f"o USING (row) WHERE t.content_bytes > {_EMPTY_CONTENT_BYTES}), "
        # Rows of one sample may differ in a column that counts only there: then they did not all come from one.
        f"keys AS (SELECT r.sample_id AS member, any_value(u.sample_id) AS key FROM {ours} u JOIN rows r USING (row) "
        "WHERE r.sample_id IN (SELECT sample_id FROM left_over) GROUP BY 1 HAVING count(DISTINCT u.sample_id) = 1), "
        f"agreed AS (SELECT f.key, count(DISTINCT f.sample_id) AS fitting, any_value(f.sample_id) AS parent, {agreed} "
        "FROM fitting f LEFT JOIN known k USING (sample_id) GROUP BY 1) "
        f"SELECT member, {tables.numbers([activity])[0]}, {len(shared)}, fitting, parent, "
        f"{_is_added(tables, data, comparison)}, origin, chain_evidence, {', '.join(_TAKEN_OVER)} "
        "FROM keys JOIN agreed USING (key)"
    )


def _agreed(births: str = "") -> str:
    """What all of a group's births agree in, as aggregates; null where they do not, or one has none."""
    agreeing = [f"{agreed_sql(births + name)} AS {name}" for name in ("origin", *_TAKEN_OVER)]
    return ", ".join([*agreeing, f"{weakest_of_all_sql(births + 'chain_evidence')} AS chain_evidence"])


def _is_added(tables: Tables, data: Path, comparison: _Comparison) -> str:
    """Whether a member holds anything in the columns that were added, in SQL."""
    added = comparison.added
    if not added:
        return "false"
    identity = comparison.dependency.identity.on(added)
    file = _file(tables, "added", comparison.number)
    write_rows(scan(data, identity), file)
    # What is null or empty says nothing that somebody would have made.
    empty = [id_of_row(dict.fromkeys(names, ""), identity) for names in _subsets(added)]
    listed = ", ".join(f"unhex('{found}')" for found in empty)
    return (
        f"member NOT IN (SELECT r.sample_id FROM {parquet_rows(file)} a JOIN rows r USING (row) "
        f"WHERE a.sample_id IN ({listed}))"
    )


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    if len(names) <= _MOST_SUBSETS_OF:
        for size in range(len(names) + 1):
            yield from combinations(names, size)
    else:
        yield from ((), tuple(names))


def _enter_derivations(tables: Tables, evidence: Evidence) -> int:
    """Enter the births of ``fits``: of each member, what agrees with it in the most columns; for how many rows."""
    tables.connection.execute(
        "CREATE TABLE aligned AS SELECT sample_id, min(activity) AS activity, min(parent) AS parent, "
        "max(fitting) = 1 AND count(DISTINCT parent) = 1 AS is_single, bool_or(is_added) AS is_added, "
        f"{_agreed()} FROM (SELECT *, max(shared) OVER (PARTITION BY sample_id) AS most "
        "FROM fits) WHERE shared = most GROUP BY 1 HAVING is_single OR (NOT is_added AND origin <> "
        f"'{Origin.UNKNOWN}')"
    )
    tables.connection.execute(
        "INSERT INTO records(sample_id, origin, activity, parents, parent_roles, evidence, pending, low, high) "
        f"SELECT sample_id, CASE WHEN is_added THEN '{Origin.UNKNOWN}' END, activity, [parent], ['{DERIVED_ROLE}'], "
        f"'{evidence}', true, rows, rows FROM aligned JOIN left_over USING (sample_id) WHERE is_single"
    )
    columns = ", ".join(["chain_evidence", *_TAKEN_OVER])
    tables.connection.execute(
        f"INSERT INTO records(sample_id, origin, activity, parents, parent_roles, evidence, {columns}, pending, low, "
        "high) "
        f"SELECT sample_id, origin, activity, [], [], '{evidence}', {columns}, false, rows, rows "
        "FROM aligned JOIN left_over USING (sample_id) WHERE NOT is_single"
    )
    return count(tables.connection, "SELECT coalesce(sum(rows), 0) FROM left_over SEMI JOIN aligned USING (sample_id)")
