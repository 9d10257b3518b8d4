"""Do a dataset's rows number what its sidecar says, sample by sample? Compared range by range of their ids."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from provenance.identity import SampleBatch
from provenance.jobs import allowed, at_once
from provenance.lineage.id_ranges import RECORDS_AT_ONCE, IdRange, bits_for, ranges
from provenance.lineage.samples_in_range import samples_of, whole_ids
from provenance.lineage.sidecar import Sidecar
from provenance.lineage.sorted_records import SortedRecords
from provenance.lineage.sorting import LEADING_BITS, SortedSamples
from provenance.lineage.words import COUNTED_NAMES


def rows_differ(
    rows: Iterable[SampleBatch],
    sidecar: Sidecar,
    file: Path,
    jobs: int | None = None,
    records_at_once: int = RECORDS_AT_ONCE,
) -> bool:
    """Whether any sample is in another number of ``rows`` than ``sidecar`` states.

    The ids of both are of one length. ``file`` is made for what does not stay in memory. ``jobs`` threads (None: as
    many as are allowed) work on ranges of their own, all of them on about ``records_at_once``.

    Raises:
        DataError: a row cannot be read.
        SidecarError: the records cannot be read, or are not in the order of their ids.
    """
    jobs = jobs or allowed()
    samples, records = SortedSamples(file, sidecar.digest_size), SortedRecords(sidecar)
    samples.take(rows)

    def differ(each: IdRange) -> bool:
        stated = samples_of(records.read(each, COUNTED_NAMES))
        there, have_rows = samples.within(each), stated.rows > 0
        same_ids = np.array_equal(whole_ids(stated.ids[have_rows]), there["sample_id"])
        return not (same_ids and np.array_equal(stated.rows[have_rows], there["rows"]))

    bits = min(LEADING_BITS, bits_for(samples.rows + sidecar.records, records_at_once // jobs))
    return any(at_once(differ, ranges(bits), jobs))
