"""Births that are stated of samples by their ids, as another program's document has them: rows, and all ancestors.

Of a dataset's rows, those of a sample that was born in one way are stated to have been born so. Which rows of another
sample were born in which way no document says: these, and the ancestors, are in a sidecar that completion looks into,
as it does into those of datasets that were read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from provenance.identity import CANONICAL_FORM, Identity, SampleBatch, scan
from provenance.lineage.births import RecordedBirths
from provenance.lineage.database import count, database_on_demand, parquet_rows, scratch_database, stream
from provenance.lineage.merging.ending import Ending
from provenance.lineage.merging.gathered import ids_of
from provenance.lineage.merging.known import Knowing
from provenance.lineage.merging.merge import Merging
from provenance.lineage.merging.numbering import Ids
from provenance.lineage.merging.own import enter_births
from provenance.lineage.merging.reading import RowsRead
from provenance.lineage.records import DatasetState, Header, IdentitySettings
from provenance.lineage.schema import BIRTH_NAMES, FORMAT_VERSION, ROW_GROUP_ROWS, birth_schema
from provenance.lineage.sidecar import write_sidecar
from provenance.lineage.tables import ROWS_FILE, Tables, write_rows


@dataclass(frozen=True)
class StatedSamples:
    """``folder`` has a file `ROWS_FILE` of samples, as if they were rows; ``births`` has their births."""

    folder: Path
    births: RecordedBirths

    def births_of_rows(self, data: Path, identity: Identity, file: Path) -> tuple[int, tuple[str, ...]]:
        """Write the births of the rows of ``data`` whose sample has one birth.

        How many rows the samples account for, and the dataset's content fields.

        Raises:
            DataError: a row cannot be read.
        """
        rows = self.folder / "rows-of-data.parquet"
        scanned = scan(data, identity)
        write_rows(scanned, rows)
        births, samples = parquet_rows(self.births.written()), parquet_rows(self.folder / ROWS_FILE)
        stated = f"SELECT s.sample_id, min(s.row) AS number, count(*) AS births FROM {samples} s JOIN {births} b "
        stated += "ON s.row = b.row GROUP BY 1"
        schema = birth_schema()
        with scratch_database(self.folder) as connection, pq.ParquetWriter(file, schema, compression="lz4") as writer:
            query = (
                f"SELECT r.row, {', '.join(f'b.{name}' for name in BIRTH_NAMES)} FROM {parquet_rows(rows)} r "
                f"JOIN ({stated}) s USING (sample_id) JOIN {births} b ON b.row = s.number WHERE s.births = 1 "
                "ORDER BY r.row"
            )
            for batch in stream(connection, query, ROW_GROUP_ROWS):
                writer.write_batch(batch.select(schema.names).cast(schema))
            known = f"{parquet_rows(rows)} SEMI JOIN ({stated}) USING (sample_id)"
            return count(connection, f"SELECT count(*) FROM {known}"), scanned.fields

    def write_sidecar(self, output: Path, identity: Identity, stated: Path) -> None:
        """Write the records of all samples, none of which is a row, but for those whose rows ``stated`` has.

        Raises:
            SidecarError: samples are their own ancestors.
        """
        with database_on_demand(self.folder) as database:
            read = RowsRead(self.folder, identity.digest_size)
            read.take(_batches(self.folder / ROWS_FILE, identity.digest_size))
            tables = Tables(database, self.folder, identity.digest_size, read.write)
            enter_births(self.births, tables.vocabulary)
            inputs = read.inputs(Knowing((), tables.vocabulary, None, identity.digest_size), tables, self.births)
            merging = Merging(inputs, tables, read.shelf())
            merging.divide(None, (), None)
            ending = Ending(merging)
            ids = self._stated(stated, tables)
            # Parents that nobody knows stay so; of a birth that is stated, what follows is worked out with its dataset.
            ending.leave_out(lambda piece, dangling: dangling | piece.are_among(ids))
            used = ending.used(())
            header = Header(
                version=FORMAT_VERSION,
                dataset=DatasetState(path="", size=0, rows=0),
                identity=IdentitySettings(
                    digest=identity.digest, canonical_form=CANONICAL_FORM, rule="declared", fields=()
                ),
                activities=tuple(used.activities.values()),
                agents=tuple(used.agents.values()),
                plans=tuple(used.plans.values()),
                sources=tuple(used.sources.values()),
            )
            write_sidecar(output, header, ending.batches(used), tables.digest_size)

    def _stated(self, births: Path, tables: Tables) -> Ids:
        """The ids of the samples of the rows whose ``births`` are stated, sorted."""
        rows = parquet_rows(self.folder / "rows-of-data.parquet")
        found = tables.database().sql(
            f"SELECT DISTINCT sample_id FROM {rows} r JOIN {parquet_rows(births)} s USING (row) ORDER BY 1"
        )
        column = found.to_arrow_table()["sample_id"]
        return ids_of(pa.concat_arrays([pa.array([], pa.binary()), *column.chunks]), tables.digest_size)


def _batches(file: Path, size: int) -> Iterator[SampleBatch]:
    """The samples of the file, as if they had been scanned."""
    first = 1
    with pq.ParquetFile(file) as rows:
        for batch in rows.iter_batches(ROW_GROUP_ROWS, columns=["sample_id", "content_bytes"]):
            ids = batch["sample_id"].cast(pa.binary(size))
            yield SampleBatch(first, ids, batch["content_bytes"], None, None, None)
            first += len(ids)
