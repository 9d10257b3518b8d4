"""Births that were taken out of a journal: kept in memory while they are few, else in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.lineage.schema import birth_schema

# So many bytes are kept in memory: some 500,000 births.
_IN_MEMORY = 64 << 20
# The columns of births whose values are few.
_REPEATED = ["origin", "kind", "source_type", "verdict", "verifier", "license", "evidence", "parent_roles.list.element"]


class KeptBirths:
    """Batches of `birth_schema`, whose texts may be coded. ``file``: where they are once they are many."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep some more."""
        self._batches.append(batch)
        self._bytes += batch.nbytes
        if self._bytes > _IN_MEMORY or self._writer is not None:
            self._write()

    @property
    def held(self) -> pa.Table | None:
        """All of them, where they are in memory."""
        if self._writer is not None:
            return None
        if not self._batches:
            return birth_schema().empty_table()
        first = self._batches[0].schema
        if any(batch.schema != first for batch in self._batches):
            self._batches = [batch.cast(birth_schema()) for batch in self._batches]
        return pa.Table.from_batches(self._batches).unify_dictionaries()

    def _write(self) -> None:
        schema = birth_schema()
        if self._writer is None:
            # Read once, and soon: what makes files small costs more than it saves.
            self._writer = pq.ParquetWriter(
                self.file, schema, compression="none", use_dictionary=_REPEATED, write_statistics=False
            )
        for batch in self._batches:
            self._writer.write_batch(batch.cast(schema))
        self._batches.clear()
