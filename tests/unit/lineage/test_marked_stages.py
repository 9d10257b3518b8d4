"""Marks through files: sidecars of random stages against `support.marked`, and against the truth."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.births import Held
from support.marked import Known, by_sample, carried_by_marks, kept_of
from support.pipelines import ID, MODELS, TEXTS, assert_invariants, births_of, known, models_of
from support.workbench import DERIVATION, Workbench

from provenance.lineage.births import Dependency
from provenance.lineage.marks import CHANCE
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.verification import verify

# A row: its text, what it has besides, and the model that wrote it.
Born = tuple[str, str, str]


def born_rows(rng: random.Random, number: int = 30) -> list[Born]:
    found = []
    for _ in range(number):
        model = rng.choice(MODELS)
        mark = f"{model}{rng.randrange(8)}" if rng.random() < 0.8 else rng.choice("xyz")
        found.append((rng.choice(TEXTS), mark, model))
    return found


def stated(rows: Sequence[Born]) -> Known:
    counted: dict[tuple[str, str], Counter[str]] = {}
    for text, mark, model in rows:
        counted.setdefault((text, mark), Counter())[model] += 1
    units = {unit: Held(models.total(), {m: (n, n) for m, n in models.items()}) for unit, models in counted.items()}
    return Known(by_sample(units), [row[:2] for row in rows], kept_of(units))


def data(workbench: Workbench, name: str, rows: Sequence[Born]) -> Path:
    return workbench.dataset(name, [{"text": text, "id": mark} for text, mark, _ in rows])


def written(workbench: Workbench, name: str, rows: Sequence[Born]) -> Dependency:
    path = data(workbench, name, rows)
    births = births_of(workbench.folder, name, ((row, model) for row, (_, _, model) in enumerate(rows, start=1)))
    workbench.complete(path, births=births)
    return workbench.dependency(path)


def kept(workbench: Workbench, dataset: Dependency) -> dict[str, list[Any]]:
    """The marks in a sidecar, by text: of each, how many rows there are, and how they divide; in no order."""
    assert dataset.sidecar is not None
    models, texts = models_of(dataset.sidecar), {sample: text for text, sample in ID.items()}
    found: dict[str, dict[bytes, dict[str, tuple[int, int]]]] = {}
    rest: Counter[tuple[str, bytes]] = Counter()
    for record in workbench.records(dataset):
        for each in record["marks"] or ():
            text = texts[record["sample_id"]]
            share = (each["rows"], each["rows"] + (each["possible_rows"] or 0))
            found.setdefault(text, {}).setdefault(each["mark"], {})[models[record["agent"]]] = share
            rest[text, each["mark"]] = each["ambiguous_rows"] or 0
    return {
        text: sorted(
            (sum(low for low, _ in shares.values()) + rest[text, mark], sorted(shares.items()))
            for mark, shares in by_mark.items()
        )
        for text, by_mark in found.items()
    }


def expected_marks(known: Known) -> dict[str, list[Any]]:
    return {
        text: sorted((held.rows, sorted(held.shares.items())) for held in by_mark.values())
        for text, by_mark in known.kept.items()
    }


@pytest.mark.parametrize("seed", range(10))
def test_sidecars_say_what_the_rule_says(workbench: Workbench, seed: int) -> None:
    rng = random.Random(seed)
    rows = {name: born_rows(rng) for name in ("a.jsonl", "b.jsonl")}
    datasets = {name: written(workbench, name, made) for name, made in rows.items()}
    models = {name: stated(made) for name, made in rows.items()}
    for name, dataset in datasets.items():
        assert kept(workbench, dataset) == expected_marks(models[name])
    for step in range(3):
        read = rng.sample(sorted(datasets), rng.randint(1, 2))
        every = [row for name in read for row in rows[name]]
        out = rng.sample(every, rng.choice([len(every), rng.randint(len(every) // 2, len(every))]))
        if step == 1 and seed % 2:
            # Rows that have been numbered anew.
            out = [(text, f"{number}", model) for number, (text, _, model) in enumerate(out)]
        name = f"step{step}.jsonl"
        path = data(workbench, name, out)
        workbench.complete(path, dependencies=[datasets[each] for each in read], derivation=DERIVATION)
        datasets[name], rows[name] = workbench.dependency(path), out
        models[name], by_marks = carried_by_marks([models[each] for each in read], [row[:2] for row in out], CHANCE)
        assert known(workbench, datasets[name]) == models[name].samples
        assert kept(workbench, datasets[name]) == expected_marks(models[name])
        sidecar = datasets[name].sidecar
        assert sidecar is not None
        assert (open_sidecar(sidecar).header.divided_by == "marks") is by_marks
        assert_invariants(workbench.records(path), len(out))
        counted = Counter((text, model) for text, _, model in out)
        for text, held in models[name].samples.items():
            for model, (low, high) in held.shares.items():
                assert low <= counted[text, model] <= high
        identity = datasets[name].identity
        assert verify(path, sidecar, identity, name=name, md5=None, workspace=workbench.folder) == []


def test_a_declaration_leaves_the_marks_of_other_samples(workbench: Workbench) -> None:
    made = [("a", "1", "m"), ("a", "2", "n"), ("b", "1", "m"), ("b", "2", "n"), ("c", "1", "m"), ("c", "2", "n")]
    dataset = written(workbench, "a.jsonl", made)
    before = kept(workbench, dataset)
    assert {*before} == {*"abc"}
    assert dataset.data is not None and dataset.sidecar is not None
    earlier = workbench.folder / "earlier.parquet"
    dataset.sidecar.rename(earlier)
    own = Dependency("a.jsonl", "a.jsonl", None, earlier, is_earlier=True)
    # One row of the first text, and both of the second.
    births = births_of(workbench.folder, "again", [(1, "o"), (3, "o"), (4, "p")])
    workbench.complete(dataset.data, births=births, dependencies=[own])
    after = kept(workbench, dataset)
    assert after["c"] == before["c"]
    assert "a" not in after
