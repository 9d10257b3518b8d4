"""What tests of the recorder share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import provenance

LIBRARY = provenance.Source(name="library", license="MIT")
DOCUMENTS = "data/documents.jsonl"


def collect_documents() -> str:
    """Record five real documents in the working directory's repository; gives the dataset's path."""
    with provenance.record(DOCUMENTS, source=LIBRARY) as recorder:
        for number in range(5):
            recorder.write({"text": f"document {number}", "page": number})
    return DOCUMENTS


def records(dataset: str) -> list[dict[str, Any]]:
    """The records of the sidecar of ``dataset``, ids as hex."""
    found: list[dict[str, Any]] = pq.read_table(f"{dataset}.lineage.parquet").to_pylist()
    for record in found:
        record["sample_id"] = record["sample_id"].hex()
        record["parents"] = [parent.hex() for parent in record["parents"]]
        record["prompt"] = record["prompt"] and record["prompt"].hex()
    return found


def lines(dataset: str) -> list[dict[str, Any]]:
    """The rows of a JSONL file."""
    return [json.loads(line) for line in Path(dataset).read_bytes().splitlines()]
