"""What `ending` does of one range of ids: its ancestors' records, and all of its records in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from provenance.lineage.inherited import Inherited
from provenance.lineage.manifest import Part as PartFile
from provenance.lineage.merging import asked
from provenance.lineage.merging.beginning import Part
from provenance.lineage.merging.births import by_belief, each_once
from provenance.lineage.merging.exchange import Numbered
from provenance.lineage.merging.flagged_samples import FlaggedSamples
from provenance.lineage.merging.gathered import Records, strangers
from provenance.lineage.merging.numbering import Flags, Numbers, ranges, starts_of
from provenance.lineage.merging.resolving import Values, Waiting, waiting_of
from provenance.lineage.merging.work import Work
from provenance.lineage.merging.written import Piece, Shares
from provenance.lineage.parts import each_part
from provenance.lineage.vocabulary import Vocabulary

MERGED, PIECE = "merged", "piece"
# What a derivation without a model has from its parents; a licence may be its own.
_FROM_PARENTS_ALONE = ("origin", "kind", "agent", "source")


@dataclass(frozen=True)
class Merged:
    """All records of a range. ``level``: how near to a row each birth is; ``pending``: the places of open ones."""

    records: Records
    shares: Shares
    level: Numbers
    carried: Flags
    pending: Numbers


class Closed(NamedTuple):
    """What of a range is open or missing once its ancestors are there.

    ``pending``: records of which it is open what follows from parents; ``dangling``: the samples nobody knows.
    """

    pending: int
    dangling: Numbers


class Wanted(NamedTuple):
    """The samples of a range that are ancestors; ``seen``: of those that were read, though no sidecar has them, id and
    content_bytes; None where there are none."""

    samples: Numbers
    seen: pa.Table | None


class Arranged(NamedTuple):
    """What the records of a range come to. ``used``: see `Piece.used`; ``dangling_row``: from 1, see `Completion`."""

    counts: dict[str, int]
    used: dict[str, list[int]]
    dangling_row: int | None


def parents_of_own(work: Work, number: int) -> Numbers:
    """The parents of the records of a range's own rows."""
    return work.divided(number)[0].records.parents


def parents_of(work: Work, number: int, samples: Numbers) -> Numbers:
    """The parents that known records of these samples of a range have."""
    return work.links(number).parents_of(samples)


def with_ancestors(are_derived: Flags | None, work: Work, number: int, wanted: Wanted) -> Closed:
    """Add the records of those samples of a range that are ancestors. ``are_derived``: see `_opened`; None: it is not
    opened again what follows from parents."""
    numbered, closure, database = work.numbered(number), work.closure(number), work.database
    is_wanted = np.zeros(numbered.count, bool)
    is_wanted[wanted.samples] = True
    part, shares = work.take_divided(number)
    present = np.zeros(numbered.count, bool)
    present[part.records.samples] = True
    parts = [part]
    found = closure.other_births(database, is_wanted & present, part.records, work.settled(number).as_read)
    found += zip(*closure.of_ancestors(database, is_wanted & ~present), strict=True)
    for records, held in found:
        parts.append(Part.ancestral(records, held))
        present[records.samples] = True
    strange, dangling = _nobody_knows(numbered, np.flatnonzero(is_wanted & ~present), wanted.seen, work.digest_size)
    whole = Part.of([*parts, strange])
    shares = shares.with_none(len(whole))
    merged = _merged(whole, shares) if are_derived is None else _opened(whole, shares, are_derived)
    work.shelf.put(number, MERGED, merged)
    return Closed(len(merged.pending), numbered.first + dangling)


def _nobody_knows(numbered: Numbered, samples: Numbers, seen: pa.Table | None, size: int) -> tuple[Part, Numbers]:
    """Records of parents that no sidecar knows, and which of them dangle; of what was ``seen`` the size is known."""
    is_dangling = np.zeros(numbered.count, bool)
    is_dangling[samples] = True
    sizes = np.full(numbered.count, -1, np.int64)
    if len(samples) and seen is not None:
        at, is_there = asked.numbers_of(seen["sample_id"], numbered)
        is_dangling[at[is_there]] = False
        sizes[at[is_there]] = seen["content_bytes"].to_numpy()[is_there]
    content_bytes = pa.array(sizes[samples], mask=sizes[samples] < 0)
    records = strangers(samples, size, content_bytes)
    return Part.ancestral(records, np.zeros(len(samples), bool)), np.flatnonzero(is_dangling)


def _opened(part: Part, shares: Shares, are_derived: Flags) -> Merged:
    """Let what follows from parents be worked out again for rows that an earlier sidecar has.

    What a model's output says of itself stands. A derivation (``are_derived``: of each activity, whether it is such a
    one) takes its origin, and what else it takes over, from its parents.
    """
    records = part.records
    column = records.column("activity")
    has_one = column.is_valid().to_numpy(zero_copy_only=False)
    opened = (shares.high > 0) & (records.lengths > 0) & has_one
    derived = opened & (are_derived[column.fill_null(0).to_numpy()] if len(are_derived) else False)
    table = records.dense
    for name in ("doubts", *_FROM_PARENTS_ALONE):
        if name in table.column_names:
            gone = opened if name == "doubts" else derived
            values = records.column(name).take(pa.array(np.arange(len(records)), mask=gone))
            table = table.set_column(table.schema.get_field_index(name), name, values)
    records = Records(table.combine_chunks(), records.samples, records.parents)
    return _merged(replace(part, records=records, pending=part.pending | opened), shares)


def _merged(part: Part, shares: Shares) -> Merged:
    is_told = part.records.column("evidence").is_valid().to_numpy(zero_copy_only=False)
    level = np.where((shares.high > 0) | part.held, 2, is_told)
    return Merged(part.records, shares, level, part.carried, np.flatnonzero(part.pending))


def arrange(
    classes: pa.Table, dangling: FlaggedSamples | None, work: Work, number: int, of_pending: Numbers
) -> Arranged:
    """Put the records of a range in order. ``of_pending``: the classes of those that were pending."""
    merged: Merged = work.shelf.take(number, MERGED)
    numbered, database = work.numbered(number), work.database
    inherited = np.full(len(merged.records), -1)
    inherited[merged.pending] = of_pending
    members = work.settled(number).members
    piece = Piece(numbered.first, numbered.ids, members, merged.records, merged.shares, inherited, classes)
    piece = each_once(database, piece, merged.carried)
    per_sample = np.bincount(piece.records.samples, minlength=1)
    samples = int((members.counts > 0).sum())
    counts = {
        "samples": samples,
        "ancestors": int((per_sample > 0).sum()) - samples,
        "born_twice": int((per_sample > 1).sum()),
    }
    dangling_row = None if dangling is None else piece.first_row_with_parent_in(dangling)
    work.shelf.put(number, PIECE, (replace(piece), by_belief(database, piece, work.vocabulary)))
    return Arranged(counts, piece.used(), dangling_row)


def batches_of(used: Vocabulary, work: Work, number: int) -> Iterator[pa.RecordBatch]:
    """The rows of a sidecar that a range has, in their order, numbers counting in ``used``."""
    piece, order = work.shelf.get(number, PIECE)
    yield from piece.batches(order, work.vocabulary, used)


def parents_of_pending(work: Work, number: int) -> Numbers:
    """The parents of records of which it is open what follows from these."""
    merged: Merged = work.shelf.get(number, MERGED)
    lengths = merged.records.lengths
    return merged.records.parents[ranges(starts_of(lengths)[merged.pending], lengths[merged.pending])]


def waiting_in(generations: Flags, work: Work, number: int, asked_of: Numbers) -> tuple[Waiting, list[Inherited]]:
    """What waits in a range for parents, and the classes that it names. ``asked_of``: samples that others wait for."""
    merged: Merged = work.shelf.get(number, MERGED)
    classes = Values()
    found = waiting_of(
        merged.records, work.numbered(number), merged.pending, merged.level, generations, asked_of, classes
    )
    return found, classes.values


def ranges_of_part(work: Work, bits: int) -> int:
    """How many ranges a part of a sharded sidecar holds that has the samples of ``bits`` leading bits; at least one."""
    return 1 << max(0, work.inputs.spans[0].bits - bits)


def write_parts(folder: str, bits: int, used: Vocabulary, work: Work, first: int) -> list[PartFile]:
    """Write the parts, by ``bits`` leading bits, of the range ``first`` and of those behind it in its part."""
    numbers = range(first, first + ranges_of_part(work, bits))
    batches = (batch for number in numbers for batch in batches_of(used, work, number))
    return [*each_part(Path(folder), batches, work.digest_size, bits)]
