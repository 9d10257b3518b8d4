"""Sidecars and a verdict as today's writers write them, kept in tests/frozen; `make frozen` makes them anew.

A folder there is called after a format and its version. What is compared varies with nothing but the format: no dates,
no commits, no wording, and nothing of what Parquet says about the library that wrote a file.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from support.project import Project
from support.workbench import DERIVATION, Workbench, identifier

from provenance.attest.verdict_file import VerdictFile
from provenance.identity.names import sidecar_path
from provenance.lineage.manifest import MANIFEST
from provenance.lineage.schema import FORMAT_VERSION, SHARDED_VERSION, sidecar_schema
from provenance.lineage.sidecar import open_sidecar, record_batches, write_sidecar

FROZEN = Path(__file__).resolve().parents[1] / "frozen"
SIDECARS = FROZEN / f"sidecar-{FORMAT_VERSION}"
SHARDED = FROZEN / f"sidecar-{SHARDED_VERSION}"
VERDICTS = FROZEN / f"verdict-{VerdictFile.model_fields['version'].default}"
VERDICT = "verdict.json"
DATASETS = ("documents.jsonl", "questions.jsonl", "mix.jsonl")
# What a verdict says of the day and the program, in every frozen one.
_FIXED = {"date": "2026-01-02", "tool": "dvc-provenance 0.2.0"}
_POLICY = """
rules:
  - {id: few, value: rows, threshold: {at_most: 3}, reason: small}
  - {id: known, value: by_origin.unknown.rows, threshold: {equals: 1}, severity: warn, reason: one row has no birth}
  - {id: carded, value: measures.declared_actual.matches, threshold: {equals: true}, reason: there is no card}
waive:
  - {rule: few, reason: it is an example, owner: Ada Lovelace, expires: 2999-12-31}
"""


def write_datasets(folder: Path) -> None:
    """A dataset collected, one generated from it and one made of both, with one row that nobody explained."""
    workbench = Workbench(folder)
    documents = [{"text": f"document {number}"} for number in range(4)]
    questions = [{"text": f"question {number}"} for number in range(3)]
    collected = workbench.collected("documents.jsonl", documents)
    parents = [[identifier(documents[0])], [identifier(documents[1])], [identifier(row) for row in documents[2:]]]
    generated = workbench.generated("questions.jsonl", questions, parents, [collected])
    joined = {"text": "both", "_parents": [identifier(documents[0]), identifier(questions[0])]}
    mix = workbench.dataset("mix.jsonl", [documents[0], questions[2], joined, {"text": "from nowhere"}])
    workbench.complete(mix, dependencies=[collected, generated], derivation=DERIVATION)


def write_sharded(folder: Path) -> Path:
    """The sidecar of the frozen mix in parts, in ``folder``; given back is where it is."""
    single = open_sidecar(SIDECARS / sidecar_path(DATASETS[-1]))
    path = folder / single.path.name
    columns = sidecar_schema(single.digest_size).names
    write_sidecar(path, single.header, record_batches(single, columns, 100), single.digest_size, 4)
    return path


def write_verdict(root: Path) -> dict[str, Any]:
    """The verdict of a policy on a frozen dataset, in a new repository at ``root``."""
    project = Project.new(root)
    shutil.copytree(SIDECARS, project.root / "data")
    project.run("dvc", "add", "--quiet", *(f"data/{name}" for name in DATASETS))
    project.write({"policy.yaml": _POLICY})
    judged = project.provenance("audit", "data/mix.jsonl", "--policy", "policy.yaml", "--verdict", VERDICT)
    assert judged.code in (0, 1), judged.stderr
    document: dict[str, Any] = json.loads((project.root / VERDICT).read_text(encoding="utf-8"))
    return document | _FIXED


def content(sidecar: Path) -> tuple[dict[str, Any], dict[str, str], list[dict[str, Any]]]:
    """What a sidecar says, whatever version of Parquet's library wrote it: header, column types, records."""
    if sidecar.is_dir():
        manifest = json.loads((sidecar / MANIFEST).read_bytes())
        parts = manifest.pop("layout")["generations"][0]["parts"]
        tables = [pq.read_table(sidecar / part["name"]) for part in parts]
        return (
            manifest,
            {field.name: str(field.type) for field in tables[0].schema},
            pa.concat_tables(tables).to_pylist(),
        )
    table = pq.read_table(sidecar)
    header = {name.decode(): json.loads(value) for name, value in (table.schema.metadata or {}).items()}
    return header, {field.name: str(field.type) for field in table.schema}, table.to_pylist()


def format_of(verdict: dict[str, Any]) -> dict[str, Any]:
    """``verdict`` without what may change while its format does not: the wording, and the sidecars' own bytes."""
    findings = [{**finding, "message": ""} for finding in verdict["findings"]]
    return verdict | {"findings": findings, "inputs": [{**read, "sidecar": ""} for read in verdict["inputs"]]}


def make() -> None:
    """Make the frozen files of today's versions anew."""
    for folder in (SIDECARS, SHARDED, VERDICTS):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    write_datasets(SIDECARS)
    kept = {name for dataset in DATASETS for name in (dataset, Path(sidecar_path(dataset)).name)}
    for path in SIDECARS.iterdir():
        if path.name not in kept:
            path.unlink()
    write_sharded(SHARDED)
    with TemporaryDirectory() as elsewhere:
        document = write_verdict(Path(elsewhere) / "repository")
    (VERDICTS / VERDICT).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    make()
