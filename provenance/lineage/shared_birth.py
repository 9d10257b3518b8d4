"""The sidecar of collected data: all rows are born alike and have no parents, so there is nothing to look up.

It is what `completion` would give; of all ways to record, this one meets the largest files.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa

from provenance.identity import Identity, Scan, scan
from provenance.identity.row_places import NotedRows
from provenance.lineage.births import Collection
from provenance.lineage.content_choice import identity_by
from provenance.lineage.headers import Fingerprint, Progress, header_of, require_read
from provenance.lineage.records import DatasetState, Header
from provenance.lineage.rules import NO_ROOT, ROOTS
from provenance.lineage.schema import sidecar_schema, with_constants
from provenance.lineage.sidecar import write_sidecar
from provenance.lineage.sorting import SAMPLE_COLUMNS, distinct_samples
from provenance.lineage.vocabulary import Vocabulary


@dataclass(frozen=True)
class Collected:
    """A dataset, which is ``collection``, and what it takes to make its sidecar; the rest is as in `complete`.

    ``progress`` is called with the number of rows that were read. All have been read when ``fingerprint`` is called.
    ``workspace`` is for temporary files.
    """

    data: Path
    collection: Collection
    dataset_path: str
    identity: Identity
    fingerprint: Fingerprint
    workspace: Path
    tokenizer: str | None = None
    progress: Progress | None = None

    def header(self, rows: Scan) -> Header:
        """The header of the sidecar, once all ``rows`` were read.

        Raises:
            DataError: a column is reserved.
        """
        require_read(self.data, rows.reserved, None)
        md5, size = self.fingerprint(self.data)
        state = DatasetState(path=self.dataset_path, md5=md5, size=size, rows=rows.rows)
        vocabulary = Vocabulary()
        vocabulary.add([self.collection.activity], sources=[self.collection.source])
        return header_of(rows, self.identity, state, self.tokenizer, vocabulary)


def register(
    collected: Collected, *, watch: Callable[[int], None] | None = None, temporary: Path | None = None
) -> Callable[[Path, int], None]:
    """Read the dataset; ``watch`` is as for `scan`. Where its rows are is kept in ``temporary``.

    Returns:
        What writes the sidecar: to a file, divided into a number of parts. It may work in another thread, and needs
        the workspace.

    Raises:
        DataError: a row cannot be read, or a column is reserved.
    """
    identity, folder = collected.identity, Path(mkdtemp(dir=collected.workspace))
    rows = scan(collected.data, identity, progress=collected.progress, watch=watch)
    noted = NotedRows(rows, folder)
    samples = distinct_samples(noted, identity.digest_size, folder / "samples")
    header = collected.header(rows)

    def write(output: Path, parts: int) -> None:
        records = collected_records(samples, collected.collection, identity.digest_size)
        write_sidecar(output, header, records, identity.digest_size, parts)
        md5 = header.dataset.md5
        if temporary is not None and md5 is not None:
            stated = identity_by(header.identity, column_types=identity.column_types)
            noted.keep(temporary, md5, stated, Path(collected.dataset_path).name)
        shutil.rmtree(folder)

    return write


def collected_records(
    samples: Iterable[pa.RecordBatch], collection: Collection, digest_size: int
) -> Iterator[pa.RecordBatch]:
    """The records of ``samples``, which come as `SAMPLE_COLUMNS`: all of them are of ``collection``."""
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
