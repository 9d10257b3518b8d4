"""Random datasets over a few texts, with births of every kind: each is completed on what was completed before."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from support.workbench import MORNING, NOON, Row, Workbench, identifier

from provenance.identity import Identity
from provenance.identity.names import sidecar_path
from provenance.lineage.births import Collection, Dependency, ParentKey, RecordedBirths
from provenance.lineage.records import Activity, ActivityType, Agent, Evidence, Origin, Source
from provenance.lineage.schema import birth_schema
from provenance.lineage.vocabulary import Vocabulary

_AGENTS = [Agent(name=f"m{number}") for number in range(3)]
_LICENSES = ("MIT", "CC-BY-4.0", "Apache-2.0 OR MIT", None)
_SOURCES = [Source(name=f"s{number}", license=each) for number, each in enumerate(_LICENSES)]
_DERIVATION = Activity(type=ActivityType.DERIVATION, parameters={"stage": "mix"}, started=NOON)


@dataclass(frozen=True)
class Case:
    """What is to be completed: the file, and what `complete` is given besides."""

    data: Path
    options: dict[str, Any]


class RandomLineage:
    """Datasets in the workbench's folder, made one after the other."""

    def __init__(self, bench: Workbench, rng: random.Random) -> None:
        self._bench, self._rng = bench, rng
        self._texts = [f"text {number}" for number in range(rng.choice([6, 30, 90]))]
        self._has_others = rng.random() < 0.3
        self._has_tokens = rng.random() < 0.3
        self._has_keys = rng.random() < 0.3
        self._has_columns = rng.random() < 0.5
        self._datasets: list[Dependency] = []
        self._ids: list[str] = []

    def cases(self, count: int) -> Iterator[Case]:
        """Datasets to be completed; each must be, by whoever takes it, before the next is taken."""
        for number in range(count):
            name = f"d{number}.jsonl"
            rows = self._rows()
            data = self._bench.dataset(name, rows)
            if not self._datasets or self._rng.random() < 0.25:
                self._collect(data, rows)
                continue
            chosen = self._rng.sample(self._datasets, self._rng.randint(0, min(3, len(self._datasets))))
            if chosen and self._rng.random() < 0.1:
                # A dataset that nobody explained.
                chosen[0] = replace(chosen[0], sidecar=None)
            options: dict[str, Any] = {"identity": self._identity, "dependencies": chosen}
            options |= {"tokenizer": self._rng.choice([None, "words"])}
            if self._rng.random() < 0.6:
                options["births"] = self._births(rows, self._bench.folder / f"{name}.births")
            elif self._rng.random() < 0.8:
                options |= self._derivation(data, rows, chosen)
            yield Case(data, options)
            sidecar = Path(sidecar_path(str(data)))
            if sidecar.exists() and self._rng.random() < 0.15:
                yield self._anew(data, rows, options["dependencies"])
            if sidecar.exists():
                self._keep(data, rows)

    def _derivation(self, data: Path, rows: list[dict[str, Any]], read: Sequence[Dependency]) -> dict[str, Any]:
        """A stage: its rows may name their parents, or their model, or have other columns that count."""
        rng = self._rng
        kind = rng.random()
        if self._has_columns and kind < 0.5 and read:
            for row in rows:
                self._name_parents(row, read)
        elif self._has_columns and kind < 0.7:
            other = rng.choice(["topic", "body"])
            for row in rows:
                if other == "topic":
                    row["topic"] = rng.choice(["", "x", "y"])
                else:
                    row["body"] = row.pop("text")
        self._bench.dataset(data.name, rows)
        options: dict[str, Any] = {"derivation": _DERIVATION}
        if self._has_keys and read and rng.random() < 0.5:
            options["key"] = ParentKey("id", "id", rng.choice([None, None, read[0].path]))
        return options

    def _name_parents(self, row: dict[str, Any], read: Sequence[Dependency]) -> None:
        rng = self._rng
        references = [identifier(row), *rng.choices(self._ids or [identifier(row)], k=3)]
        places = [f"{each.name}:{rng.randint(1, 3)}" for each in read]
        kind = rng.random()
        if kind < 0.6:
            row["_parents"] = rng.choices(references + places, k=rng.randint(0, 2))
        if kind > 0.5:
            row["_model"] = rng.choice(["m0", "m1"])
            row["_kind"] = rng.choice(["rewrite", None])

    def _anew(self, data: Path, rows: Sequence[Row], read: Sequence[Dependency]) -> Case:
        """The same dataset declared anew: of some rows births are stated, of the others the sidecar knows them."""
        earlier = self._bench.folder / f"{data.name}.earlier"
        shutil.copy(sidecar_path(str(data)), earlier)
        own = Dependency(data.name, data.name, None, earlier, self._identity, is_earlier=True)
        options: dict[str, Any] = {"identity": self._identity, "dependencies": [own, *read], "afterwards": True}
        if self._rng.random() < 0.7:
            options["births"] = self._births(rows, self._bench.folder / f"{data.name}.births-again", 0.5)
        return Case(data, options)

    @property
    def _identity(self) -> Identity:
        return Identity(tokens_field="tokens" if self._has_tokens else None)

    def _rows(self) -> list[dict[str, Any]]:
        chosen = self._rng.choices(self._texts, k=self._rng.randint(0, len(self._texts)))
        if self._rng.random() < 0.7:
            chosen = list(dict.fromkeys(chosen))
        rows: list[dict[str, Any]] = []
        for text in chosen:
            tokens = {"tokens": self._rng.choice([None, 1, 20])} if self._has_tokens else {}
            other = {"score": self._rng.randint(0, 3)} if self._has_others else {}
            key = {"id": self._rng.randint(1, 400)} if self._has_keys else {}
            rows.append({"text": text, **tokens, **other, **key})
        return rows

    def _keep(self, data: Path, rows: Sequence[Row]) -> None:
        self._datasets.append(self._bench.dependency(data, identity=self._identity))
        # Rows of other content have other ids; these are parents that nobody knows.
        self._ids += [identifier({"text": row.get("text", "")}) for row in rows]

    def _collect(self, data: Path, rows: Sequence[Row]) -> None:
        from support.workbench import fingerprint

        from provenance.lineage.shared_birth import Collected, register

        source = self._rng.choice(_SOURCES)
        origin = self._rng.choice([Origin.REAL, Origin.REAL, Origin.UNKNOWN, Origin.SYNTHETIC])
        activity = Activity(type=ActivityType.COLLECTION, source=source.id, started=MORNING)
        collection = Collection(origin, activity, source, Evidence.DECLARED, source.license)
        tokenizer = self._rng.choice([None, "words"])
        folder = self._bench.folder
        write = register(Collected(data, collection, data.name, self._identity, fingerprint, folder, tokenizer))
        write(Path(sidecar_path(str(data))), 1)
        self._keep(data, rows)

    def _births(self, rows: Sequence[Row], file: Path, share: float = 0.9) -> RecordedBirths:
        activities = [self._activity() for _ in range(self._rng.randint(1, 3))]
        vocabulary = Vocabulary()
        vocabulary.add(activities, agents=_AGENTS)
        ids = [identifier({"text": row.get("text", "")}) for row in rows]
        births = [
            self._birth(number, ids, activities) for number in range(1, len(rows) + 1) if self._rng.random() < share
        ]
        pq.write_table(pa.Table.from_pylist(births, schema=birth_schema()), file)
        return RecordedBirths(file, activities, vocabulary)

    def _activity(self) -> Activity:
        rng = self._rng
        described: dict[str, Any] = {
            "parameters": {"n": rng.randint(0, 4)},
            "started": rng.choice([NOON, MORNING, None]),
        }
        if rng.random() < 0.6:
            return Activity(type=ActivityType.GENERATION, agent=rng.choice(_AGENTS).id, **described)
        return Activity(type=ActivityType.DERIVATION, rejected=rng.choice([None, {"short": 2}]), **described)

    def _birth(self, row: int, ids: Sequence[str], activities: Sequence[Activity]) -> dict[str, Any]:
        rng = self._rng
        activity = rng.randrange(len(activities))
        parents = self._parents(row, ids)
        is_list = bool(parents) or rng.random() < 0.5
        origins = [None, "real", "unknown"] if parents else ["real", "synthetic", "unknown"]
        is_made = activities[activity].type is ActivityType.GENERATION
        stated: dict[str, list[Any]] = {
            "kind": ["rewrite", "answer", None],
            "seed": [None, 1, -5],
            "input_tokens": [None, 3],
            "cost": [None, Decimal("0.25")],
            "verdict": [None, "good"],
            "license": [None, None, *_LICENSES],
            "evidence": ["observed", "declared"],
            "response_id": [None, "r1"],
            "prompt": [None, bytes(16), bytes(range(16))],
        }
        return {
            "row": row,
            "origin": "synthetic" if is_made else rng.choice(origins),
            "activity": activity,
            "parents": [bytes.fromhex(each) for each in parents] if is_list else None,
            "parent_roles": [rng.choice(["derived_from", "seed"]) for _ in parents] if is_list else None,
            **({name: rng.choice(values) for name, values in stated.items()} if rng.random() < 0.8 else {}),
        }

    def _parents(self, row: int, ids: Sequence[str]) -> list[str]:
        """Samples of other datasets, rows before, one that nobody knows, or the row itself."""
        rng = self._rng
        found = []
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            choices = [ids[row - 1], bytes([rng.randrange(4)] * 16).hex(), ids[rng.randrange(row)]]
            kind = rng.random()
            found.append(rng.choice(self._ids) if kind < 0.8 and self._ids else rng.choice(choices))
        return list(dict.fromkeys(found)) if rng.random() < 0.9 else found
