"""What became of the rows that went into a stage, and what its recorders rejected.

All of it is told from sidecars, without reading data: it can be asked again at any time, so it is stored nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.lineage.database import scratch_database
from provenance.lineage.record_rows import record_rows
from provenance.lineage.records import Activity
from provenance.lineage.row_bounds import ROWS_SQL
from provenance.lineage.sidecar import Sidecar, open_sidecar
from provenance.lineage.words import COUNTED_NAMES

# A sample's rows may be there several times, and of these some may have been kept, others changed or dropped.
_INPUT_ROWS = """
    SELECT coalesce(sum(rows), 0), coalesce(sum(kept), 0), coalesce(sum(least(rows - kept, made)), 0)
    FROM (SELECT i.rows, least(i.rows, coalesce(m.rows, 0)) AS kept, coalesce(u.rows, 0) AS made
        FROM (SELECT sample_id, sum({counted})::BIGINT AS rows FROM {sidecar} GROUP BY 1) i
        LEFT JOIN members m ON m.sample_id = i.sample_id LEFT JOIN used u ON u.sample_id = i.sample_id)"""


@dataclass(frozen=True)
class InputRows:
    """What became of the rows of one dataset that a stage depends on, in rows; the three sum to ``rows``.

    ``kept``: as many of a sample's rows as the outs have of it. ``changed``: of those that are left, as many as there
    are rows of the outs that the stage made, or may have made, from the sample. ``dropped``: the others. Which of
    several inputs with equal rows a row came from is not known: each counts as many as may have come from it.
    """

    path: str
    rows: int
    kept: int
    changed: int
    dropped: int


@dataclass(frozen=True)
class StageAccount:
    """``rejected``: how many results the stage's recorders rejected, by reason."""

    inputs: tuple[InputRows, ...]
    rejected: Mapping[str, int]


def account_for(inputs: Sequence[Path], outs: Sequence[Path], workspace: Path) -> StageAccount:
    """Account for a stage that read the datasets of the sidecars ``inputs`` and wrote those of the sidecars ``outs``.

    Raises:
        SidecarError: a sidecar cannot be read.
    """
    read, written = [open_sidecar(path) for path in inputs], [open_sidecar(path) for path in outs]
    known = {activity.id for sidecar in read for activity in sidecar.header.activities}
    made_here = {
        activity.id: activity
        for sidecar in written
        for activity in sidecar.header.activities
        if activity.id not in known
    }
    return StageAccount(tuple(_input_rows(read, written, set(made_here), workspace)), _rejected(made_here.values()))


def _rejected(activities: Iterable[Activity]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for activity in activities:
        total.update(activity.rejected or {})
    return dict(total.most_common())


def _input_rows(
    read: Sequence[Sidecar], written: Sequence[Sidecar], made_here: set[str], workspace: Path
) -> Iterable[InputRows]:
    if not read or not written:
        return
    with scratch_database(workspace) as connection:
        records = " UNION ALL ".join(_records_select(sidecar, made_here) for sidecar in written)
        connection.execute(f"CREATE VIEW records AS {records}")
        connection.execute(
            f"CREATE TABLE members AS SELECT sample_id, sum({ROWS_SQL})::BIGINT AS rows FROM records GROUP BY 1"
        )
        # A row that was carried here has its parents from an earlier stage: they say nothing about this one.
        connection.execute(
            "CREATE TABLE used AS SELECT sample_id, sum(rows)::BIGINT AS rows FROM (SELECT unnest(parents) AS "
            "sample_id, rows + coalesce(possible_rows, 0) AS rows FROM records WHERE made_here) GROUP BY 1"
        )
        for sidecar in read:
            sql = _INPUT_ROWS.format(sidecar=record_rows(sidecar), counted=ROWS_SQL)
            (counted,) = connection.execute(sql).fetchall()
            rows, kept, changed = map(int, counted)
            yield InputRows(sidecar.header.dataset.path, rows, kept, changed, rows - kept - changed)


def _records_select(sidecar: Sidecar, made_here: set[str]) -> str:
    numbers = [str(n) for n, activity in enumerate(sidecar.header.activities) if activity.id in made_here]
    is_made_here = f"coalesce(activity IN ({', '.join(numbers)}), false)" if numbers else "false"
    counted = ", ".join(COUNTED_NAMES)
    return f"SELECT sample_id, {counted}, parents, {is_made_here} AS made_here FROM {record_rows(sidecar)}"
