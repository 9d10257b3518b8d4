"""Births that are stated of samples by their ids, as another program's document has them: rows, and all ancestors.

Of a dataset's rows, those of a sample that was born in one way are stated to have been born so. Which rows of another
sample were born in which way no document says: these, and the ancestors, are in a sidecar that completion looks into,
as it does into those of datasets that were read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from provenance.identity import CANONICAL_FORM, Identity, scan
from provenance.lineage import ancestors, explaining
from provenance.lineage.births import RecordedBirths
from provenance.lineage.database import count, parquet_rows, scratch_database, stream
from provenance.lineage.dividing import divide
from provenance.lineage.records import DatasetState, Header, IdentitySettings
from provenance.lineage.schema import BIRTH_NAMES, FORMAT_VERSION, ROW_GROUP_ROWS, birth_schema
from provenance.lineage.sidecar import write_sidecar
from provenance.lineage.tables import ROWS_FILE, Tables, write_rows

_NO_MARKS = "CREATE TABLE kept_marks(sample_id BLOB)"


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
        births, samples = parquet_rows(self.births.file), parquet_rows(self.folder / ROWS_FILE)
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
        with scratch_database(self.folder) as connection:
            tables = Tables(connection, self.folder, identity.digest_size)
            tables.load_members()
            tables.load_known([], None)
            explaining.by_births(tables, self.births)
            explaining.by_nothing(tables)
            divide(tables)
            ancestors.add_ancestors(tables)
            ancestors.resolve(tables)
            for statement in (_NO_MARKS, "DELETE FROM divided", "UPDATE records SET low = 0, high = 0"):
                connection.execute(statement)
            # Parents that nobody knows stay so; of a birth that is stated, what follows is worked out with its dataset.
            connection.execute("DELETE FROM records WHERE sample_id IN (SELECT sample_id FROM dangling)")
            rows = parquet_rows(self.folder / "rows-of-data.parquet")
            connection.execute(
                f"DELETE FROM records WHERE sample_id IN (SELECT r.sample_id FROM {rows} r "
                f"JOIN {parquet_rows(stated)} s ON r.row = s.row)"
            )
            used = tables.use_vocabulary([])
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
            write_sidecar(output, header, tables.sorted_batches(used), tables.digest_size)
