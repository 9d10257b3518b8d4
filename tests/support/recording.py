"""What tests of the recorder share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

import provenance
from provenance.capture.birth_columns import births_of_json
from provenance.capture.recording.batch_births import births_of_columns
from provenance.capture.recording.journal_lines import fields_of_row, parts_of_batch

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


def journal_rows(contents: Iterable[bytes | None]) -> list[tuple[Any, dict[str, Any], dict[str, Any]]]:
    """The rows in the contents of a journal's lines, alone or in batches: their keys, their births and themselves."""
    found: list[tuple[Any, dict[str, Any], dict[str, Any]]] = []
    for content in contents:
        if (fields := fields_of_row(content or b"")) is not None:
            keys, births, rows = [orjson.loads(fields[0] or b"null")], births_of_json([fields[1]]), [fields[2]]
        elif (batch := parts_of_batch(content or b"")) is not None:
            about = orjson.loads(batch[0])
            births, rows = births_of_columns([(about["births"], about["rows"])]), batch[1].split(b"\t")
            keys = about.get("keys", [None] * len(rows))
        else:
            continue
        said = [{name: value for name, value in birth.items() if value is not None} for birth in births.to_pylist()]
        found += zip(keys, said, map(orjson.loads, rows), strict=True)
    return found
