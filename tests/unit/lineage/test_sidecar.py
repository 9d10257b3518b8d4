from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.workbench import Workbench

from provenance.errors import SidecarError
from provenance.identity.names import sidecar_path
from provenance.lineage.records import Origin
from provenance.lineage.schema import ROW_GROUP_ROWS, sidecar_schema
from provenance.lineage.sidecar import first_origin, open_sidecar, write_sidecar


@pytest.fixture
def sidecar(workbench: Workbench) -> Path:
    workbench.collected("documents.jsonl", [{"text": "one"}, {"text": "two"}])
    return workbench.folder / "documents.jsonl.lineage.parquet"


def rewrite(sidecar: Path, **values: object) -> None:
    """Replace header values; None leaves one out."""
    table = pq.read_table(sidecar)
    metadata = dict(table.schema.metadata)
    for key, value in values.items():
        metadata.pop(f"provenance.{key}".encode())
        if value is not None:
            metadata[f"provenance.{key}".encode()] = json.dumps(value).encode()
    pq.write_table(table.replace_schema_metadata(metadata), sidecar)


def test_the_path_of_a_sidecar() -> None:
    assert sidecar_path("data/mix.parquet") == "data/mix.parquet.lineage.parquet"
    assert sidecar_path("data/images/") == "data/images.lineage.parquet"


def test_what_is_written_is_read(sidecar: Path) -> None:
    opened = open_sidecar(sidecar)
    assert (opened.records, opened.digest_size, first_origin(opened)) == (2, 16, Origin.REAL)
    assert opened.header.version == "1.0"
    assert opened.header.activities[0].source == opened.header.sources[0].id


def test_ids_are_plain_fixed_length_bytes(sidecar: Path) -> None:
    schema = pq.ParquetFile(sidecar).schema
    column = schema.column(0)
    assert (column.name, column.physical_type, column.length) == ("sample_id", "FIXED_LEN_BYTE_ARRAY", 16)
    assert str(column.logical_type) == "None"


def test_row_groups_do_not_depend_on_how_batches_arrive(sidecar: Path) -> None:
    header = open_sidecar(sidecar).header
    schema = sidecar_schema(16)
    total = ROW_GROUP_ROWS + 10
    rows = [
        {"sample_id": n.to_bytes(16, "big"), "rows": 1, "origin": "unknown", "parents": [], "parent_roles": []}
        for n in range(total)
    ]
    written = []
    for size in (7_001, total):
        parts = [
            pa.RecordBatch.from_pylist(rows[start : start + size], schema=schema) for start in range(0, total, size)
        ]
        write_sidecar(sidecar, header, parts, 16)
        written.append(sidecar.read_bytes())
    metadata = pq.ParquetFile(sidecar).metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [ROW_GROUP_ROWS, 10]
    assert written[0] == written[1]


def test_a_writer_that_fails_leaves_the_old_sidecar(sidecar: Path) -> None:
    before, header = sidecar.read_bytes(), open_sidecar(sidecar).header

    def broken() -> pa.RecordBatch:
        yield pa.RecordBatch.from_pylist([], schema=sidecar_schema(16))
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_sidecar(sidecar, header, broken(), 16)
    assert sidecar.read_bytes() == before
    assert not list(sidecar.parent.glob("*.provenance-tmp"))


def test_a_missing_sidecar(tmp_path: Path) -> None:
    with pytest.raises(SidecarError, match="no such sidecar"):
        open_sidecar(tmp_path / "x.lineage.parquet")


def test_a_sidecar_cut_short(sidecar: Path) -> None:
    sidecar.write_bytes(sidecar.read_bytes()[:-100])
    with pytest.raises(SidecarError, match="not a readable Parquet file"):
        open_sidecar(sidecar)


def test_a_parquet_file_that_is_no_sidecar(sidecar: Path) -> None:
    pq.write_table(pa.table({"text": ["x"]}), sidecar)
    with pytest.raises(SidecarError, match="not a lineage sidecar"):
        open_sidecar(sidecar)


def test_a_newer_major_version_is_refused_with_the_way_out(sidecar: Path) -> None:
    rewrite(sidecar, version="2.0")
    with pytest.raises(SidecarError, match="written in sidecar format 2.0.*upgrade"):
        open_sidecar(sidecar)


def test_what_a_newer_minor_version_added_is_kept(sidecar: Path) -> None:
    header = open_sidecar(sidecar).header
    activities = [{**activity.model_dump(mode="json"), "novelty": 1} for activity in header.activities]
    rewrite(sidecar, version="1.9", activities=activities)
    (activity,) = open_sidecar(sidecar).header.activities
    assert activity.model_extra == {"novelty": 1}
    assert activity.id != header.activities[0].id


def test_a_header_that_is_not_valid_names_the_key(sidecar: Path) -> None:
    rewrite(sidecar, dataset={"path": "x", "size": "many", "rows": 1})
    with pytest.raises(SidecarError, match=r"provenance\.dataset\.size"):
        open_sidecar(sidecar)


def test_a_header_value_is_missing(sidecar: Path) -> None:
    rewrite(sidecar, identity=None)
    with pytest.raises(SidecarError, match=r"provenance\.identity"):
        open_sidecar(sidecar)
