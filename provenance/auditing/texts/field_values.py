"""How often each value of a field occurs in two groups of rows, and what chance alone makes of it.

Whole groups are counted, not samples of them. To mix the rows of both groups at random and to deal them out again, in
two groups of the same sizes, draws the counts from a multivariate hypergeometric distribution: no row is touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.measure import NotMeasured
from provenance.auditing.texts.dataset_texts import Texts, column_of
from provenance.auditing.texts.groups import Comparison, Group

PERMUTATIONS = 99
NO_VALUE = "(none)"
MOST_VALUES = 10_000

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FieldValues:
    """Counts of ``values`` in the compared rows and in the reference; ``permuted``: the compared rows' by chance.

    ``permuted`` has a row for each of `PERMUTATIONS`.
    """

    values: tuple[str, ...]
    compared: Counts
    reference: Counts
    permuted: Counts


def field_values(groups: Comparison, field: str, seed: int) -> FieldValues | NotMeasured:
    """Count the values of ``field``; a row without one counts as `NO_VALUE`."""
    counts = []
    for group in (groups.compared, groups.reference):
        counted = _count(group, field)
        if counted is None:
            return NotMeasured(f"{group.called}: {field} has more than {MOST_VALUES:,} values; name a field with few")
        if not counted:
            return NotMeasured(f"{group.called}: there are none")
        counts.append(counted)
    values = sorted(counts[0].keys() | counts[1].keys())
    if values in ([], [NO_VALUE]):
        return NotMeasured(f"{groups.compared.called}: the field {field} is in no row that is compared")
    compared, reference = (np.array([counted[value] for value in values], np.int64) for counted in counts)
    pick, drawn = np.random.default_rng(seed), int(compared.sum())
    permuted = pick.multivariate_hypergeometric(compared + reference, drawn, PERMUTATIONS, method="marginals")
    return FieldValues(tuple(values), compared, reference, permuted)


def values_of(texts: Texts, field: str) -> Iterator[pa.RecordBatch]:
    """For each row its ``sample_id`` and its ``value`` of ``field``, as engines take them."""
    for batch in texts.batches("sample_id", column_of(field)):
        values = pc.fill_null(batch[column_of(field)], NO_VALUE)
        yield pa.record_batch([batch["sample_id"], values], names=["sample_id", "value"])


def _count(group: Group, field: str) -> Counter[str] | None:
    """The counts of the values, or None where there are too many to hold."""
    found: Counter[str] = Counter()
    for batch in group.batches(column_of(field)):
        counted = pc.value_counts(pc.fill_null(batch[column_of(field)], NO_VALUE))
        found.update(dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True)))
        if len(found) > MOST_VALUES:
            return None
    return found
