"""A DVC repository with lineage: docs, pairs that a model wrote from them, a mix of both, and data without sidecar."""

from __future__ import annotations

from pathlib import Path

from support.project import Project, lines
from support.workbench import DERIVATION, Workbench, identifier

DOCS = [{"text": "pop removes the last item"}, {"text": "push appends"}]
PAIRS = [{"text": "What does pop do?"}, {"text": "What does push do?"}]
MIX = [PAIRS[1], DOCS[0], PAIRS[0], DOCS[0]]


def lineage_project(root: Path) -> Project:
    """The repository at ``root``: docs.jsonl was committed first, then the rest."""
    project = Project.new(root)
    bench = Workbench(root)
    docs = bench.collected("docs.jsonl", DOCS)
    _track(project, "docs.jsonl")
    project.commit()
    pairs = bench.generated("pairs.jsonl", PAIRS, [[identifier(DOCS[0])], [identifier(DOCS[1])]], [docs])
    mix = bench.dataset("mix.jsonl", MIX)
    bench.complete(mix, dependencies=[docs, pairs], derivation=DERIVATION)
    (root / "pairs.jsonl.births.parquet").unlink()
    project.write({"bare.jsonl": lines([{"text": "bare"}])})
    _track(project, "pairs.jsonl", "mix.jsonl")
    project.run("dvc", "add", "--quiet", "bare.jsonl")
    project.commit()
    return project


def _track(project: Project, *datasets: str) -> None:
    files = [name for dataset in datasets for name in (dataset, f"{dataset}.lineage.parquet")]
    project.run("dvc", "add", "--quiet", *files)
