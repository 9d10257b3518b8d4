"""The Arrow schemas of a sidecar and of the births that go into one."""

from __future__ import annotations

import pyarrow as pa

FORMAT_VERSION = "1.0"
ROW_GROUP_ROWS = 32_768
COST_TYPE = pa.decimal128(20, 10)

# What a birth says of a sample, in the order of the sidecar's columns. `bytes` stands for a sample id or prompt digest.
_BIRTH_COLUMNS: tuple[tuple[str, pa.DataType | str], ...] = (
    ("origin", pa.string()),
    ("kind", pa.string()),
    ("source_type", pa.string()),
    ("activity", pa.uint32()),
    ("parents", "ids"),
    ("parent_roles", pa.list_(pa.string())),
    ("prompt", "id"),
    ("prompt_text", pa.string()),
    ("response_id", pa.string()),
    ("seed", pa.int64()),
    ("input_tokens", pa.uint32()),
    ("output_tokens", pa.uint32()),
    ("cost", COST_TYPE),
    ("verdict", pa.string()),
    ("verifier", pa.string()),
)
BIRTH_NAMES = (*(name for name, _ in _BIRTH_COLUMNS), "license", "evidence")


def _typed(columns: tuple[tuple[str, pa.DataType | str], ...], id_type: pa.DataType) -> list[pa.Field]:
    types = {"id": id_type, "ids": pa.list_(id_type)}
    return [pa.field(name, types[kind] if isinstance(kind, str) else kind) for name, kind in columns]


def birth_schema() -> pa.Schema:
    """Births of single rows: ``row`` (from 1) and what is known of it. Ids are binary; ``activity`` is an index."""
    return pa.schema(
        [
            pa.field("row", pa.int64()),
            *_typed(_BIRTH_COLUMNS, pa.binary()),
            pa.field("license", pa.string()),
            pa.field("evidence", pa.string()),
        ]
    )


def sidecar_schema(digest_size: int) -> pa.Schema:
    """The columns of a sidecar whose sample ids are ``digest_size`` bytes long."""
    id_type = pa.binary(digest_size)
    return pa.schema(
        [
            pa.field("sample_id", id_type, nullable=False),
            pa.field("rows", pa.uint32(), nullable=False),
            pa.field("content_bytes", pa.uint64()),
            pa.field("tokens", pa.uint32()),
            *_typed(_BIRTH_COLUMNS, id_type),
            pa.field("agent", pa.uint32()),
            pa.field("source", pa.uint32()),
            pa.field("depth", pa.uint16()),
            pa.field("real_rooted", pa.bool_()),
            pa.field("license", pa.string()),
            pa.field("evidence", pa.string()),
        ]
    )
