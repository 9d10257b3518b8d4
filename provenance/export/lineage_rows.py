"""Lineage row by row in a file of its own, as any tool reads it: ids as text, models and activities by their IRIs.

A sidecar's ids are bytes, its parents lists of them, its models and activities numbers of its footer: right for a
ledger, and more than pandas, by which `mlcroissant` reads Parquet, can take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.export.described import iri

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.export.subject import ExportedDataset, Subject

_AT_ONCE = 20_000
_PLAIN = ("origin", "kind", "license", "evidence")
_READ = (
    *("sample_id", "content_bytes", "rows", "possible_rows", "parents", "parent_roles", "activity", "agent", "source"),
    *("depth", *_PLAIN),
)


@dataclass(frozen=True)
class RowsFile:
    """A file that was written: its name as a document refers to it, and what it can be checked by."""

    name: str
    sha256: str
    size: int


def write_rows(subject: Subject, file: Path, name: str) -> RowsFile:
    """Write a line for each birth of each sample, and of their ancestors, of the datasets as Parquet into ``file``."""
    import pyarrow.parquet as pq

    from provenance.file_digests import sha256_of

    with pq.ParquetWriter(file, _schema(), compression="zstd") as writer:
        for dataset in subject.datasets:
            for batch in _batches(dataset):
                writer.write_batch(batch)
    return RowsFile(name, sha256_of(file).removeprefix("sha256:"), file.stat().st_size)


def _schema() -> pa.Schema:
    import pyarrow as pa

    types = {
        "dataset": pa.string(),
        "sample_id": pa.string(),
        "rows": pa.int64(),
        "possible_rows": pa.int64(),
        **dict.fromkeys(_PLAIN, pa.string()),
        "depth": pa.string(),
        "parents": pa.list_(pa.string()),
        "parent_roles": pa.list_(pa.string()),
        "activity": pa.string(),
        "agent": pa.string(),
        "source": pa.string(),
        "content_bytes": pa.int64(),
    }
    return pa.schema(list(types.items()))


def _batches(dataset: ExportedDataset) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    from provenance.lineage.sidecar import record_batches

    header = dataset.header
    activities = [iri("activity", each.id) for each in header.activities]
    agents = [iri("agent", each.id) for each in header.agents]
    sources = [iri("source", each.id) for each in header.sources]
    for batch in record_batches(dataset.part.dataset.sidecar, _READ, _AT_ONCE):
        found = batch.to_pydict()
        columns = {
            "dataset": [dataset.path] * batch.num_rows,
            "sample_id": [each.hex() for each in found["sample_id"]],
            "rows": found["rows"],
            "possible_rows": [each or 0 for each in found["possible_rows"]],
            **{name: found[name] for name in _PLAIN},
            "depth": [None if each is None else str(each) for each in found["depth"]],
            "parents": [[parent.hex() for parent in each or ()] for each in found["parents"]],
            "parent_roles": [list(each or ()) for each in found["parent_roles"]],
            "activity": _named(found["activity"], activities),
            "agent": _named(found["agent"], agents),
            "source": _named(found["source"], sources),
            "content_bytes": found["content_bytes"],
        }
        yield pa.RecordBatch.from_pydict(columns, _schema())


def _named(numbers: Sequence[Any], names: Sequence[str]) -> list[str | None]:
    return [None if number is None else names[number] for number in numbers]
