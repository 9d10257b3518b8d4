"""What Spark's tasks read on object storage, without Spark: their function is called as a task calls it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pytest
from fsspec.implementations.local import LocalFileSystem
from support.sidecars import record, sample, write

pytest.importorskip("pyspark")

from pyspark.errors import PySparkException

from provenance.engines.spark_relations import raised_in_words
from provenance.engines.spark_stored import _divided, _read, _schema
from provenance.errors import ProvenanceError
from provenance.lineage.sidecar import Sidecar, open_sidecar
from provenance.stored import Storage, StoredFile

COLUMNS = ["sample_id", "rows", "parents", "origin", "activity"]


def stored(file: Path) -> Sidecar:
    return open_sidecar(StoredFile(str(file), Storage("lake", LocalFileSystem()), str(file)))


def test_records_come_with_their_places_in_types_of_every_engine(tmp_path: Path) -> None:
    ids = sorted(map(sample, range(5)))
    file = write(tmp_path, "data.jsonl", [record(each) for each in ids])
    here, there = open_sidecar(file), stored(file)
    assert (here.is_here, there.is_here, there.records) == (True, False, 5)
    schema = _schema(here.digest_size, COLUMNS)
    given = [pickle.dumps(each) for each in _divided(3, there)]
    (batch,) = _read(schema, iter([pa.RecordBatch.from_pydict({"given": given})]))
    assert batch.schema == schema
    assert [str(kind) for kind in schema.types[:2]] == ["binary", "int64"]
    assert batch["place"].to_pylist() == list(range(5)) and set(batch["sidecar"].to_pylist()) == {3}
    assert [each.hex() for each in batch["sample_id"].to_pylist()] == ids


def test_what_a_task_finds_wrong_with_the_storage_is_said() -> None:
    traceback = (
        "Traceback:\n  File x\nprovenance.errors.RepositoryError: s3://lake/a: not in the remote lake; push it\n"
    )
    with pytest.raises(ProvenanceError, match=r"^s3://lake/a: not in the remote lake; push it$"), raised_in_words():
        raise PySparkException(traceback)
    with pytest.raises(ProvenanceError, match=r"^Spark: out of luck$"), raised_in_words():
        raise PySparkException("out of luck")
