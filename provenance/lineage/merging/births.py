"""Samples of several births, once it is known what follows from parents: which births are one, which is believed.

One row states what another leaves to its parents: both say the same then, and a sidecar has each birth once.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from provenance.lineage.carried_rows import tightened_sql
from provenance.lineage.database import Database
from provenance.lineage.merging.gathered import answer
from provenance.lineage.merging.numbering import Flags, Numbers
from provenance.lineage.merging.written import Piece, Shares
from provenance.lineage.rules import order_sql
from provenance.lineage.schema import BIRTH_NAMES
from provenance.lineage.tables import activities_table
from provenance.lineage.vocabulary import Vocabulary

# What tells births apart that are equal by their order. The origin comes last: it may have been worked out only here.
_TIES = (*(f"r.{name}" for name in BIRTH_NAMES if name not in ("origin", "activity", "evidence")), "r.origin")
# Activities are numbered by their start.
_RANKED = f"""
    WITH placed AS (SELECT number, row_number() OVER (ORDER BY started NULLS LAST, id) AS place FROM described)
    SELECT r.number, row_number() OVER (PARTITION BY r.sample_id ORDER BY {order_sql()}, {", ".join(_TIES)}) AS rank
    FROM (SELECT r.* REPLACE (p.place AS activity) FROM several r LEFT JOIN placed p ON p.number = r.activity) r"""

_STATED = "NOT carried AND high > 0"
_SAME = f"""
    SELECT sample_id, min(number) AS first, list(number ORDER BY number) AS numbers, sum(low)::BIGINT AS low,
        sum(high)::BIGINT AS high,
        nullif(greatest(sum(coalesce(calls, 1)) FILTER ({_STATED}), max(calls)), 1)::BIGINT AS calls,
        min(doubts) AS doubts
    FROM several GROUP BY sample_id, {", ".join(BIRTH_NAMES)} HAVING count(*) > 1"""


def each_once(database: Database, piece: Piece, carried: Flags) -> Piece:
    """``piece`` with births that are the same put together; their sample's rows divide among those that are left.

    ``carried``: whether each record is how rows that were read came to be. No marks are kept of these samples: they
    were counted by births that are one now.
    """
    several = piece.several
    if not len(several):
        return piece
    table = piece.births(several)
    for name, values in {"low": piece.shares.low, "high": piece.shares.high, "carried": carried}.items():
        table = table.append_column(name, pa.array(values[several]))
    for name in ("calls", "doubts"):
        table = table.append_column(name, piece.column(name, several))
    found = answer(database, _SAME, {"several": table}, pa.schema([]))
    if not len(found):
        return piece
    piece = piece.settled()
    first = found["first"].to_numpy().astype(np.int64)
    numbers = np.concatenate([each.values.to_numpy() for each in found["numbers"]])
    samples = np.unique(found["sample_id"].to_numpy())
    shares = _together(piece.shares, first, found)
    records = piece.records.with_values(first, {name: found[name] for name in ("calls", "doubts")})
    kept = np.setdiff1d(np.arange(len(records)), np.setdiff1d(numbers, first))
    piece = replace(piece, records=records, shares=shares).take(kept)
    return replace(piece, shares=_divided_again(database, piece, samples))


def _together(shares: Shares, first: Numbers, found: pa.Table) -> Shares:
    low, high = shares.low.copy(), shares.high.copy()
    low[first], high[first] = found["low"].to_numpy(), found["high"].to_numpy()
    return replace(shares, low=low, high=high)


def _divided_again(database: Database, piece: Piece, samples: Numbers) -> Shares:
    """The rows of these samples divided among their records."""
    shares, of_records = piece.shares, piece.records.samples
    bounded = np.flatnonzero(np.isin(of_records, samples) & (shares.high > 0))
    rows = piece.members.counts[of_records[bounded]]
    table = pa.table(
        {
            "number": bounded,
            "sample_id": of_records[bounded],
            "low": shares.low[bounded],
            "high": np.minimum(shares.high[bounded], rows),
            "rows": rows,
        }
    )
    found = answer(database, tightened_sql("bounded", ["number"]), {"bounded": table}, pa.schema([]))
    low, high, ambiguous, marked = (
        shares.low.copy(),
        shares.high.copy(),
        shares.ambiguous.copy(),
        shares.are_marked.copy(),
    )
    numbers = found["number"].to_numpy()
    low[numbers], high[numbers] = found["low"].to_numpy(), found["high"].to_numpy()
    certain = np.bincount(of_records[numbers], low[numbers], len(ambiguous)).astype(np.int64)
    ambiguous[samples] = 0
    divided = np.unique(of_records[numbers])
    ambiguous[divided] = piece.members.counts[divided] - certain[divided]
    marked[samples] = False
    return replace(shares, low=low, high=high, ambiguous=ambiguous, are_marked=marked)


def by_belief(database: Database, piece: Piece, vocabulary: Vocabulary) -> Numbers:
    """The places of records by sample, of these the birth to believe first."""
    samples = piece.records.samples
    order: Numbers = np.argsort(samples, kind="stable")
    several = order[(np.bincount(samples, minlength=1) > 1)[samples[order]]]
    if len(several):
        table = piece.births(several)
        activities = activities_table(dict(enumerate(vocabulary.activities.values())))
        found = answer(database, _RANKED, {"several": table, "described": activities}, table.schema)
        numbers, rank = (found[name].to_numpy().astype(np.int64) for name in ("number", "rank"))
        order[np.isin(samples[order], samples[several])] = numbers[np.lexsort((rank, samples[numbers]))]
    return order
