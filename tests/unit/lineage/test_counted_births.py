"""Sidecars of random stages against the rule of counting in plain Python, and against the truth."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.births import Dataset, Held, carried, repeated, together
from support.workbench import DERIVATION, GENERATION, Workbench, identifier

from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.records import Agent
from provenance.lineage.schema import birth_schema
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.vocabulary import Vocabulary

TEXTS, MODELS = "abcd", "mnop"
# A row: its text, and the model that wrote it.
Row = tuple[str, str]
# The place of the dataset that was read, the row's number in it, and the row.
Read = tuple[int, int, Row]
ID = {text: identifier({"text": text}) for text in TEXTS}


def _births(folder: Path, name: str, rows: Iterable[tuple[int, str]]) -> RecordedBirths:
    """Row numbers and their models as births."""
    agents = [Agent(name=model, revision="1") for model in MODELS]
    activities = [GENERATION.model_copy(update={"agent": agent.id}) for agent in agents]
    table = [
        {"row": row, "origin": "synthetic", "kind": "answer", "activity": MODELS.index(model), "evidence": "declared"}
        for row, model in rows
    ]
    file = folder / f"{name}.births.parquet"
    pq.write_table(pa.Table.from_pylist(table, schema=birth_schema()), file)
    vocabulary = Vocabulary()
    vocabulary.add(activities, agents=agents)
    return RecordedBirths(file, activities, vocabulary)


def written(workbench: Workbench, name: str, rows: Sequence[Row]) -> Dependency:
    path = workbench.dataset(name, [{"text": text} for text, _ in rows])
    births = _births(workbench.folder, name, ((row, model) for row, (_, model) in enumerate(rows, start=1)))
    workbench.complete(path, births=births)
    return workbench.dependency(path)


def known(workbench: Workbench, dataset: Dependency) -> dict[str, Held]:
    """What the sidecar says of each text; where a model is unknown it is called "?"."""
    shares: dict[str, dict[str, tuple[int, int]]] = {}
    rows: Counter[str] = Counter()
    texts = {sample: text for text, sample in ID.items()}
    assert dataset.sidecar is not None
    models = _models(dataset.sidecar)
    for record in workbench.records(dataset):
        text = texts[record["sample_id"]]
        rows[text] += record["rows"] + (record["ambiguous_rows"] or 0)
        model = "?" if record["agent"] is None else models[record["agent"]]
        shares.setdefault(text, {})[model] = (record["rows"], record["rows"] + (record["possible_rows"] or 0))
    return {text: Held(rows[text], {m: s for m, s in of_text.items() if s[1]}) for text, of_text in shares.items()}


def _models(sidecar: Path) -> list[str]:
    return [agent.name for agent in open_sidecar(sidecar).header.agents]


def exactly(rows: Iterable[Row]) -> Dataset:
    counted: dict[str, Counter[str]] = {}
    for text, model in rows:
        counted.setdefault(text, Counter())[model] += 1
    return {text: Held(sum(of.values()), {m: (n, n) for m, n in of.items()}) for text, of in counted.items()}


def _chosen(rng: random.Random, rows: Sequence[Read]) -> list[Read]:
    """What a script makes of the rows that it reads: all of it shuffled, a part, no text twice, or some rows again."""
    kind = rng.choice(["all", "part", "part", "distinct", "again"])
    if kind == "all":
        return rng.sample(rows, len(rows))
    if kind == "part":
        return rng.sample(rows, rng.randint(1, len(rows)))
    if kind == "distinct":
        return list({row[0]: (place, number, row) for place, number, row in rows}.values())
    return [*rows, *rng.choices(rows, k=rng.randint(1, 3))]


def _random_rows(rng: random.Random, most: int = 9) -> list[Row]:
    return [(rng.choice(TEXTS), rng.choice(MODELS)) for _ in range(rng.randint(1, most))]


def assert_invariants(records: Sequence[Mapping[str, Any]], rows: int) -> None:
    assert sum(r["rows"] + (r["ambiguous_rows"] or 0) for r in records) == rows
    by_sample: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        by_sample.setdefault(record["sample_id"], []).append(record)
    for same in by_sample.values():
        assert all(record["ambiguous_rows"] is None for record in same[1:])
        rest = same[0]["ambiguous_rows"] or 0
        possible = [record["possible_rows"] for record in same if record["possible_rows"] is not None]
        assert bool(rest) == bool(possible)
        assert all(0 < each <= rest <= sum(possible) - each for each in possible)


@pytest.mark.parametrize("seed", range(25))
def test_stages_divide_rows_as_the_rule_says(workbench: Workbench, seed: int) -> None:
    rng = random.Random(seed)
    made = {"a.jsonl": _random_rows(rng), "b.jsonl": _random_rows(rng)}
    datasets = {name: written(workbench, name, rows) for name, rows in made.items()}
    expected: dict[str, Dataset] = {name: exactly(rows) for name, rows in made.items()}
    shown = True
    for step in range(3):
        read = rng.sample(sorted(datasets), rng.randint(1, 2))
        inputs = [(place, number, row) for place, each in enumerate(read) for number, row in enumerate(made[each])]
        chosen = _chosen(rng, inputs)
        truth = [row for _, _, row in chosen]
        name = f"step{step}.jsonl"
        path = workbench.dataset(name, [{"text": text} for text, _ in truth])
        report = workbench.complete(path, dependencies=[datasets[each] for each in read], derivation=DERIVATION)
        assert (report.rows, report.carried) == (len(truth), len(truth))
        found = known(workbench, workbench.dependency(path))
        wanted = Counter(text for text, _ in truth)
        assert found == carried([expected[each] for each in read], wanted), (seed, step)
        assert_invariants(workbench.records(path), len(truth))
        # What a count does not show may be wrong: rows written twice that seem to be others of equal text.
        again = {place for (place, _, _), times in Counter(chosen).items() if times > 1}
        shown = shown and again <= repeated([expected[each] for each in read], wanted)
        if shown:
            counted = Counter(truth)
            for text, held in found.items():
                for model, (low, high) in held.shares.items():
                    assert low <= counted[text, model] <= high, (seed, step)
        datasets[name], made[name], expected[name] = workbench.dependency(path), truth, found


@pytest.mark.parametrize("seed", range(10))
def test_rows_that_name_their_parents_divide_apart_from_carried_ones(workbench: Workbench, seed: int) -> None:
    rng = random.Random(seed)
    made = {name: _random_rows(rng) for name in ("a.jsonl", "b.jsonl")}
    datasets = [written(workbench, name, rows) for name, rows in made.items()]
    every = [row for rows in made.values() for row in rows]
    kept, derived = rng.sample(every, rng.randint(1, len(every))), [rng.choice(TEXTS) for _ in range(3)]
    rows: list[dict[str, object]] = [{"text": text} for text, _ in kept]
    # Made from a text of nobody's, whatever the rows of equal text say.
    rows += [{"text": text, "_parents": ["ab" * 16]} for text in derived]
    path = workbench.dataset("out.jsonl", rows)
    report = workbench.complete(path, dependencies=datasets, derivation=DERIVATION)
    assert (report.carried, report.derived) == (len(kept), len(derived))
    parts = carried([exactly(rows) for rows in made.values()], Counter(text for text, _ in kept))
    stated = exactly((text, "?") for text in derived)
    records = [record for record in workbench.records(path) if record["sample_id"] in ID.values()]
    assert_invariants(records, len(rows))
    texts = {sample: text for text, sample in ID.items()}
    models = _models(path.with_name("out.jsonl.lineage.parquet"))
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for record in records:
        name = "?" if record["agent"] is None else models[record["agent"]]
        share = (record["rows"], record["rows"] + (record["possible_rows"] or 0))
        found.setdefault(texts[record["sample_id"]], {})[name] = share
    assert found == {text: dict(held.shares) for text, held in together(parts, stated).items()}


@pytest.mark.parametrize("seed", range(10))
def test_declaring_some_rows_leaves_what_is_known_of_the_others(workbench: Workbench, seed: int) -> None:
    rng = random.Random(seed)
    made = _random_rows(rng)
    earlier = written(workbench, "a.jsonl", made)
    stated = {row: rng.choice("xyz") for row in rng.sample(range(1, len(made) + 1), rng.randint(1, len(made)))}
    agents = [Agent(name=model, revision="1") for model in "xyz"]
    assert earlier.data is not None
    before = workbench.folder / "earlier.parquet"
    Path(str(earlier.sidecar)).rename(before)
    activities = [GENERATION.model_copy(update={"agent": agent.id}) for agent in agents]
    table = [
        {"row": row, "origin": "synthetic", "activity": "xyz".index(model), "evidence": "declared"}
        for row, model in sorted(stated.items())
    ]
    file = workbench.folder / "again.parquet"
    pq.write_table(pa.Table.from_pylist(table, schema=birth_schema()), file)
    vocabulary = Vocabulary()
    vocabulary.add(activities, agents=agents)
    own = Dependency("a.jsonl", "a.jsonl", None, before, is_earlier=True)
    workbench.complete(earlier.data, births=RecordedBirths(file, activities, vocabulary), dependencies=[own])
    rest = Counter(text for row, (text, _) in enumerate(made, start=1) if row not in stated)
    parts = carried([exactly(made)], {text: rows for text, rows in rest.items() if rows})
    new = exactly((made[row - 1][0], model) for row, model in stated.items())
    assert known(workbench, workbench.dependency(earlier.data)) == together(parts, new)
    assert_invariants(workbench.records(earlier.data), len(made))
