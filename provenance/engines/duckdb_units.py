"""Rows of one sample that share their ambiguous rows, in SQL: all of the sample's, or those of one mark.

Where a sample's rows are known by their marks, those of each mark are ambiguous by themselves, and so each mark is
counted as if it were a sample of its own. ``marks`` stands for the mark then, and is empty elsewhere.
"""

from __future__ import annotations

_POSSIBLE = """(
    SELECT * REPLACE (''::BLOB AS marks) FROM {records} WHERE possible_rows > 0 AND marks IS NULL
    UNION ALL BY NAME
    SELECT * EXCLUDE (of_mark) REPLACE (of_mark.possible_rows AS possible_rows), of_mark.mark AS marks
    FROM (SELECT * EXCLUDE (marks), unnest(marks) AS of_mark FROM {records} WHERE possible_rows > 0)
    WHERE of_mark.possible_rows > 0)"""
_RESTS = """(
    SELECT sidecar, sample_id, ''::BLOB AS marks, ambiguous_rows::BIGINT AS rest FROM {records}
    WHERE ambiguous_rows > 0 AND marks IS NULL
    UNION ALL
    SELECT sidecar, sample_id, of_mark.mark AS marks, max(of_mark.ambiguous_rows)::BIGINT AS rest
    FROM (SELECT sidecar, sample_id, unnest(marks) AS of_mark FROM {records} WHERE possible_rows > 0)
    WHERE of_mark.ambiguous_rows > 0 GROUP BY ALL)"""


def possible_sql(records: str) -> str:
    """SQL for those of ``records`` that have possible rows, a line for each mark that some of these have."""
    return _POSSIBLE.format(records=records)


def rests_sql(records: str) -> str:
    """SQL for how many ambiguous rows share their births: sidecar, sample_id, marks, rest."""
    return _RESTS.format(records=records)
