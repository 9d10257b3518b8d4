"""What merges ask of the tables of a database: how the rows of samples divide that may have been born in several ways.

Only such samples are entered there, and most completions have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from provenance.lineage.id_ranges import IdRange
from provenance.lineage.merging.beginning import Begun, Part
from provenance.lineage.merging.closing import Closure
from provenance.lineage.merging.exchange import Numbered
from provenance.lineage.merging.gathered import binary_of, ids_of
from provenance.lineage.merging.inputs import GIVEN_NUMBERS
from provenance.lineage.merging.known import Knowing
from provenance.lineage.merging.numbering import Flags, Numbers
from provenance.lineage.merging.written import Shares
from provenance.lineage.samples_in_range import whole_ids
from provenance.lineage.schema import BIRTH_NAMES, sidecar_schema
from provenance.lineage.tables import Tables

_READ = """
    SELECT r.number, r.low::BIGINT AS low, r.high::BIGINT AS high, r.calls, k.marks
    FROM records r LEFT JOIN listed_marks k USING (number) WHERE {within} ORDER BY r.number"""


def given(
    each: IdRange, begun: Begun, numbered: Numbered, closure: Closure, knowing: Knowing
) -> Iterator[tuple[str, pa.Table]]:
    """What is entered in which table of the samples of a range, before carried rows are divided."""
    shared = begun.shared
    yield "records", records_of(begun.part, shared, numbered)
    available = closure.available(begun.wanted > 0)
    is_over_full = (available > 0) & (begun.wanted > available)
    asked = begun.several | is_over_full
    yield "members", _counted(numbered, np.flatnonzero(shared & (begun.members.counts > 0)), begun.members.counts)
    yield "left_over", _counted(numbered, np.flatnonzero(asked & (begun.wanted > 0)), begun.wanted)
    stated = np.flatnonzero(begun.several & (begun.accounted > 0))
    yield "accounted", pa.table({"sample_id": _ids(numbered, stated)})
    yield "several", pa.table({"sample_id": _ids(numbered, np.flatnonzero(begun.several))})
    yield "holding", _holding(asked & (begun.wanted > 0), numbered, closure)
    if begun.several.any():
        yield "several_known", _known(begun.several, each, numbered, closure, knowing)


def left_over(left: Numbers, numbered: Numbered) -> pa.Table:
    """The rows of that table: those that nothing has explained."""
    return _counted(numbered, np.flatnonzero(left), left)


def ids_table(chosen: Flags, numbered: Numbered) -> pa.Table:
    """The ids of the samples that are ``chosen``."""
    return pa.table({"sample_id": _ids(numbered, np.flatnonzero(chosen))})


def divided(tables: Tables, each: IdRange, part: Part, numbered: Numbered) -> tuple[Part, Shares]:
    """``part`` with its rows as the tables have divided them, and without births that no row can have had."""
    query = tables.connection.sql
    found = query(_READ.format(within=each.sql("r.sample_id"))).to_arrow_table().combine_chunks()
    known = found["number"].to_numpy().astype(np.int64)
    shared = query(f"SELECT * FROM divided WHERE {each.sql()}").to_arrow_table()
    marked = query(f"SELECT DISTINCT sample_id FROM kept_marks WHERE {each.sql()}").to_arrow_table()
    ambiguous = np.zeros(numbered.count, np.int64)
    ambiguous[_numbers(shared["sample_id"], numbered)] = shared["ambiguous_rows"].to_numpy()
    are_marked = np.zeros(numbered.count, bool)
    are_marked[_numbers(marked["sample_id"], numbered)] = True
    at = np.searchsorted(known, part.numbers)
    at[at == len(known)] = 0
    is_there = known[at] == part.numbers if len(known) else np.zeros(len(part), bool)
    low, high = part.low.copy(), part.high.copy()
    low[is_there], high[is_there] = (found[name].to_numpy()[at[is_there]] for name in ("low", "high"))
    marks = found["marks"].combine_chunks().cast(sidecar_schema(1).field("marks").type)
    has_marks = marks.is_valid().to_numpy(zero_copy_only=False)
    marks_at = np.where(is_there & (has_marks[at] if len(known) else False), at, -1)
    shares = Shares(low, high, ambiguous, marks, marks_at, are_marked)
    at_there = np.flatnonzero(is_there)
    if len(at_there):
        calls = {"calls": found["calls"].take(pa.array(at[at_there]))}
        part = replace(part, records=part.records.with_values(at_there, calls))
    stays = np.flatnonzero(is_there | (part.numbers < 0))
    return part.take(stays), shares.take(stays)


def undivided(part: Part, count: int) -> Shares:
    """The rows of records of which each sample has one."""
    none = np.zeros(count, np.int64)
    return Shares(part.low, part.high, none, None, np.full(len(part), -1), np.zeros(count, bool))


def no_rows(records: int, samples: int) -> Shares:
    """Of as many records and samples, that the dataset has no rows of them."""
    none = np.zeros(records, np.int64)
    return Shares(none, none, np.zeros(samples, np.int64), None, none - 1, np.zeros(samples, bool))


def records_of(part: Part, shared: Flags, numbered: Numbered, chosen: Flags | None = None) -> pa.Table:
    """The records (of those ``chosen``) of samples of several births that no statement entered in the tables."""
    samples = part.records.samples
    is_wanted = shared[samples] & (part.numbers >= GIVEN_NUMBERS)
    at = np.flatnonzero(is_wanted if chosen is None else is_wanted & chosen)
    columns = dict(zip(BIRTH_NAMES, part.records.some(BIRTH_NAMES, at).columns, strict=True))
    calls = part.records.column("calls").take(pa.array(at))
    counted = {name: getattr(part, name)[at] for name in ("low", "high", "carried", "pending")}
    number = part.numbers[at]
    return pa.table({"sample_id": _ids(numbered, samples[at]), **columns, "calls": calls, **counted, "number": number})


def _holding(asked: Flags, numbered: Numbered, closure: Closure) -> pa.Table:
    """How many rows of these samples each dataset that was read has."""
    known, samples = closure.known, closure.records.samples
    at = np.flatnonzero(asked[samples] & (known.available > 0))
    keys, which = np.unique(known.place[at] * numbered.count + samples[at], return_inverse=True)
    available = np.bincount(which, known.available[at], len(keys)).astype(np.int64)
    places, held = keys // max(1, numbered.count), keys % max(1, numbered.count)
    return pa.table({"place": places, "sample_id": _ids(numbered, held), "available": available})


def _known(several: Flags, each: IdRange, numbered: Numbered, closure: Closure, knowing: Knowing) -> pa.Table:
    """The known records of these samples."""
    known, samples = closure.known, closure.records.samples
    at = np.flatnonzero(several[samples])
    columns = dict(zip(BIRTH_NAMES, closure.records.some(BIRTH_NAMES, at).columns, strict=True))
    possible = known.possible[at]
    return pa.table(
        {
            "sample_id": _ids(numbered, samples[at]),
            **columns,
            "rows": known.rows[at],
            "possible_rows": pa.array(possible, mask=possible == 0),
            "marks": knowing.marks(each).take(pa.array(at)),
            "place": known.place[at],
        }
    )


def _counted(numbered: Numbered, samples: Numbers, rows: Numbers) -> pa.Table:
    return pa.table({"sample_id": _ids(numbered, samples), "rows": rows[samples]})


def _ids(numbered: Numbered, samples: Numbers) -> pa.Array:
    return binary_of(numbered.ids[samples])


def _numbers(ids: pa.ChunkedArray, numbered: Numbered) -> Numbers:
    """Which samples of the range have these ids."""
    return numbers_of(ids, numbered)[0]


def numbers_of(ids: pa.ChunkedArray, numbered: Numbered) -> tuple[Numbers, Flags]:
    """Which samples of the range have these ids, and whether there is one."""
    size = numbered.ids.shape[1]
    parts = [ids_of(chunk, size) for chunk in ids.chunks]
    wanted = whole_ids(np.concatenate([np.empty((0, size), np.uint8), *parts]))
    own = whole_ids(numbered.ids)
    at = np.searchsorted(own, wanted)
    at[at == len(own)] = 0
    return at, (own[at] == wanted) if len(own) else np.zeros(len(wanted), bool)
