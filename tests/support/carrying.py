"""The scripts of docs/carrying.md, run as stages, and the truth that their outs are checked against."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.identity import Identity, read_rows, sample_id
from provenance.identity.names import sidecar_path
from provenance.lineage.records import Origin, Source
from provenance.repository import Repository
from provenance.upkeep.adding import add_datasets

PAGE = Path(__file__).resolve().parents[2] / "docs/carrying.md"

DOCUMENTS: list[dict[str, Any]] = [
    {"text": "Owls hunt at night. They hear a mouse under the snow", "topic": "birds", "page": 1},
    {"text": "Moss", "topic": "plants", "page": 2},
    {"text": "Swifts sleep in the air. Few ever land", "topic": "birds", "page": 3},
    {"text": "A fern unrolls its leaves. It has no flowers. It has spores", "topic": "plants", "page": 4},
    {"text": "MOSS", "topic": "stones", "page": 5},
    {"text": "Granit\u00e9 \u2013 h\u00e4rter als Glas \U0001f5ff", "topic": "stones", "page": 6},
    {"text": "Moss", "topic": "plants", "page": 7},
]
QUESTIONS: list[dict[str, Any]] = [
    {"question": "When do owls hunt?", "answer": "At night.", "page": 1},
    {"question": "What has a fern instead of flowers?", "answer": "Spores.", "page": 4},
    {"question": "Where do swifts sleep?", "answer": "In the air.", "page": 3},
    {"question": "How many legs has an owl?", "answer": "Two.", "page": 1},
]
ROWS = {"documents": DOCUMENTS, "questions": QUESTIONS}
CONTENT = {"documents": ("text",), "questions": ("question", "answer")}

# One row as it should be: its content, and its parents as ("documents", row from 1).
Expected = tuple[Mapping[str, Any], Iterable[tuple[str, int]]]


def script_of(tool: str) -> str:
    """The Python blocks of the section on ``tool``, one after the other."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {tool}\n")[1].split("\n## ")[0]
    return "\n\n".join(re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))


def lay_out_inputs() -> None:
    """Add data/documents and data/questions, both as JSON Lines and as Parquet, to the repository around."""
    Path("data").mkdir()
    paths = []
    for name, rows in ROWS.items():
        jsonl, parquet = f"data/{name}.jsonl", f"data/{name}.parquet"
        Path(jsonl).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        pq.write_table(pa.Table.from_pylist(rows), parquet)
        paths += [jsonl, parquet]
    add_datasets(
        Repository.open(),
        paths,
        origin=Origin.REAL,
        source=Source(name="library"),
        progress_of=lambda _: lambda _: None,
    )


def run_stage(script: str, dependencies: Sequence[str], outs: Sequence[str], *, with_sidecars: bool = True) -> str:
    """Make a stage of ``script`` and have `dvc repro` run it under `provenance run`; what that says of the rows.

    ``with_sidecars``: whether the dependencies' sidecars are dependencies too.
    """
    Path("script.py").write_text(script, encoding="utf-8")
    stage = {
        "cmd": f"{sys.executable} -m provenance run -- {sys.executable} script.py",
        "deps": ["script.py", *dependencies, *(map(sidecar_path, dependencies) if with_sidecars else ())],
        "outs": [*outs, *map(sidecar_path, outs)],
    }
    Path("dvc.yaml").write_text(json.dumps({"stages": {"carry": stage}}), encoding="utf-8")
    Path("out").mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, "-m", "dvc", "repro"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def java_is_there() -> bool:
    return shutil.which("java") is not None or "JAVA_HOME" in os.environ


def sources(name: str, rows: Iterable[int]) -> set[tuple[str, int]]:
    """These rows of an input, as parents."""
    return {(name, row) for row in rows}


def check(out: str, expected: Iterable[Expected]) -> None:
    """Check that ``out`` has just the ``expected`` rows, in any order, and that each traces to just its parents."""
    wanted = [(sample_id(content), frozenset(map(_id_of, parents))) for content, parents in expected]
    written = [row for _, row in read_rows(out, Identity())]
    assert all(not name.startswith("_parent") for row in written for name in row)
    assert Counter(sample_id(row) for row in written) == Counter(identifier for identifier, _ in wanted)

    truth: dict[str, set[frozenset[str]]] = {}
    for identifier, parents in wanted:
        truth.setdefault(identifier, set()).add(parents - {identifier})
    found: dict[str, set[frozenset[str]]] = {}
    for record in pq.read_table(sidecar_path(out)).to_pylist():
        if record["sample_id"].hex() in truth:
            assert record["origin"] == "real"
            births = found.setdefault(record["sample_id"].hex(), set())
            births.add(frozenset(parent.hex() for parent in record["parents"]))
    assert found == truth


def unchanged(rows: Iterable[Mapping[str, Any]]) -> list[Expected]:
    """Rows that are as they were: they have no parents."""
    return [(row, ()) for row in rows]


def _id_of(parent: tuple[str, int]) -> str:
    name, row = parent
    return sample_id({field: ROWS[name][row - 1][field] for field in CONTENT[name]})
