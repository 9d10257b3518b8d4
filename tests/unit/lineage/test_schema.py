from __future__ import annotations

import pyarrow as pa

from provenance.lineage import schema
from provenance.lineage.records import Record
from provenance.lineage.schema import Birth, birth_schema, sidecar_schema
from provenance.lineage.tables import RECORD_COLUMNS
from provenance.lineage.words import COUNTED_NAMES


def test_a_birth_has_the_columns_of_its_schema() -> None:
    assert [*Birth.__annotations__] == ["row", *schema.BIRTH_NAMES]
    assert birth_schema().names == ["row", *schema.BIRTH_NAMES]


def test_a_record_spells_out_the_columns_of_a_sidecar() -> None:
    # A plan is what the record's activity names; it has no column. Of marks a record says that there are some.
    assert {*Record.model_fields} - {"plan", "by_marks"} | {"marks"} == {*sidecar_schema(16).names}


def test_completion_has_all_columns_but_the_rows_which_it_counts() -> None:
    assert {*RECORD_COLUMNS, *COUNTED_NAMES, "marks"} == {*sidecar_schema(16).names}


def test_every_type_has_a_name_in_sql() -> None:
    assert schema.sql_columns(("sample_id", "parents", "cost", "rows")) == (
        "sample_id BLOB, parents BLOB[], cost DECIMAL(20, 10), rows UINTEGER"
    )
    assert all(schema.sql_type(field.type) for field in birth_schema())


def test_ids_are_as_long_as_the_digest() -> None:
    found = sidecar_schema(8)
    assert found.field("sample_id") == pa.field("sample_id", pa.binary(8), nullable=False)
    assert found.field("parents").type == pa.list_(pa.binary(8))
