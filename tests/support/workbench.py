"""A small workbench: datasets as JSONL files with sidecars made by the real completion."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.identity import Identity, sample_id
from provenance.identity.names import sidecar_path
from provenance.lineage.births import Collection, Dependency, RecordedBirths
from provenance.lineage.completion import Completion, complete
from provenance.lineage.records import Activity, ActivityType, Agent, Evidence, Origin, Source
from provenance.lineage.schema import birth_schema
from provenance.lineage.shared_birth import Collected, register
from provenance.lineage.vocabulary import Vocabulary

MORNING = datetime(2026, 1, 1, 8, tzinfo=UTC)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LIBRARY = Source(name="library", license="MIT")
WRITER = Agent(name="writer", revision="1")
COLLECTION = Activity(type=ActivityType.COLLECTION, source=LIBRARY.id, started=MORNING)
GENERATION = Activity(type=ActivityType.GENERATION, agent=WRITER.id, started=NOON)
DERIVATION = Activity(type=ActivityType.DERIVATION, started=NOON)

Row = Mapping[str, Any]


def identifier(row: Row) -> str:
    return sample_id({k: v for k, v in row.items() if not k.startswith("_")})


def fingerprint(path: Path) -> tuple[str, int]:
    content = path.read_bytes()
    return hashlib.md5(content, usedforsecurity=False).hexdigest(), len(content)


@dataclass
class Workbench:
    """Makes datasets with sidecars in a folder."""

    folder: Path

    def dataset(self, name: str, rows: Sequence[Row]) -> Path:
        path = self.folder / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    def complete(self, path: Path, **options: Any) -> Completion:
        return complete(
            path,
            Path(sidecar_path(str(path))),
            dataset_path=path.name,
            identity=options.pop("identity", Identity()),
            fingerprint=fingerprint,
            workspace=self.folder,
            **options,
        )

    def dependency(self, path: Path, *, sidecar: bool = True, identity: Identity | None = None) -> Dependency:
        own = Path(sidecar_path(str(path))) if sidecar else None
        return Dependency(path.name, path.name, path, own, identity or Identity())

    def collected(self, name: str, rows: Sequence[Row], identity: Identity | None = None) -> Dependency:
        """A real dataset, collected from LIBRARY."""
        path = self.dataset(name, rows)
        collection = Collection(Origin.REAL, COLLECTION, LIBRARY, Evidence.DECLARED, "MIT")
        write = register(Collected(path, collection, path.name, identity or Identity(), fingerprint, self.folder))
        write(Path(sidecar_path(str(path))), 1)
        return self.dependency(path, identity=identity)

    def generated(
        self, name: str, rows: Sequence[Row], parents: Sequence[Sequence[str]], dependencies: Sequence[Dependency] = ()
    ) -> Dependency:
        """A synthetic dataset, written by WRITER; ``parents``: hex ids, row by row."""
        path = self.dataset(name, rows)
        births = [
            {
                "row": number,
                "origin": "synthetic",
                "kind": "rewrite",
                "activity": 0,
                "parents": [bytes.fromhex(parent) for parent in of_row],
                "parent_roles": ["derived_from"] * len(of_row),
                "evidence": "observed",
            }
            for number, of_row in enumerate(parents, start=1)
        ]
        file = self.folder / f"{name}.births.parquet"
        pq.write_table(pa.Table.from_pylist(births, schema=birth_schema()), file)
        vocabulary = Vocabulary()
        vocabulary.add([GENERATION], agents=[WRITER])
        self.complete(path, births=RecordedBirths(file, [GENERATION], vocabulary), dependencies=dependencies)
        return self.dependency(path)

    def records(self, dataset: Path | Dependency) -> list[dict[str, Any]]:
        """The sidecar's rows, ids as hex."""
        path = dataset.data if isinstance(dataset, Dependency) else dataset
        rows: list[dict[str, Any]] = pq.read_table(sidecar_path(str(path))).to_pylist()
        for row in rows:
            row["sample_id"] = row["sample_id"].hex()
            row["parents"] = [parent.hex() for parent in row["parents"]]
        return rows

    def record(self, dataset: Path | Dependency, row: Row) -> dict[str, Any]:
        """The only record of ``row``'s sample."""
        (found,) = [record for record in self.records(dataset) if record["sample_id"] == identifier(row)]
        return found
