"""References to rows are looked up range by range, and mean the same however small the ranges are."""

from __future__ import annotations

import random

import pytest
from support.workbench import DERIVATION, Workbench, identifier

from provenance.errors import DataError
from provenance.lineage import row_references


def rows_of(name: str, count: int) -> list[dict[str, str]]:
    return [{"text": f"{name} {number}"} for number in range(count)]


@pytest.mark.parametrize("at_once", [1, 3, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_every_reference_means_its_row(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch, at_once: int, seed: int
) -> None:
    monkeypatch.setattr(row_references, "_ROWS_LOOKED_UP", at_once)
    monkeypatch.setattr(row_references, "_ROWS_JOINED", at_once)
    rng = random.Random(seed)
    known = {name: rows_of(name, 7) for name in ("a.jsonl", "b.jsonl", "folder/x.jsonl", "folder/y.jsonl")}
    dependencies = [workbench.collected(name, known[name]) for name in ("a.jsonl", "b.jsonl")]
    (workbench.folder / "folder").mkdir()
    for name in ("folder/x.jsonl", "folder/y.jsonl"):
        workbench.dataset(name, known[name])
    dependencies.append(workbench.dependency(workbench.folder / "folder", sidecar=False))
    every = [*known["folder/x.jsonl"], *known["folder/y.jsonl"]]
    places = [(f"{name}:{row}", each) for name, rows in known.items() for row, each in enumerate(rows, 1)]
    places += [(f"folder:{row}", each) for row, each in enumerate(every, 1)]
    places += [(identifier(each), each) for rows in known.values() for each in rows]
    named = [rng.sample(places, rng.randint(0, 4)) for _ in range(12)]
    mix = workbench.dataset(
        "mix.jsonl",
        [{"text": f"new {row}", "_parents": [place for place, _ in each]} for row, each in enumerate(named)],
    )
    workbench.complete(mix, dependencies=dependencies, derivation=DERIVATION)
    for row, each in enumerate(named):
        expected = [identifier(parent) for _, parent in each]
        assert workbench.record(mix, {"text": f"new {row}"})["parents"] == expected


def test_a_row_that_is_not_there_is_told_whatever_range_it_would_be_in(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_references, "_ROWS_LOOKED_UP", 2)
    known = workbench.collected("a.jsonl", rows_of("a", 3))
    mix = workbench.dataset("mix.jsonl", [{"text": "new", "_parents": ["a.jsonl:3", "a.jsonl:4"]}])
    with pytest.raises(DataError, match=r"_parents names 'a.jsonl:4', but a.jsonl has no such row"):
        workbench.complete(mix, dependencies=[known], derivation=DERIVATION)
