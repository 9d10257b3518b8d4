"""Random stages over datasets of a few texts that several models wrote, the truth of each row kept beside it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from support.births import Dataset, Held, repeated
from support.workbench import DERIVATION, GENERATION, Workbench, identifier

from provenance.lineage.births import Dependency, RecordedBirths
from provenance.lineage.completion import Completion
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


def births_of(folder: Path, name: str, rows: Iterable[tuple[int, str]]) -> RecordedBirths:
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
    births = births_of(workbench.folder, name, ((row, model) for row, (_, model) in enumerate(rows, start=1)))
    workbench.complete(path, births=births)
    return workbench.dependency(path)


def known(workbench: Workbench, dataset: Dependency) -> dict[str, Held]:
    """What the sidecar says of each text; where a model is unknown it is called "?"."""
    shares: dict[str, dict[str, tuple[int, int]]] = {}
    rows: Counter[str] = Counter()
    texts = {sample: text for text, sample in ID.items()}
    assert dataset.sidecar is not None
    models = models_of(dataset.sidecar)
    for record in workbench.records(dataset):
        text = texts[record["sample_id"]]
        rows[text] += record["rows"] + (record["ambiguous_rows"] or 0)
        model = "?" if record["agent"] is None else models[record["agent"]]
        shares.setdefault(text, {})[model] = (record["rows"], record["rows"] + (record["possible_rows"] or 0))
    return {text: Held(rows[text], {m: s for m, s in of_text.items() if s[1]}) for text, of_text in shares.items()}


def models_of(sidecar: Path) -> list[str]:
    return [agent.name for agent in open_sidecar(sidecar).header.agents]


def exactly(rows: Iterable[Row]) -> Dataset:
    counted: dict[str, Counter[str]] = {}
    for text, model in rows:
        counted.setdefault(text, Counter())[model] += 1
    return {text: Held(sum(of.values()), {m: (n, n) for m, n in of.items()}) for text, of in counted.items()}


def chosen_rows(rng: random.Random, rows: Sequence[Read]) -> list[Read]:
    """What a script makes of the rows that it reads: all of it shuffled, a part, no text twice, or some rows again."""
    kind = rng.choice(["all", "part", "part", "distinct", "again"])
    if kind == "all":
        return rng.sample(rows, len(rows))
    if kind == "part":
        return rng.sample(rows, rng.randint(1, len(rows)))
    if kind == "distinct":
        return list({row[0]: (place, number, row) for place, number, row in rows}.values())
    return [*rows, *rng.choices(rows, k=rng.randint(1, 3))]


def random_rows(rng: random.Random, most: int = 9) -> list[Row]:
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


@dataclass(frozen=True)
class Stage:
    """What came of a random stage: its out, the true rows of it, and whether it wrote rows twice that no count shows.

    ``read``: what is known of the datasets that it read.
    """

    out: Dependency
    truth: list[Row]
    report: Completion
    read: list[Dataset]
    hides_repetition: bool


class Pipeline:
    """Random stages over two datasets that models wrote, and over what earlier stages made of them."""

    def __init__(self, workbench: Workbench, rng: random.Random) -> None:
        self._workbench, self._rng = workbench, rng
        self.rows = {name: random_rows(rng) for name in ("a.jsonl", "b.jsonl")}
        self.datasets = {name: written(workbench, name, rows) for name, rows in self.rows.items()}
        self.known: dict[str, Dataset] = {name: exactly(rows) for name, rows in self.rows.items()}

    def stage(self, name: str) -> Stage:
        """Run a stage that writes the dataset ``name``."""
        read = self._rng.sample(sorted(self.datasets), self._rng.randint(1, 2))
        inputs = [(place, n, row) for place, each in enumerate(read) for n, row in enumerate(self.rows[each])]
        chosen = chosen_rows(self._rng, inputs)
        truth = [row for _, _, row in chosen]
        path = self._workbench.dataset(name, [{"text": text} for text, _ in truth])
        dependencies = [self.datasets[each] for each in read]
        report = self._workbench.complete(path, dependencies=dependencies, derivation=DERIVATION)
        known_of_read = [self.known[each] for each in read]
        again = {place for (place, _, _), times in Counter(chosen).items() if times > 1}
        is_shown = again <= repeated(known_of_read, Counter(text for text, _ in truth))
        return Stage(self._workbench.dependency(path), truth, report, known_of_read, not is_shown)

    def keep(self, out: Dependency, truth: list[Row]) -> None:
        """Later stages may read ``out``, of which these rows are true."""
        self.datasets[out.path], self.rows[out.path] = out, truth
        self.known[out.path] = known(self._workbench, out)
