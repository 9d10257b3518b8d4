"""A real repository with a model that was trained on documents, and rows that it wrote; one document is gone since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from support.project import Project
from support.workbench import Workbench, identifier

STATED = ("--origin", "real", "--source", "library")


def trained_writer(
    root: Path,
    seed: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    parents: Sequence[Sequence[dict[str, Any]]],
    configure: Callable[[Project], None] = lambda project: None,
) -> Project:
    """seed.jsonl, of which the model ``writer@1`` knows all; rows.jsonl; then seed.jsonl without its first document.

    ``parents``: the documents that each row was made from. ``configure``: is done first in the repository.
    """
    project = Project.new(root)
    configure(project)
    bench = Workbench(project.root)
    bench.dataset("seed.jsonl", seed)
    project.provenance("add", "seed.jsonl", *STATED)
    project.commit()
    project.ask("model", "add", "writer", "--revision", "1", "--trained-on", "seed.jsonl@HEAD", "--license", "MIT")
    ids = [[identifier(row) for row in of_row] for of_row in parents]
    dependencies = [bench.dependency(project.root / "seed.jsonl")] if any(ids) else []
    bench.generated("rows.jsonl", rows, ids, dependencies)
    (project.root / "rows.jsonl.births.parquet").unlink()
    project.run("dvc", "add", "--quiet", "rows.jsonl", "rows.jsonl.lineage.parquet")
    bench.dataset("seed.jsonl", seed[1:])
    project.provenance("add", "seed.jsonl", *STATED)
    project.commit()
    return project
