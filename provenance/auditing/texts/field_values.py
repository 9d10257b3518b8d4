"""How often each value of a field occurs in the two groups of a pool, and what chance alone makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.chance.deals import Bools
from provenance.auditing.chance.drawing import FIRST_DEALS
from provenance.auditing.chance.fisher import adjusted as adjusted_together
from provenance.auditing.chance.fisher import fisher
from provenance.auditing.chance.moments import moments, studentised
from provenance.auditing.measure import NotMeasured, Values
from provenance.auditing.texts.dataset_texts import Texts, column_of
from provenance.auditing.texts.pools import Pool

NO_VALUE = "(none)"
MOST_VALUES = 10_000
# Where families are dealt, of all fields together the most frequent that can be judged.
_MOST_DEALT = 200
_DEALS_AT_ONCE = 50
_NORMAL = 1.96

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FieldValues:
    """Counts of ``values`` in the compared rows and in the reference; ``codes``: each row's value, -1 for none.

    ``without``: the part of compared and of reference rows that lack the field; they are not counted.
    """

    values: tuple[str, ...]
    compared: Counts
    reference: Counts
    codes: Counts
    without: tuple[float, float]


@dataclass(frozen=True)
class Ratios:
    """By value: ``ratio`` of its shares with an interval (95%), and p ``adjusted`` over all values (NaN: not judged).

    ``p``: the least of these. Each count has a half added, so that a value that is lost has a ratio (Walter 1975).
    """

    ratio: Floats
    low: Floats
    high: Floats
    adjusted: Floats

    @property
    def is_judged(self) -> Bools:
        """Whether each value can be told from chance at all."""
        return ~np.isnan(self.adjusted)

    @property
    def p(self) -> float:
        """The least p; 1 where no value can be judged."""
        return float(np.nanmin(self.adjusted)) if self.is_judged.any() else 1.0

    def as_values(self, place: int) -> Values:
        """What is said of one value."""
        p = None if np.isnan(self.adjusted[place]) else float(self.adjusted[place])
        return {
            "ratio": float(self.ratio[place]),
            "low": float(self.low[place]),
            "high": float(self.high[place]),
            "p": p,
        }


def field_values(pool: Pool, field: str) -> FieldValues | NotMeasured:
    """Count the values of ``field`` in a pool."""
    encoded = pc.dictionary_encode(pool.values[field])
    names = encoded.dictionary.to_pylist()
    if not names:
        return NotMeasured(f"the field {field} is in no row that is compared, or is a list or an object")
    if len(names) > MOST_VALUES:
        return NotMeasured(f"{field} has more than {MOST_VALUES:,} values; name a field with few")
    order = sorted(range(len(names)), key=names.__getitem__)
    places = np.empty(len(names) + 1, np.int64)
    places[order], places[-1] = np.arange(len(names)), -1
    codes = places[pc.fill_null(encoded.indices, -1).to_numpy()]
    has, own = codes >= 0, pool.compared
    for side, called in ((own, "compared"), (~own, "reference")):
        if not (has & side).any():
            return NotMeasured(f"the field {field} is in no {called} row, or is a list or an object")
    compared, reference = (np.bincount(codes[has & side], minlength=len(names)) for side in (own, ~own))
    without = float((~has & own).sum() / own.sum()), float((~has & ~own).sum() / (~own).sum())
    return FieldValues(tuple(names[place] for place in order), compared, reference, codes, without)


def values_of(texts: Texts, field: str) -> Iterator[pa.RecordBatch]:
    """For each row its ``sample_id`` and its ``value`` of ``field``, as engines take them."""
    for batch in texts.batches("sample_id", column_of(field)):
        values = pc.fill_null(batch[column_of(field)], NO_VALUE)
        yield pa.record_batch([batch["sample_id"], values], names=["sample_id", "value"])


def ratios(pool: Pool, fields: Mapping[str, FieldValues], alpha: float, *, judge: bool) -> dict[str, Ratios]:
    """The ratios of all fields' values, whose p-values are adjusted together; without ``judge`` no value has one."""
    exact = [fisher(each.compared, each.reference) for each in fields.values()]
    sizes = [len(each.values) for each in fields.values()]
    adjusted, inflation = np.full(sum(sizes), np.nan), np.ones(sum(sizes))
    if judge:
        adjusted = adjusted_together(exact, alpha)
    able = np.flatnonzero(~np.isnan(adjusted))
    if len(able) and not pool.deals.are_of_rows:
        least = np.concatenate([each.least for each in exact])
        adjusted[:] = np.nan
        chosen = able[np.argsort(least[able], kind="stable")[:_MOST_DEALT]]
        adjusted[chosen], inflation[chosen] = _dealt(pool, list(fields.values()), chosen)
    bounds = np.cumsum([0, *sizes])
    return {
        field: _ratios(each, adjusted[first:end], inflation[first:end])
        for (field, each), first, end in zip(fields.items(), bounds[:-1], bounds[1:], strict=True)
    }


def _ratios(found: FieldValues, adjusted: Floats, inflation: Floats) -> Ratios:
    own, others = found.compared + 0.5, found.reference + 0.5
    rows = found.compared.sum() + 0.5, found.reference.sum() + 0.5
    ratio = (own / rows[0]) / (others / rows[1])
    error = inflation * np.sqrt(np.maximum(1 / own - 1 / rows[0] + 1 / others - 1 / rows[1], 0))
    return Ratios(ratio, ratio * np.exp(-_NORMAL * error), ratio * np.exp(_NORMAL * error), adjusted)


def _dealt(pool: Pool, fields: list[FieldValues], chosen: Counts) -> tuple[Floats, Floats]:
    """Step-down p of the chosen values (Westfall and Young 1993), and by how much families widen their intervals."""
    columns, single = _columns(pool, fields, chosen)
    _, variance = moments(columns, pool.deals)
    inflation = np.maximum(1, np.sqrt(variance / np.where(single > 0, single, 1)))
    z = studentised(columns, pool.deals)
    observed = np.abs(z(pool.compared[:, None])[:, 0])
    order = np.argsort(-observed, kind="stable")
    exceeded = np.zeros(len(order), np.int64)
    for first in range(1, FIRST_DEALS + 1, _DEALS_AT_ONCE):
        drawn = np.abs(z(pool.deals.batch(first, min(_DEALS_AT_ONCE, FIRST_DEALS + 1 - first))))
        # From the least value up: the greatest of those that are not yet settled.
        greatest = np.maximum.accumulate(drawn[order[::-1]], axis=0)[::-1]
        exceeded += (greatest >= observed[order][:, None] - 1e-9).sum(1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate((exceeded + 1) / (FIRST_DEALS + 1))
    return adjusted, inflation


def _columns(pool: Pool, fields: list[FieldValues], chosen: Counts) -> tuple[Floats, Floats]:
    """A column for each chosen value: its rows less its share of all that have the field, in whole numbers.

    And the variance that its sum would have if rows were dealt one by one.
    """
    columns, single = np.zeros((pool.size, len(chosen))), np.zeros(len(chosen))
    bounds = np.cumsum([0, *(len(each.values) for each in fields)])
    for place, value in enumerate(chosen.tolist()):
        field = int(np.searchsorted(bounds, value, side="right")) - 1
        found, code = fields[field], value - bounds[field]
        has = found.codes >= 0
        rows, total = int(has.sum()), int((found.codes == code).sum())
        columns[has, place] = -total
        columns[found.codes == code, place] += rows
        own = int(found.compared.sum())
        share = total / rows
        single[place] = rows**2 * own * (rows - own) / max(rows - 1, 1) * share * (1 - share)
    return columns, single
