"""Completion of what is plain and fits in memory, as merges of sorted ids: what most recordings and stages are.

The same sidecar as the tables of `completion` give, byte for byte, in a third of the time. Whatever is not plain is
left to them: rows that name their parents in a column, a declaration made anew, rows of a sample that may have been
born in several ways, births that turn out to be the same, and what is too large. Nothing was written then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from provenance.identity import Identity, SampleBatch, Scan
from provenance.lineage.births import Dependency, ParentKey, RecordedBirths
from provenance.lineage.database import Database
from provenance.lineage.merging.closing import Closure
from provenance.lineage.merging.gathered import NotPlainError, Records, strangers
from provenance.lineage.merging.known import read_known
from provenance.lineage.merging.numbering import SHORTEST_ID, Flags, Numbers, numbered
from provenance.lineage.merging.own import Rows, birth_records, read_births
from provenance.lineage.merging.resolving import Resolver
from provenance.lineage.merging.written import Merged, Samples
from provenance.lineage.records import Activity, ActivityType
from provenance.lineage.sidecar import Sidecar, decoded_bytes
from provenance.lineage.vocabulary import Vocabulary

# Rows, and records that are known: what fits in the memory that the tables would take.
MOST_ROWS = 1_000_000
_MOST_BYTES = 256 << 20


@dataclass(frozen=True)
class Task:
    """What is to be completed, as `completion.complete` was given it; ``key``: parents are found by a key."""

    identity: Identity
    rows: Scan
    dependencies: Sequence[Dependency]
    tokenizer: str | None
    births: RecordedBirths | None
    derivation: Activity | None
    key: ParentKey | None


def merged(
    database: Database, batches: Sequence[SampleBatch], task: Task, sidecars: Sequence[Sidecar]
) -> Merged | None:
    """All records of the sidecar; None: the tables of `completion` have to say. ``sidecars``: of the dependencies."""
    if not _may_be_plain(task, sidecars):
        return None
    try:
        found = _merge(database, batches, task, sidecars)
        return None if found.repeats_a_birth(database) else found
    except (NotPlainError, pa.ArrowException, OSError):
        # Also where a sidecar is damaged: one way words the error.
        return None


def _may_be_plain(task: Task, sidecars: Sequence[Sidecar]) -> bool:
    dependencies = task.dependencies
    is_explained = any(each.sidecar is not None for each in dependencies)
    return not (
        task.rows.reserved
        or task.key is not None
        or task.identity.digest_size < SHORTEST_ID
        or any(each.is_earlier for each in dependencies)
        or (is_explained and any(each.sidecar is None and each.data is not None for each in dependencies))
        or task.rows.rows + sum(sidecar.records for sidecar in sidecars) > MOST_ROWS
        or _bytes_read(task, sidecars) > _MOST_BYTES
    )


def _bytes_read(task: Task, sidecars: Sequence[Sidecar]) -> int:
    files = [file for sidecar in sidecars for file in sidecar.files]
    return sum(map(decoded_bytes, files + ([] if task.births is None else [task.births.file])))


def _merge(database: Database, batches: Sequence[SampleBatch], task: Task, sidecars: Sequence[Sidecar]) -> Merged:
    vocabulary = Vocabulary()
    size = task.identity.digest_size
    rows = Rows.of(batches, size)
    known = read_known(sidecars, vocabulary, task.tokenizer, size)
    stated = None if task.births is None else read_births(task.births, vocabulary, len(rows.ids), size)
    nothing = np.empty((0, size), np.uint8)
    named = nothing if stated is None else stated.parents
    ids, (of_rows, parents, of_known, their_parents) = numbered([rows.ids, named, known.ids, known.parents])
    counts = np.bincount(of_rows, minlength=len(ids))
    closure = Closure.of(known, Records(known.table, of_known, their_parents), len(ids))
    parts: list[_Part] = []
    left = counts.copy()
    if stated is not None:
        own, numbers, pending = birth_records(database, stated, of_rows, parents, counts)
        parts.append(_Part(own, numbers, np.zeros(len(own), bool), pending))
        left -= np.bincount(own.samples, numbers, len(ids)).astype(np.int64)
    recorded = len(of_rows) - int(left.sum())
    carried = closure.carried(left > 0)
    taken = closure.records.take(carried)
    parts.append(_Part.settled(taken, left[taken.samples], known.has_rows[carried]))
    is_told = known.is_told[carried]
    unexplained = int(left[taken.samples[~is_told]].sum())
    explained = {"recorded": recorded, "derived": 0, "carried": int(left[taken.samples[is_told]].sum()), "aligned": 0}
    left[taken.samples] = 0
    _require_aligned(task, sidecars if explained["carried"] else (), left)
    alone = np.flatnonzero(left)
    parts.append(_Part.settled(strangers(alone, size), left[alone], np.zeros(len(alone), bool)))
    explained["unknown"] = unexplained + int(left.sum())
    _require_counted(task, parts)
    dangling = _close(database, closure, parts, carried, size)
    return _resolved(vocabulary, parts, Samples(ids, rows, of_rows, counts, dangling), explained)


@dataclass(frozen=True)
class _Part:
    """Some records: how many rows each has; whether a dataset that was read has rows born so; what is still open."""

    records: Records
    rows: Numbers
    held: Flags
    pending: Flags

    @staticmethod
    def settled(records: Records, rows: Numbers, held: Flags) -> _Part:
        return _Part(records, rows, held, np.zeros(len(records), bool))

    @staticmethod
    def ancestral(records: Records, held: Flags) -> _Part:
        return _Part.settled(records, np.zeros(len(records), np.int64), held)


def _require_aligned(task: Task, carried_from: Sequence[Sidecar], left: Numbers) -> None:
    """What a stage changed is compared with what it read, column by column, by the tables."""
    if task.derivation is None:
        return
    read = [each for each in task.dependencies if each.sidecar is not None and each.data is not None]
    if read and left.any():
        raise NotPlainError
    texts = {*task.rows.text_beside, *task.rows.settled_out}
    for sidecar in carried_from:
        stated = sidecar.header.identity
        if {*(stated.text_beside or ()), *texts} & set(stated.beside) & set(task.rows.beside):
            raise NotPlainError


def _require_counted(task: Task, parts: Sequence[_Part]) -> None:
    """Rows of one sample that were born in several ways are told apart by what they have besides the content."""
    if task.births is None or not task.rows.beside or task.rows.samples_are_files:
        return
    if np.bincount(np.concatenate([part.records.samples for part in parts]), minlength=1).max() > 1:
        raise NotPlainError


def _close(database: Database, closure: Closure, parts: list[_Part], carried: Numbers, size: int) -> Numbers:
    """Add the records of all ancestors; the numbers of those that no sidecar knows."""
    present = np.zeros(closure.count, bool)
    for part in parts:
        present[part.records.samples] = True
    wanted = closure.ancestors(np.concatenate([part.records.parents for part in parts]))
    own = [part.records for part in parts]
    parts += [_Part.ancestral(*each) for each in closure.other_births(database, wanted & present, own, carried)]
    found, held = closure.of_ancestors(database, wanted & ~present)
    for records, are_held in zip(found, held, strict=True):
        parts.append(_Part.ancestral(records, are_held))
        present[records.samples] = True
    dangling = np.flatnonzero(wanted & ~present)
    parts.append(_Part.ancestral(strangers(dangling, size), np.zeros(len(dangling), bool)))
    return dangling


def _resolved(
    vocabulary: Vocabulary,
    parts: Sequence[_Part],
    samples: Samples,
    explained: Mapping[str, int],
) -> Merged:
    records = Records.of([part.records for part in parts])
    rows, held, pending = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "held", "pending")
    )
    is_told = records.column("evidence").is_valid().to_numpy(zero_copy_only=False)
    level = np.where((rows > 0) | held, 2, is_told)
    activities = vocabulary.activities.values()
    generations = np.array([each.type is ActivityType.GENERATION for each in activities], bool)
    resolver = Resolver(records, generations)
    inherited = np.full(len(records), -1)
    open_places = np.flatnonzero(pending)
    inherited[open_places] = resolver.resolve(open_places, level)
    return Merged(samples, records, rows, inherited, resolver.classes, explained, vocabulary)
