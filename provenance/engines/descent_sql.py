"""Statements about who came from whom, in the common subset of `engines.relations`.

Relations, by name:

- ``records``: the sidecars' records; ``numbers``: a number for each class of births, and what is to be known of it
- ``born``: each record with its class; ``heard``: those of them that count for what is known of a sample
- ``stated``: the parents that records name, guessed ones left out; ``links``: those of ``heard``
- ``members``: which dataset has rows of which sample; ``mixed``: samples with a birth that lacks a parent of another
- ``judged``: by class, what of a question fits; ``whole``: the samples that it names as such; ``starting``: those, and
  those of which a birth fits
"""

from __future__ import annotations

from collections.abc import Sequence

# What a class of births has in common, by the sidecar's own numbers.
OF_CLASS = ("origin", "kind", "activity", "agent", "source", "license", "evidence", "depth", "real_rooted")
COLUMNS = (
    "sample_id",
    "rows",
    "possible_rows",
    "ambiguous_rows",
    "content_bytes",
    "parents",
    "parent_roles",
    *OF_CLASS,
)

CLASSES = f"SELECT DISTINCT sidecar, {', '.join(OF_CLASS)} FROM records"

_SAME_CLASS = " AND ".join(f"r.{name} IS NOT DISTINCT FROM n.{name}" for name in OF_CLASS)
BORN = f"""
    SELECT r.sidecar, r.place, r.sample_id, r.rows, coalesce(r.possible_rows, 0) AS possible,
        coalesce(r.ambiguous_rows, 0) AS shared,
        CASE WHEN r.content_bytes IS NULL THEN 0 ELSE 1 END AS seen, n.class
    FROM records r JOIN numbers n ON r.sidecar = n.sidecar AND {_SAME_CLASS}"""
STATED_RECORDS = """(
    SELECT sidecar, place, sample_id, parents, parent_roles FROM records
    WHERE evidence IS NULL OR evidence <> 'inferred')"""
STATED = "SELECT sidecar, place, sample_id, parent, role FROM {exploded} e"
MEMBERS = "SELECT sidecar, sample_id FROM born GROUP BY sidecar, sample_id HAVING sum(rows) + sum(shared) > 0"
# A sidecar that is not of the revision speaks only of samples that the others know at most as parents.
_OF_THE_REVISION = "sidecar < {own}"
KNOWN = f"""
    SELECT DISTINCT b.sample_id FROM born b JOIN numbers n ON n.sidecar = b.sidecar AND n.class = b.class
    WHERE b.{_OF_THE_REVISION} AND (b.seen = 1 OR n.unexplained = 0)"""
HEARD = f"""
    SELECT * FROM {{relation}} b WHERE b.{_OF_THE_REVISION}
        OR NOT EXISTS (SELECT 1 FROM known k WHERE k.sample_id = b.sample_id)"""

SEVERAL = "SELECT sample_id FROM heard GROUP BY sample_id HAVING count(*) > 1"
NAMED = """
    SELECT DISTINCT l.sidecar, l.place, l.sample_id, l.parent, l.role FROM links l
    WHERE EXISTS (SELECT 1 FROM several s WHERE s.sample_id = l.sample_id)"""


def _counts(of: str, what: str) -> str:
    return f"(SELECT {of}, count(*) AS counted FROM (SELECT DISTINCT {of}, {what} FROM named) d GROUP BY {of})"


MIXED = f"""
    SELECT DISTINCT h.sample_id
    FROM heard h
    JOIN several s ON s.sample_id = h.sample_id
    JOIN (SELECT DISTINCT class, stone FROM numbers) n ON n.class = h.class
    LEFT JOIN {_counts("sample_id", "parent, role")} every ON every.sample_id = h.sample_id
    LEFT JOIN {_counts("sidecar, sample_id", "parent, role")} own
        ON own.sidecar = h.sidecar AND own.sample_id = h.sample_id
    LEFT JOIN {_counts("sidecar, sample_id", "parent")} here
        ON here.sidecar = h.sidecar AND here.sample_id = h.sample_id
    LEFT JOIN {_counts("sidecar, place, sample_id", "parent")} one
        ON one.sidecar = h.sidecar AND one.place = h.place AND one.sample_id = h.sample_id
    WHERE coalesce(every.counted, 0) <> coalesce(own.counted, 0)
        OR (n.stone = 0 AND coalesce(here.counted, 0) <> coalesce(one.counted, 0))"""


def with_a_birth(classes: Sequence[int], *, every: bool) -> str:
    """The samples with a birth of one of ``classes``; with ``every``, those with no other births."""
    listed = ", ".join(map(str, classes))
    having = f" GROUP BY sample_id HAVING min(CASE WHEN class IN ({listed}) THEN 1 ELSE 0 END) = 1" if every else ""
    where = "" if every else f" WHERE class IN ({listed})"
    return f"SELECT {'' if every else 'DISTINCT '}sample_id FROM heard{where}{having}"


# All births of these samples fit, and so does the most credible one, even if it is a tombstone: of the first that each
# sidecar has.
CERTAIN_START = """
    SELECT sample_id FROM (
        SELECT sample_id, certainly, stone, row_number() OVER (PARTITION BY sample_id
            ORDER BY later NULLS LAST, rank NULLS LAST, sidecar NULLS LAST, place NULLS LAST) AS nth
        FROM (
            SELECT h.sample_id, h.sidecar, h.place, j.certainly, j.stone, j.rank, CASE WHEN h.place =
                min(h.place) OVER (PARTITION BY h.sidecar, h.sample_id) THEN 0 ELSE 1 END AS later
            FROM heard h JOIN judged j ON j.class = h.class
            WHERE EXISTS (SELECT 1 FROM starting s WHERE s.sample_id = h.sample_id)) o) r
    GROUP BY sample_id HAVING sum(CASE WHEN certainly = 0 AND (stone = 0 OR nth = 1) THEN 1 ELSE 0 END) = 0
    UNION SELECT sample_id FROM whole"""
ONWARD = """
    SELECT DISTINCT l.{there} AS sample_id FROM links l
    WHERE EXISTS (SELECT 1 FROM {frontier} f WHERE f.sample_id = l.{here})
        AND NOT EXISTS (SELECT 1 FROM {seen} s WHERE s.sample_id = l.{there})"""
# What has births with different parents is taken for not reached.
CERTAINLY_ONWARD = f"{ONWARD} AND NOT EXISTS (SELECT 1 FROM mixed m WHERE m.sample_id = l.{{there}})"

# Which records may be reached, and which certainly are: those that fit themselves, those of a sample that was named as
# such, and those with a parent that is reached. See `ledger.graph.reaching`, which says why.
_HAS_PARENT_IN = """(
    SELECT DISTINCT t.sidecar, t.place, t.sample_id, 1 AS found FROM stated t
    WHERE EXISTS (SELECT 1 FROM {reached} p WHERE p.sample_id = t.parent))"""
_CHOSEN = """
    CASE WHEN j.{fits} = 1 OR w.sample_id IS NOT NULL OR {parent}.found = 1 THEN 1 ELSE 0 END"""
_TOUCHED = f"""
    SELECT b.sidecar, b.place, b.sample_id, b.rows, b.possible, b.shared, j.known, j.real, j.stone, o.may,
        CASE WHEN s.sample_id IS NULL THEN 0 ELSE 1 END AS surely,
        {_CHOSEN.format(fits="fits", parent="a")} AS chosen,
        {_CHOSEN.format(fits="certainly", parent="c")} AS certain
    FROM born b
    JOIN judged j ON j.class = b.class
    JOIN {{concerned}} o ON o.sample_id = b.sample_id
    LEFT JOIN (SELECT DISTINCT sample_id FROM whole) w ON w.sample_id = b.sample_id
    LEFT JOIN {{certain}} s ON s.sample_id = b.sample_id
    LEFT JOIN {_HAS_PARENT_IN.format(reached="{may}")} a
        ON a.sidecar = b.sidecar AND a.place = b.place AND a.sample_id = b.sample_id
    LEFT JOIN {_HAS_PARENT_IN.format(reached="{certain}")} c
        ON c.sidecar = b.sidecar AND c.place = b.place AND c.sample_id = b.sample_id
    WHERE b.{_OF_THE_REVISION}"""
# The same in three steps: what a dataset that knows no birth takes from others; a birth that no row had; and whether it
# passes on to the sample's other records.
_TAKEN = """
    SELECT sidecar, place, sample_id, rows, possible, shared, real,
        CASE WHEN max(known) OVER (PARTITION BY sidecar, sample_id) = 0 THEN may ELSE chosen END AS chosen,
        CASE WHEN max(known) OVER (PARTITION BY sidecar, sample_id) = 0 THEN surely ELSE certain END AS certain,
        max(stone) OVER (PARTITION BY sidecar, sample_id) AS purged
    FROM touched t"""
_PASSED_ON = f"""
    SELECT sidecar, sample_id, rows, possible, shared, certain, CASE WHEN chosen = 1 OR (real = 0 AND purged = 0
        AND max(CASE WHEN chosen = 1 AND rows + possible = 0 THEN 1 ELSE 0 END)
            OVER (PARTITION BY sidecar, sample_id) = 1) THEN 1 ELSE 0 END AS chosen
    FROM ({_TAKEN}) t"""
_BOUNDS = f"""
    SELECT sidecar, sample_id, sum(rows) + sum(shared) AS every,
        sum(certain * rows) + greatest(0, sum(shared) - sum((1 - certain) * possible)) AS least,
        sum(chosen * rows) + least(sum(shared), sum(chosen * possible)) AS most
    FROM ({_PASSED_ON}) t GROUP BY sidecar, sample_id"""
AFFECTED = f"SELECT * FROM ({_BOUNDS}) b WHERE most > 0"
BY_DATASET = """
    SELECT sidecar, CAST(sum(least) AS BIGINT) AS least, CAST(sum(most) AS BIGINT) AS most
    FROM affected GROUP BY sidecar ORDER BY sidecar NULLS LAST"""


# Where a sample fits only if all of its births do, one of them may fit by itself.
CONCERNED = "SELECT sample_id, 1 AS may FROM {may}"
ALSO_FITTING = f"""{CONCERNED} UNION ALL
    SELECT DISTINCT h.sample_id, 0 AS may FROM heard h JOIN judged j ON j.class = h.class
    WHERE j.fits = 1 AND NOT EXISTS (SELECT 1 FROM {{may}} m WHERE m.sample_id = h.sample_id)"""


def touched(own: int, may: str, certain: str) -> str:
    """The records of samples that are ``concerned``, of the first ``own`` sidecars, with what of them is reached."""
    return _TOUCHED.format(own=own, may=may, certain=certain, concerned="concerned")


def _datasets(places: Sequence[int]) -> str:
    return f"sidecar IN ({', '.join(map(str, places))})"


def holding(places: Sequence[int], reached: str) -> str:
    """Those of the datasets at ``places`` with a sample that is ``reached``."""
    return f"""
        SELECT DISTINCT m.sidecar FROM members m WHERE m.{_datasets(places)}
            AND EXISTS (SELECT 1 FROM {reached} r WHERE r.sample_id = m.sample_id)"""


def held(places: Sequence[int], reached: str) -> str:
    """How many samples of the datasets at ``places`` are ``reached``."""
    return f"""
        SELECT count(*) FROM (SELECT DISTINCT m.sample_id FROM members m WHERE m.{_datasets(places)}
            AND EXISTS (SELECT 1 FROM {reached} r WHERE r.sample_id = m.sample_id)) h"""


def affected_samples(place: int, *, certainly: bool) -> str:
    """The samples of a dataset with rows that may be reached; or all of whose rows certainly are."""
    where = " AND least = every" if certainly else ""
    return f"SELECT sample_id FROM affected WHERE sidecar = {place}{where} ORDER BY sample_id NULLS LAST"


def in_order(samples: str, without: str | None) -> str:
    """The samples of a relation, in order, but for those of another."""
    but = "" if without is None else f"WHERE NOT EXISTS (SELECT 1 FROM {without} w WHERE w.sample_id = s.sample_id)"
    return f"SELECT s.sample_id FROM {samples} s {but} ORDER BY s.sample_id NULLS LAST"


def union_of(relations: Sequence[str]) -> str:
    """The samples of all ``relations``."""
    return " UNION ALL ".join(f"SELECT sample_id FROM {each}" for each in relations)


def between(most: int) -> str:
    """The first samples within the ``bounds`` that were given."""
    return f"""
        SELECT DISTINCT b.sample_id FROM born b JOIN bounds g
            ON b.sample_id >= g.least AND (b.sample_id < g.beyond OR g.beyond = g.nothing)
        ORDER BY b.sample_id NULLS LAST LIMIT {most}"""


NOTHING = "SELECT sample_id FROM born WHERE 1 = 0"
GIVEN = "SELECT DISTINCT b.sample_id FROM born b WHERE EXISTS (SELECT 1 FROM {name} g WHERE g.sample_id = b.sample_id)"
ROWS_OF = """
    SELECT b.sidecar, CAST(sum(b.rows + b.shared) AS BIGINT) AS counted FROM born b
    WHERE EXISTS (SELECT 1 FROM one o WHERE o.sample_id = b.sample_id)
    GROUP BY b.sidecar HAVING sum(b.rows + b.shared) > 0"""


def of_dataset(place: int) -> str:
    """The samples that the dataset has rows of."""
    return f"SELECT sample_id FROM members WHERE sidecar = {place}"
