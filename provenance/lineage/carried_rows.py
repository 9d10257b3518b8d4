"""How many rows of a sample were born in which way, after a script that nobody looked into.

Rows of equal content are one sample, and a sample may have several births. Of each birth, ``rows`` are certain and
``possible_rows`` beyond these may be; ``ambiguous_rows`` are those of the sample whose birth is not certain. Rows that
were stated one by one divide exactly. Rows that were carried over from the datasets a stage depends on (its *holders*)
are bounded by counts alone:

- A sample is *over-full* where the out has more rows of it than all holders together. A holder is *repeated* if it
  alone has an over-full sample; an over-full sample that no such holder has makes all who have it repeated.
- At most all the rows that holders may have of a birth came along, and of a repeated holder's births any number.
- At least those came along that are certain in the holders, less the rows that did not come along; none where a holder
  of the sample is repeated.
- Where no holder has a row, the births of an ancestor are possible.

This holds if rows of equal content are interchangeable, and no row is written twice unless a count shows it. Every
bound is then made as narrow as the others allow, so that the same knowledge is always written alike.

All of it is SQL, so that it is worked out where the records are, and never one sample at a time in Python.
"""

from __future__ import annotations

from collections.abc import Sequence


def repeated_sql(holding: str, wanted: str) -> str:
    """SQL for the places of the holders that are repeated, as far as counts show.

    Args:
        holding: a table of the rows that holders have: place (of the holder), sample_id, available (rows, not none).
        wanted: a table of samples and how many of their rows were carried: sample_id, rows (not none).
    """
    return f"""
    WITH over_full AS (
        SELECT sample_id, count(*) AS holders, any_value(place) AS place
        FROM {holding} h JOIN {wanted} w USING (sample_id)
        GROUP BY sample_id HAVING any_value(w.rows) > sum(available)),
    alone AS (SELECT DISTINCT place FROM over_full WHERE holders = 1),
    explained_by_these AS (SELECT DISTINCT h.sample_id FROM {holding} h JOIN alone a ON a.place = h.place)
    SELECT place FROM alone UNION SELECT h.place FROM {holding} h JOIN over_full o ON o.sample_id = h.sample_id
    WHERE o.sample_id NOT IN (SELECT e.sample_id FROM explained_by_these e)"""


def carried_sql(held: str, holding: str, repeated: str, wanted: str, births: Sequence[str]) -> str:
    """SQL for the births of the rows in ``wanted``: sample_id, ``births``, rows, low, high (of ``rows``).

    A sample that no holder knows is not in the result.

    Args:
        held: a table of the holders' records: place (of the holder), sample_id, rows, possible_rows, and ``births``.
            A tombstone is no birth and is not to be there.
        holding, wanted: as in `repeated_sql`.
        repeated: a table of the places that are repeated.
        births: the columns that tell births of one sample apart.
    """
    of_held = ", ".join(f"held.{name}" for name in births)
    return f"""
    WITH held AS (
        SELECT h.place, h.sample_id, h.rows::BIGINT AS low, h.rows::BIGINT + coalesce(h.possible_rows, 0) AS high,
            w.rows::BIGINT AS wanted, {", ".join(f"h.{name}" for name in births)}
        FROM {held} h JOIN {wanted} w ON w.sample_id = h.sample_id),
    totals AS (
        SELECT sample_id, sum(available) AS available, bool_or(r.place IS NOT NULL) AS again
        FROM {holding} h LEFT JOIN {repeated} r ON r.place = h.place GROUP BY sample_id),
    added AS (
        SELECT held.sample_id, {of_held}, any_value(held.wanted) AS wanted, any_value(t.available) AS available,
            coalesce(bool_or(t.again), false) AS again, sum(held.low) AS low,
            sum(CASE WHEN t.sample_id IS NULL OR r.place IS NOT NULL THEN held.wanted ELSE held.high END) AS high
        FROM held LEFT JOIN totals t ON t.sample_id = held.sample_id LEFT JOIN {repeated} r ON r.place = held.place
        WHERE held.high > 0 OR t.sample_id IS NULL
        GROUP BY held.sample_id, {of_held}),
    bounded AS (
        SELECT sample_id, {", ".join(births)}, wanted AS rows, least(wanted, high) AS high,
            CASE WHEN again OR available IS NULL THEN 0 ELSE greatest(0, low - (available - wanted)) END AS low
        FROM added)
    {tightened_sql("bounded", births)}"""


def tightened_sql(bounded: str, births: Sequence[str]) -> str:
    """SQL that makes each bound of ``bounded`` as narrow as the sample's others allow; what cannot be goes."""
    listed = ", ".join(births)
    return f"""
    SELECT sample_id, {listed}, rows::BIGINT AS rows,
        greatest(low, rows - (highs - high))::BIGINT AS low, least(high, rows - (lows - low))::BIGINT AS high
    FROM (SELECT *, sum(low) OVER sample AS lows, sum(high) OVER sample AS highs FROM {bounded}
        WINDOW sample AS (PARTITION BY sample_id))
    WHERE least(high, rows - (lows - low)) > 0"""
