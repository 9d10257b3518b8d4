"""The published test vectors hold, by both ways to the canonical form, and for an independent CBOR decoder."""

from __future__ import annotations

import hashlib
import json
import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

import cbor2
import pyarrow as pa
import pytest
import xxhash

from provenance.errors import DataError
from provenance.identity import CANONICAL_FORM, Identity, field_names, sample_id, scan
from provenance.identity.arrow_values import python_values
from provenance.identity.columnar import encode_columns

pytestmark = pytest.mark.usefixtures("way")

SPECIFICATION = Path(__file__).parents[3] / "docs" / "specification"
PUBLISHED = json.loads((SPECIFICATION / "sample-identity-vectors.json").read_text(encoding="utf-8"))


def column(typed: dict[str, str]) -> pa.Array:
    kind, value = typed["type"], typed["value"]
    integers = {"timestamp[ns]": pa.timestamp("ns"), "time[ns]": pa.time64("ns"), "date": pa.date32()}
    if kind in integers:
        return pa.array([int(value)], integers[kind])
    if kind in ("float32", "float16"):
        form, arrow = (">f", pa.float32()) if kind == "float32" else (">e", pa.float16())
        return pa.array(struct.unpack(form, bytes.fromhex(value)), arrow)
    return pa.array([bytes.fromhex(value) if kind == "binary" else Decimal(value)])


def test_the_vectors_are_of_this_canonical_form() -> None:
    assert PUBLISHED["canonical_form"] == CANONICAL_FORM


@pytest.mark.parametrize("vector", PUBLISHED["vectors"], ids=lambda vector: vector["description"])
def test_vector(vector: dict[str, Any], tmp_path: Path) -> None:
    canonical = bytes.fromhex(vector["canonical"])
    digests = {"xxh3_128": xxhash.xxh3_128_hexdigest(canonical), "sha256": hashlib.sha256(canonical).hexdigest()}
    if "json" in vector:
        row = json.loads(vector["json"])
        path = tmp_path / "data.jsonl"
        path.write_text(vector["json"] + "\n")
        (batch,) = scan(path, Identity(fields=tuple(vector["fields"]) if vector["fields"] else None))
        assert batch.sample_ids[0].as_py().hex() == vector["xxh3_128"]
        assert batch.content_bytes.to_pylist() == [len(canonical)]
    else:
        columns = {name: column(typed) for name, typed in vector["typed"].items()}
        row = {name: python_values(array)[0] for name, array in columns.items()}
        assert encode_columns(columns, 1).to_pylist() == [canonical]
    for name, digest in digests.items():
        assert sample_id(row, fields=vector["fields"], digest=name) == vector[name] == digest
    assert cbor2.dumps(cbor2.loads(canonical), canonical=True) == canonical


@pytest.mark.parametrize("text", PUBLISHED["refused"])
def test_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(text + "\n")
    with pytest.raises(DataError):
        list(scan(path, Identity()))


@pytest.mark.parametrize(
    "name",
    ["content-names", "metadata-objects", "metadata-names", "metadata-words", "metadata-prefixes", "answer-words"],
)
def test_the_specification_has_the_lists_of_names(name: str) -> None:
    text = (SPECIFICATION / "sample-identity.md").read_text(encoding="utf-8")
    listed = text.partition(f"<!-- {name} -->")[2].partition("<!-- end -->")[0]
    assert {each.strip("` \n") for each in listed.split(",")} == getattr(field_names, name.replace("-", "_").upper())
