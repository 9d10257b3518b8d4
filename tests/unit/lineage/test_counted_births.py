"""Sidecars of random stages against the rule of counting in plain Python, and against the truth."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.births import carried, together
from support.pipelines import (
    ID,
    TEXTS,
    Pipeline,
    assert_invariants,
    exactly,
    known,
    models_of,
    random_rows,
    written,
)
from support.workbench import DERIVATION, GENERATION, Workbench

from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.records import Agent
from provenance.lineage.schema import birth_schema
from provenance.lineage.vocabulary import Vocabulary


@pytest.mark.parametrize("seed", range(25))
def test_stages_divide_rows_as_the_rule_says(workbench: Workbench, seed: int) -> None:
    pipeline = Pipeline(workbench, random.Random(seed))
    shown = True
    for step in range(3):
        stage = pipeline.stage(f"step{step}.jsonl")
        assert (stage.report.rows, stage.report.carried) == (len(stage.truth), len(stage.truth))
        found = known(workbench, stage.out)
        assert found == carried(stage.read, Counter(text for text, _ in stage.truth)), (seed, step)
        assert_invariants(workbench.records(stage.out), len(stage.truth))
        # What a count does not show may be wrong: rows written twice that seem to be others of equal text.
        shown = shown and not stage.hides_repetition
        if shown:
            counted = Counter(stage.truth)
            for text, held in found.items():
                for model, (low, high) in held.shares.items():
                    assert low <= counted[text, model] <= high, (seed, step)
        pipeline.keep(stage.out, stage.truth)


@pytest.mark.parametrize("seed", range(10))
def test_rows_that_name_their_parents_divide_apart_from_carried_ones(workbench: Workbench, seed: int) -> None:
    rng = random.Random(seed)
    made = {name: random_rows(rng) for name in ("a.jsonl", "b.jsonl")}
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
    models = models_of(path.with_name("out.jsonl.lineage.parquet"))
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for record in records:
        name = "?" if record["agent"] is None else models[record["agent"]]
        share = (record["rows"], record["rows"] + (record["possible_rows"] or 0))
        found.setdefault(texts[record["sample_id"]], {})[name] = share
    assert found == {text: dict(held.shares) for text, held in together(parts, stated).items()}


@pytest.mark.parametrize("seed", range(10))
def test_declaring_some_rows_leaves_what_is_known_of_the_others(workbench: Workbench, seed: int) -> None:
    rng = random.Random(seed)
    made = random_rows(rng)
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
