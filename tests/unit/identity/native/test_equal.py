"""What the kernel takes has the result of the pure way; what it must not take it refuses."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from fuzz.native import attempt

from provenance.identity import Identity
from provenance.identity.fields import Selection
from provenance.identity.kernel import NativeSamples
from provenance.identity.native.columns import samples_of_table
from provenance.identity.native.lines import samples_of_lines
from provenance.identity.samples import sample_id

pytestmark = pytest.mark.usefixtures("native")

TABLE = Selection("table")


def of_lines(*lines: str, selection: Selection = TABLE, identity: Identity | None = None) -> NativeSamples | None:
    return samples_of_lines("\n".join(lines).encode("utf-8", "surrogatepass"), selection, identity or Identity())


def of_columns(selection: Selection = TABLE, **columns: pa.Array) -> NativeSamples | None:
    return samples_of_table(pa.table(columns), selection, Identity(), lambda name: True)


def ids(found: NativeSamples | None) -> list[str]:
    assert found is not None
    return [each.hex() for each in found.ids.to_pylist()]


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_agree_at_random(seed: int) -> None:
    taken = [attempt(1000 * seed + number) for number in range(60)]
    assert {"JSONLinesBlock: native", "JSONLinesBlock: refused", "ArrowBlock: native"} <= set(taken)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"text": "a", "score": 1.5, "none": None},
        {"messages": [{"role": "user", "content": "café 😀"}, {"role": None}, None, []]},
        {"b": 1, "a": {"zz": 1, "y": {"c": [], "bb": {}}}, "aa": '\x7f\u2028\\"/\b\f\n\r\t'},
        {"n": [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 10**19 - 1, -1, -24, -25, -(10**18)]},
        {"f": [0.5, -0.0, 1.0, 65504.0, 65505.5, 2.0**-24, 2.0**-25, 1e300, 0.1, 1e22, 1e23, 5e-324, 2.0**-149]},
        {"wide": {f"{number:03}": number for number in range(300)}, "list": list(range(300))},
        {"x" * 256: "y" * 70_000},
    ],
)
@pytest.mark.parametrize("is_ascii", [True, False])
def test_json_rows_have_the_ids_of_their_values(row: dict[str, Any], is_ascii: bool) -> None:
    found = of_lines(json.dumps(row, ensure_ascii=is_ascii))
    assert ids(found) == [sample_id(row, fields=list(row)) if row else sample_id({"": None}, fields=[""])]
    assert found is not None and found.names == frozenset(row)


@pytest.mark.parametrize(
    "line",
    [
        *("[]", "null", "{'a':1}", '{"a":1,"a":1}', '{"a":{"b":null,"b":null}}', '{"a":1}x', '{"a":1', '{"a":NaN}'),
        *(
            '{"a":Infinity}',
            '{"a":01}',
            '{"a":1.}',
            '{"a":+1}',
            '{"a":1e400}',
            '{"a":-}',
            '{"a":tru}',
            '{"a":"\\ud800"}',
        ),
        *('{"a":"\\ud800\\u0041"}', '{"a":"\\x41"}', '{"a":"', '{"_parents":[]}', '{"\\u005fmodel":"m"}', "\x0b"),
        *('{"a":10000000000000000000}', '{"a": "\t"}', '{"a": "\ud800"}', f'{{"a": {"[" * 70}{"]" * 70}}}'),
        '{"a": {' + ", ".join(f'"{number}": 1' for number in range(600)) + "}}",
        "{" + ", ".join(f'"{number}": 1' for number in range(70)) + "}",
        f'{{"{"k" * 300}": 1}}',
    ],
)
def test_what_is_damaged_or_not_plain_is_refused(line: str) -> None:
    assert of_lines('{"a": 1}', line) is None


def test_rows_follow_one_another_with_blank_lines_between_and_without_a_last_feed() -> None:
    found = of_lines(' {"a": "x"}\r', "", " \t", '{"b": null, "a": "y"} ', '{"a": ["z"]}')
    assert ids(found) == [sample_id({"a": value}, fields=["a"]) for value in ("x", "y", ["z"])]
    assert found is not None
    assert found.names == {"a", "b"} and found.forms == {("a", "text"), ("a", "list")}


def test_each_value_counts_by_its_name_and_form() -> None:
    found = of_lines('{"id": 1, "text": "x", "meta": {"a": 1}, "score": [{"a": 1}]}', selection=Selection("named"))
    assert ids(found) == [sample_id({"text": "x", "score": [{"a": 1}]}, fields=["text", "score"])]


def test_numbers_of_tokens_are_read_beside() -> None:
    identity = Identity(tokens_field="n")
    found = of_lines('{"a": "x", "n": 70000}', '{"a": "x"}', '{"n": 3.0}', '{"n": null}', identity=identity)
    assert found is not None and found.tokens is not None
    assert found.tokens.to_pylist() == [70000, None, 3, None]
    for wrong in ("-1", "1.5", "4294967296", '"1"', "true", "[]"):
        assert of_lines(f'{{"n": {wrong}}}', identity=identity) is None


def test_a_list_counts_as_an_object_where_one_is_in_it() -> None:
    kind = pa.list_(pa.list_(pa.struct([("a", pa.int8())])))
    column = pa.array([[[{"a": 1}]], [[]], [], None, [None, [None]]], kind)
    found = of_columns(Selection("named"), score=column, text=pa.array(list("vwxyz")))
    kept = [{"score": column[0].as_py(), "text": "v"}, *({"text": letter} for letter in "wxyz")]
    assert ids(found) == [sample_id(row, fields=list(row)) for row in kept]
    assert found is not None and found.forms == {("score", "object"), ("score", "list"), ("text", "text")}


def test_columns_of_other_types_do_not_matter_where_they_are_not_content() -> None:
    moments = pa.array([0, None], pa.timestamp("us"))
    found = of_columns(Selection("named"), text=pa.array(["a", "b"]), created_at=moments)
    assert ids(found) == [sample_id({"text": letter}, fields=["text"]) for letter in "ab"]
    assert of_columns(Selection("table"), text=pa.array(["a", "b"]), created_at=moments) is None


def text_of(data: bytes, *offsets: int) -> pa.Array:
    bounds = pa.array(offsets, pa.int32()).buffers()[1]
    return pa.StringArray.from_buffers(len(offsets) - 1, bounds, pa.py_buffer(data))


@pytest.mark.parametrize(
    "column",
    [
        text_of(b"ab\xff", 0, 2, 3),
        text_of("é".encode(), 0, 1, 2),
        text_of(("x" * 40 + "é").encode(), 0, 41, 42),
        text_of(b"abc", 0, 2, 1),
        pa.ListArray.from_arrays(pa.array([0, 0, 0], pa.int32()), text_of(b"", -1)),
        pa.ListArray.from_arrays(pa.array([0, 0, 0], pa.int32()), text_of(b"", 7)),
        pa.array([1.0, float("nan")]),
        pa.array([1.0, float("inf")], pa.float32()),
        pa.array([{"bytes": b"1", "path": "p"}] * 2, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        pa.array(["a", "b"], pa.dictionary(pa.int8(), pa.string())),
    ],
)
def test_columns_that_are_damaged_or_not_plain_are_refused(column: pa.Array) -> None:
    assert of_columns(a=column) is None
