"""One split of real texts in two groups: what every measure that is held against chance says of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from provenance.auditing.measure import Measured, NotMeasured
from provenance.auditing.measures import compression_ratio, distinct_n, judged_with_all, openings, self_repetition
from provenance.auditing.measures.drift import drift
from provenance.auditing.measures.representation import representation
from provenance.auditing.policy.loading import pack
from provenance.auditing.texts.comparing import compared
from provenance.auditing.texts.dataset_texts import column_of
from provenance.auditing.texts.normal import as_read
from provenance.auditing.texts.pools import Pool, joined, pool_of_table
from provenance.auditing.texts.words import words

RULES = ("self_repetition", "distinct_n", "openings", "compression_ratio", "drift", "representation")
_FIELD = "first word"
_LONGEST_VALUE = 12
_DIVERSITY = (compression_ratio, distinct_n, openings, self_repetition)


@dataclass(frozen=True)
class Row:
    text: str
    family: str


@dataclass(frozen=True)
class Split:
    """Two groups of rows; ``by_family``: whether families are dealt."""

    compared: Sequence[Row]
    reference: Sequence[Row]
    by_family: bool = False


@dataclass(frozen=True)
class Outcome:
    """By rule: ``low``, whether p is at most 1%; ``significant``: among all six; ``broken``: and beyond its bar."""

    low: Mapping[str, bool]
    significant: Mapping[str, bool]
    broken: Mapping[str, bool]


@cache
def rows_of(folder: Path, name: str) -> tuple[Row, ...]:
    """The rows of a set, each text once."""
    with open(folder / f"{name}.jsonl", encoding="utf-8") as lines:
        rows = [Row(**json.loads(line)) for line in lines]
    return tuple({row.text: row for row in rows}.values())


def halves(rows: Sequence[Row], size: int, pick: np.random.Generator, *, by_family: bool) -> Split:
    """Two random groups of about ``size`` rows; by family: of families that stay whole."""
    if not by_family:
        order = pick.permutation(len(rows))[: 2 * size]
        half = len(order) // 2
        return Split([rows[row] for row in order[:half]], [rows[row] for row in order[half:]])
    families: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        families[row.family].append(row)
    taken: list[list[Row]] = []
    for name in pick.permutation(sorted(families)):
        if sum(map(len, taken)) >= 2 * size:
            break
        taken.append(families[name])
    half = len(taken) // 2
    return Split([row for each in taken[:half] for row in each], [row for each in taken[half:] for row in each], True)


def pool_of(split: Split, seed: int) -> Pool:
    """The pool of a split, as an audit makes it."""
    tables, families = [], []
    for rows in (split.compared, split.reference):
        different = {as_read(row.text): row for row in reversed(rows)}
        texts = pa.array([row.text for row in different.values()], pa.large_string())
        found = words(texts)
        columns = {
            "sample_id": pa.array([xxhash.xxh3_128_digest(text.encode()) for text in different], pa.binary(16)),
            "text": texts,
            "words": pa.LargeListArray.from_arrays(pa.array(found.offsets), pa.array(found.hashes)),
            "key": pa.array(map(_key, different), pa.uint64()),
            column_of(_FIELD): pa.array([_value(text) for text in different], pa.large_string()),
        }
        tables.append(pa.table(columns))
        families += [_key(row.family) if split.by_family else _key(text) for text, row in different.items()]
    table = joined(tables[0], tables[1], np.array(families, np.uint64), "")
    return pool_of_table(table, "families", seed, (_FIELD,))


def judged(split: Split, seed: int) -> Outcome:
    """What all six rules say of the split, judged together."""
    pool = pool_of(split, seed)
    found: dict[str, Measured | NotMeasured] = {
        module.MEASURE.name: compared(pool, module.prepare(pool), len(RULES)) for module in _DIVERSITY
    }
    found |= {"drift": drift(pool, len(RULES)), "representation": representation(pool, len(RULES))}
    (settled,) = judged_with_all([found])
    values = {name: each.values if isinstance(each, Measured) else {} for name, each in settled.items()}
    return Outcome(
        {name: _at_most(values[name].get("p"), 0.01) for name in RULES},
        {name: _at_most(values[name].get("p_adjusted"), 0.01) for name in RULES},
        {name: _is_broken(name, values[name]) for name in RULES},
    )


def _at_most(p: object, level: float) -> bool:
    return isinstance(p, float) and p <= level


@cache
def _bars() -> Mapping[str, tuple[str, Callable[[float], bool]]]:
    """For each measure the value that the pack model-collapse judges, and whether it keeps the bar."""
    bars: dict[str, tuple[str, Callable[[float], bool]]] = {}
    for rule in pack("model-collapse").rules:
        _, *path = rule.value.split(".")
        if path and path[0] in RULES:
            bars[path[0]] = path[1], _keeps(rule.threshold)
    return bars


def _keeps(threshold: Any) -> Callable[[float], bool]:
    bounds = threshold.model_dump()
    return lambda value: bool(bounds.get("at_least", -np.inf) <= value <= bounds.get("at_most", np.inf))


def _is_broken(name: str, values: Mapping[str, Any]) -> bool:
    value, keeps = _bars()[name]
    found = values.get(value)
    return isinstance(found, int | float) and not keeps(found)


def _key(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode())


def _value(text: str) -> str:
    """A value that rows have by themselves: their first word, or its first letter where it is long."""
    first = next(iter(text.split()), "")
    return first if len(first) < _LONGEST_VALUE else first[:1]
