"""The rule of `lineage.marks` in plain Python, over the rule of `support.births`: rows told apart by a mark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from support.births import Dataset, Held, carried

# A row as a script sees it: its sample, and its mark.
Row = tuple[str, str]
ByMark = Mapping[str, Held]


@dataclass(frozen=True)
class Known:
    """What is known of a dataset: of its samples, and by mark of those whose marks its sidecar keeps; and its rows."""

    samples: Dataset
    rows: Sequence[Row]
    kept: Mapping[str, ByMark] = field(default_factory=dict)


def kept_of(units: Mapping[Row, Held]) -> dict[str, dict[str, Held]]:
    """The marks that a sidecar keeps: of samples with several births."""
    found: dict[str, dict[str, Held]] = {}
    for (sample, mark), held in units.items():
        found.setdefault(sample, {})[mark] = held
    return {
        sample: by_mark
        for sample, by_mark in found.items()
        if len({birth for held in by_mark.values() for birth in held.shares}) > 1
    }


def by_sample(units: Mapping[Row, Held]) -> dict[str, Held]:
    """Of each sample, the sums over its marks."""
    found: dict[str, Held] = {}
    for (sample, _), held in units.items():
        shares = dict(found[sample].shares) if sample in found else {}
        for birth, (low, high) in held.shares.items():
            before = shares.get(birth, (0, 0))
            shares[birth] = (before[0] + low, before[1] + high)
        found[sample] = Held(held.rows + (found[sample].rows if sample in found else 0), shares)
    return found


def told_apart(holders: Sequence[Known], out: Sequence[Row]) -> dict[str, list[ByMark]]:
    """The units of each holder, of the samples with several births of which all holders know the marks."""
    told: dict[str, list[ByMark]] = {}
    for sample in {sample for sample, _ in out}:
        having = [holder for holder in holders if sample in holder.samples and holder.samples[sample].rows]
        births = {birth for holder in having for birth in holder.samples[sample].shares}
        if len(births) < 2:
            continue
        if all(sample in holder.kept or len(holder.samples[sample].shares) == 1 for holder in having):
            told[sample] = [_units(holder, sample) for holder in holders]
    return told


def left_alone(told: Mapping[str, Sequence[ByMark]], out: Sequence[Row], chance: float) -> bool:
    """Whether all rows have marks that are known, and this is no coincidence."""
    own = {(sample, mark) for sample, mark in out if sample in told}
    has = {sample: {mark for units in each for mark in units} for sample, each in told.items()}
    every = set().union(*has.values())
    if not own or any(mark not in has[sample] for sample, mark in own):
        return False
    by_chance = prod(len(has[sample]) / len(every) for sample, _ in own)
    return by_chance <= chance * (1 + 1e-9)


def _units(holder: Known, sample: str) -> ByMark:
    if sample in holder.kept:
        return holder.kept[sample]
    if sample not in holder.samples or not holder.samples[sample].rows:
        return {}
    (birth,) = holder.samples[sample].shares
    return {
        mark: Held(rows, {birth: (rows, rows)})
        for mark, rows in Counter(mark for text, mark in holder.rows if text == sample).items()
    }


def carried_by_marks(holders: Sequence[Known], out: Sequence[Row], chance: float) -> tuple[Known, bool]:
    """What is known of ``out`` after a script took its rows over from ``holders``; whether marks were believed."""
    told = told_apart(holders, out)
    if not left_alone(told, out, chance):
        counts = Counter(sample for sample, _ in out)
        return Known(carried([holder.samples for holder in holders], counts), out), False

    def keys(holder: int) -> dict[str, Held]:
        plain = {sample: held for sample, held in holders[holder].samples.items() if sample not in told}
        units = {f"{s}/{mark}": held for s, each in told.items() for mark, held in each[holder].items()}
        return plain | {key: held for key, held in units.items() if key in wanted}

    wanted = Counter(f"{sample}/{mark}" if sample in told else sample for sample, mark in out)
    found = carried([keys(number) for number in range(len(holders))], wanted)
    units = {(sample, mark): found[f"{sample}/{mark}"] for sample, mark in out if sample in told}
    counted = {sample: held for sample, held in found.items() if sample in _counted(out, told)}
    return Known(counted | by_sample(units), out, kept_of(units)), True


def _counted(out: Sequence[Row], told: Mapping[str, object]) -> set[str]:
    """The samples of the out that are counted as a whole."""
    return {sample for sample, _ in out} - set(told)
