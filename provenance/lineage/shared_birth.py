"""The sidecar of collected data: all rows are born alike and have no parents, so there is nothing to look up.

It is what `completion` would give, without its tables; of all ways to record, this one meets the largest files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from provenance.files import scratch_folder
from provenance.identity import Identity, scan
from provenance.identity.row_places import NotedRows
from provenance.lineage.births import Collection
from provenance.lineage.content_choice import identity_by
from provenance.lineage.headers import Fingerprint, Progress, header_of, require_read
from provenance.lineage.records import DatasetState
from provenance.lineage.rules import NO_ROOT, ROOTS
from provenance.lineage.schema import sidecar_schema, with_constants
from provenance.lineage.sidecar import write_sidecar
from provenance.lineage.sorting import SAMPLE_COLUMNS, distinct_samples
from provenance.lineage.vocabulary import Vocabulary


def register(
    data: Path,
    output: Path,
    collection: Collection,
    *,
    dataset_path: str,
    identity: Identity,
    fingerprint: Fingerprint,
    workspace: Path,
    tokenizer: str | None = None,
    parts: int = 1,
    progress: Progress | None = None,
    watch: Callable[[bytes], None] | None = None,
    temporary: Path | None = None,
) -> None:
    """Write the sidecar ``output`` of the dataset ``data``, which is ``collection``; the rest is as in `complete`.

    ``watch`` is as for `scan`. All rows have been read when ``fingerprint`` is called.

    Raises:
        DataError: a row cannot be read, or a column is reserved; nothing was written.
    """
    with scratch_folder(workspace, "collect") as folder:
        rows = scan(data, identity, progress=progress, watch=watch)
        noted = NotedRows(rows, folder)
        samples = distinct_samples(noted, identity.digest_size, folder / "samples")
        require_read(data, rows.reserved, None)
        md5, size = fingerprint(data)
        state = DatasetState(path=dataset_path, md5=md5, size=size, rows=rows.rows)
        vocabulary = Vocabulary()
        vocabulary.add([collection.activity], sources=[collection.source])
        header = header_of(rows, identity, state, tokenizer, vocabulary)
        size = identity.digest_size
        write_sidecar(output, header, _records(samples, collection, size), size, parts)
        if temporary is not None and md5 is not None:
            stated = identity_by(header.identity, column_types=identity.column_types)
            noted.keep(temporary, md5, stated, Path(dataset_path).name)


def _records(samples: Iterable[pa.RecordBatch], collection: Collection, digest_size: int) -> Iterator[pa.RecordBatch]:
    schema = sidecar_schema(digest_size)
    root = ROOTS.get(collection.origin, NO_ROOT)
    constants: dict[str, object] = dict.fromkeys(schema.names) | {
        "origin": collection.origin.value,
        "activity": 0,
        "parents": [],
        "parent_roles": [],
        "source": 0,
        "depth": root.depth,
        "real_rooted": root.real_rooted,
        "license": collection.license,
        "evidence": collection.evidence.value,
        "chain_evidence": collection.evidence.value,
    }
    for name in SAMPLE_COLUMNS:
        del constants[name]
    return with_constants(samples, constants, schema)
