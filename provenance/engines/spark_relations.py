"""Relations in Spark: what is kept is written as Parquet to scratch, so it outlasts a worker and keeps plans short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, reduce
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pyarrow.parquet as pq
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from provenance.engines.relations import as_bigint
from provenance.engines.spark_session import awaited, first_line
from provenance.engines.spark_stored import stored_records
from provenance.errors import ProvenanceError
from provenance.files import scratch_folder
from provenance.lineage.database import refused_by_storage

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from provenance.lineage.sidecar import Sidecar

_SCRATCH = "spark.checkpoint.dir"


@contextmanager
def relations_in(session: SparkSession, folder: Path) -> Iterator[SparkRelations]:
    """Relations in ``session``, kept in a folder that is removed at the end; see `shared_folder`."""
    with shared_folder(session, folder) as scratch:
        yield SparkRelations(session, scratch)


@contextmanager
def shared_folder(session: SparkSession, folder: Path) -> Iterator[Path]:
    """A new folder that all workers see, which is removed at the end.

    It is within Spark's own ``spark.checkpoint.dir``; without one, within ``folder``.

    Raises:
        ProvenanceError: that is no folder of this machine's file systems.
    """
    with raised_in_words():
        stated = session.conf.get(_SCRATCH, None)
    parent = folder if not stated else _folder_of(stated)
    with scratch_folder(parent, "spark") as scratch:
        yield scratch.resolve()


class SparkRelations:
    """`Relations`; made by `relations_in`."""

    def __init__(self, session: SparkSession, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self._kept = 0

    def records(self, name: str, sidecars: Sequence[Sidecar], columns: Sequence[str]) -> None:
        numbered = list(enumerate(sidecars))
        elsewhere = [each for each in numbered if not each[1].is_here]
        here = [each for each in numbered if each[1].is_here]
        with raised_in_words():
            frames = [self._records_here(name, here, columns)] if here or not elsewhere else []
            frames += [stored_records(self._session, elsewhere, columns)] if elsewhere else []
            reduce(lambda one, other: one.unionByName(other), frames).createOrReplaceTempView(name)

    def _records_here(self, name: str, sidecars: Sequence[tuple[int, Sidecar]], columns: Sequence[str]) -> DataFrame:
        # Through links: Spark takes paths for patterns, and the folders of a link say which sidecar it is of, and how
        # many of its records are in the files before it.
        links = self._folder / f"sidecars-of-{name}"
        files = []
        for number, sidecar in sidecars:
            for part, before in zip(sidecar.part_files, accumulate(sidecar.counts, initial=0), strict=False):
                link = links / str(number) / str(part.number) / str(before) / "records.parquet"
                link.parent.mkdir(parents=True)
                link.symlink_to(part.path.resolve())
                files.append(str(link))
        return self._session.read.parquet(*files).selectExpr(
            *as_bigint(columns),
            f"{_folder_number(3)} AS sidecar",
            f"{_folder_number(1)} + _metadata.row_index AS place",
        )

    def given(self, name: str, table: pa.Table) -> None:
        with raised_in_words():
            self._session.createDataFrame(table).createOrReplaceTempView(name)

    def named(self, name: str, sql: str) -> None:
        with raised_in_words():
            self._session.sql(sql).createOrReplaceTempView(name)

    def keep(self, name: str, sql: str) -> int:
        self._kept += 1
        place = str(self._folder / f"{self._kept}-{name}")
        with raised_in_words():
            frame: DataFrame = self._session.sql(sql)
            awaited(partial(frame.write.parquet, place))
            self._session.read.schema(frame.schema).parquet(place).createOrReplaceTempView(name)
        # Counted here, as a job of Spark's would cost more than all that it counts.
        return sum(pq.read_metadata(file).num_rows for file in Path(place).glob("*.parquet"))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with raised_in_words():
            return [
                tuple(bytes(value) if isinstance(value, bytearray) else value for value in row)
                for row in awaited(self._session.sql(sql).collect)
            ]

    def ids(self, sql: str) -> Iterator[bytes]:
        with raised_in_words():
            for (sample_id,) in self._session.sql(sql).toLocalIterator():
                yield bytes(sample_id)

    def exploded(self, relation: str, columns: Mapping[str, str]) -> str:
        lists, names = ", ".join(columns), ", ".join(columns.values())
        return f"(SELECT *, inline(arrays_zip({lists})) AS ({names}) FROM {relation})"


@contextmanager
def raised_in_words() -> Iterator[None]:
    """What Spark finds wrong, as a `ProvenanceError`."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        # A task that reads on object storage says itself what is wrong.
        raise ProvenanceError(refused_by_storage(error) or f"Spark: {first_line(error)}") from error


def _folder_number(above: int) -> str:
    """SQL for the name of the folder that is so many ``above`` the file that a row is of: a number."""
    pattern = f"/([0-9]+)(/[0-9]+){{{above - 1}}}/records[.]parquet"
    return f"CAST(regexp_extract(_metadata.file_path, '{pattern}', 1) AS BIGINT)"


def _folder_of(stated: str) -> Path:
    parts = urlsplit(stated)
    if parts.scheme not in ("", "file"):
        raise ProvenanceError(
            f"{_SCRATCH} is {stated}; what is kept between steps needs a folder that this machine and all workers see"
        )
    return Path(unquote(parts.path))
