"""The column-wise canonical form equals the row-wise one, on random nested schemas."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.identity import Identity, sample_id, scan
from provenance.identity.arrow_values import python_values
from provenance.identity.canonical import ContentError, encode, encode_row
from provenance.identity.columnar import NotColumnarError, encode_columns

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([-0.0, 1.0, 2.0**53, 2.0**63, -(2.0**63), 2.0**64, 1.5, 65504.0, 0.1, -3.0, 1e300]),
)
INTEGERS = st.one_of(
    st.sampled_from([0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, -1, -24, -25, -256, -257]),
    st.integers(-(2**63), 2**63 - 1),
)
MOMENTS = st.datetimes(datetime.fromisoformat("0001-01-02"), datetime.fromisoformat("9999-12-30"))
Typed = tuple[pa.DataType, st.SearchStrategy[Any]]

SCALARS: list[Typed] = [
    (pa.null(), st.none()),
    (pa.bool_(), st.booleans()),
    (pa.int64(), INTEGERS),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.int8(), st.integers(-128, 127)),
    (pa.float64(), FLOATS),
    (pa.float32(), st.floats(width=32, allow_nan=False, allow_infinity=False)),
    (pa.float16(), st.floats(width=16, allow_nan=False, allow_infinity=False)),
    (pa.string(), TEXT),
    (pa.large_string(), TEXT),
    (pa.string_view(), TEXT),
    (pa.binary(), st.binary(max_size=20)),
    (pa.binary(4), st.binary(min_size=4, max_size=4)),
    (pa.dictionary(pa.int32(), pa.string()), TEXT),
    (pa.timestamp("us"), MOMENTS),
    (pa.timestamp("us", "UTC"), MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))),
    (pa.timestamp("ns"), st.integers(-(2**62), 2**62)),
    (pa.date32(), st.dates()),
    (pa.time64("us"), st.times()),
    (pa.decimal128(20, 4), st.decimals(-(10**12), 10**12, places=4)),
    *(
        (
            pa.struct([("path", path), ("bytes", content), ("rate", pa.int64())]),
            st.fixed_dictionaries(
                {
                    "path": st.none() | TEXT,
                    "bytes": st.none() | (TEXT if content == pa.string() else st.binary(max_size=20)),
                    "rate": st.none() | INTEGERS,
                }
            ),
        )
        for path in (pa.string(), pa.dictionary(pa.int32(), pa.string()))
        for content in (pa.binary(), pa.binary_view(), pa.string())
    ),
]


def nested(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    def list_of(typed: Typed) -> Typed:
        return pa.list_(typed[0]), st.lists(st.none() | typed[1], max_size=26)

    def struct_of(members: dict[str, Typed]) -> Typed:
        values = {name: st.none() | strategy for name, (_, strategy) in members.items()}
        return pa.struct([(name, kind) for name, (kind, _) in members.items()]), st.fixed_dictionaries(values)

    def map_of(typed: Typed) -> Typed:
        return pa.map_(pa.string(), typed[0]), st.dictionaries(TEXT, st.none() | typed[1], max_size=3).map(
            dict.items
        ).map(list)

    return st.one_of(inner.map(list_of), st.dictionaries(TEXT, inner, max_size=4).map(struct_of), inner.map(map_of))


TYPES: st.SearchStrategy[Typed] = st.recursive(st.sampled_from(SCALARS), nested, max_leaves=5)


@st.composite
def arrays(draw: st.DrawFn) -> pa.Array:
    kind, values = draw(TYPES)
    array = pa.array(draw(st.lists(st.none() | values, min_size=1, max_size=8)), kind)
    return array[draw(st.integers(0, len(array) - 1)) :]


@settings(max_examples=80, deadline=None)
@given(st.data(), st.dictionaries(TEXT, arrays(), min_size=1, max_size=3))
def test_equals_the_row_wise_form(data: st.DataObject, columns: dict[str, pa.Array]) -> None:
    rows = min(map(len, columns.values()))
    columns = {name: array[:rows] for name, array in columns.items()}
    values = {name: python_values(array) for name, array in columns.items()}
    expected = [encode({name: column[row] for name, column in values.items()}) for row in range(rows)]
    assert encode_columns(columns, rows).to_pylist() == expected


def test_rare_values_are_those_that_python_has() -> None:
    moment = datetime.fromisoformat("2026-01-31T12:00:00.5")
    columns = {
        "moment": pa.array([moment]),
        "date": pa.array([date(2026, 1, 31)]),
        "time": pa.array([time(1, 2, 3)]),
        "decimal": pa.array([Decimal("1.50")]),
        "map": pa.array([[("b", 1), ("a", None)]], pa.map_(pa.string(), pa.int64())),
    }
    row = {
        "moment": moment,
        "date": date(2026, 1, 31),
        "time": time(1, 2, 3),
        "decimal": Decimal("1.5"),
        "map": {"b": 1},
    }
    assert encode_columns(columns, 1).to_pylist() == [encode(row)]


def test_float32_widens_exactly() -> None:
    assert encode_columns({"a": pa.array([0.1], pa.float32())}, 1).to_pylist() == [encode({"a": 0.10000000149011612})]


def test_rows_without_any_member() -> None:
    assert encode_columns({}, 2).to_pylist() == [b"\xa0", b"\xa0"]
    assert encode_columns({}, 0).to_pylist() == []


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1.0, float("nan")]),
        pa.array([[float("inf")]]),
        pa.array([[("a", 1), ("a", 2)]], pa.map_(pa.string(), pa.int64())),
        pa.array([2**62], pa.timestamp("s")),
    ],
)
def test_values_without_a_form_are_left_to_the_rows(array: pa.Array) -> None:
    with pytest.raises(NotColumnarError):
        encode_columns({"a": array}, len(array))


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1], pa.duration("s")),
        pa.array([[(1, 2)]], pa.map_(pa.int64(), pa.int64())),
        pa.array([[1]], pa.list_view(pa.int64())),
        pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]),
    ],
)
def test_types_without_a_form_are_refused(array: pa.Array) -> None:
    with pytest.raises(ContentError):
        encode_columns({"a": array}, 1)


@pytest.mark.parametrize(
    "hiding",
    [
        pc.run_end_encode(pa.array([None, None, "b"])),
        pa.DictionaryArray.from_arrays(pa.array([0, 0, 1]), pa.array([None, "b"])),
    ],
    ids=["runs", "dictionary"],
)
def test_nulls_among_what_is_stored_once_are_nulls(hiding: pa.Array, tmp_path: Path) -> None:
    table = pa.table({"image": hiding, "messages": pa.StructArray.from_arrays([hiding], ["content"]), "text": [*"xyz"]})
    rows = [{"messages": {}, "text": "x"}, {"messages": {}, "text": "y"}]
    rows += [{"image": "b", "messages": {"content": "b"}, "text": "z"}]
    assert encode_columns({name: table[name].combine_chunks() for name in table.column_names}, 3).to_pylist() == [
        encode_row(row, row) for row in rows
    ]
    with pa.ipc.new_stream(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table.slice(0, 2))
    found = scan(tmp_path / "a.arrow", Identity())
    assert [each.hex() for batch in found for each in batch.sample_ids.to_pylist()] == [
        sample_id(row) for row in rows[:2]
    ]
    assert found.fields == ("messages", "text")
