"""Ask of the demo's training data what it is made of: run the commands that answer, one after another."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import Any

import provenance

TRAIN, DOCUMENTS = "data/train.parquet", "data/documents.jsonl"


def show(*arguments: str) -> None:
    """Print a `provenance` command and let it print its answer."""
    print(f"\n$ {shlex.join(['provenance', *arguments])}", flush=True)
    if code := subprocess.run(["provenance", *arguments], check=False).returncode:
        sys.exit(code)


def revised_row() -> str:
    """The first row of the training data that the model wrote and then revised."""
    revised = {pair.sample_id for pair in provenance.read("data/revised.jsonl")}
    row = next(row.row for row in provenance.read(TRAIN) if row.sample_id in revised)
    return f"{TRAIN}:{row}"


def docstring_of(row: str) -> str:
    """The docstring that ``row`` came from."""
    answer = subprocess.run(["provenance", "trace", row, "--json"], check=True, capture_output=True, text=True)
    nodes: list[dict[str, Any]] = json.loads(answer.stdout)["nodes"]
    roots = {node["sample_id"] for node in nodes if node["origin"] == "real"}
    document = next(row.row for row in provenance.read(DOCUMENTS) if row.sample_id in roots)
    return f"{DOCUMENTS}:{document}"


def main(*audit_options: str) -> None:
    pair = revised_row()
    show("status")
    show("audit", TRAIN, "--policy", "demo/policy.yaml", *audit_options)
    show("trace", pair, "--text")
    show("impact", f"sample:{docstring_of(pair)}")


if __name__ == "__main__":
    main()
