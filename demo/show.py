"""Ask of the demo's mix what it is made of: run the commands that answer, one after another."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import Any

import provenance


def show(*arguments: str) -> None:
    """Print a `provenance` command and let it print its answer."""
    print(f"\n$ {shlex.join(['provenance', *arguments])}", flush=True)
    if code := subprocess.run(["provenance", *arguments], check=False).returncode:
        sys.exit(code)


def ancestors(sample: str) -> list[dict[str, Any]]:
    """The samples that ``sample`` came from, itself included."""
    answer = subprocess.run(["provenance", "trace", sample, "--json"], check=True, capture_output=True, text=True)
    nodes: list[dict[str, Any]] = json.loads(answer.stdout)["nodes"]
    return nodes


def main() -> None:
    revised = {pair.sample_id for pair in provenance.read("data/revised.jsonl")}
    row = next(row.row for row in provenance.read("data/mix.parquet") if row.sample_id in revised)
    pair = f"data/mix.parquet:{row}"
    roots = {node["sample_id"] for node in ancestors(pair) if node["origin"] == "real"}
    document = next(row.row for row in provenance.read("data/documents.jsonl") if row.sample_id in roots)

    show("status")
    show("audit", "data/mix.parquet", "--policy", "demo/policy.yaml")
    show("trace", pair, "--text")
    show("impact", f"sample:data/documents.jsonl:{document}")


if __name__ == "__main__":
    main()
