"""JSON Lines: what Arrow reads is what Python's json reads, and everything else takes the way over Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.errors import DataError
from provenance.identity import Identity, Settled, read_row, read_rows, sample_id, scan
from provenance.identity.formats import jsonl, line_runs
from provenance.identity.formats.json_schema import LearnedSchema
from provenance.identity.json_text import parse_row
from provenance.identity.samples import id_of_row

pytestmark = pytest.mark.usefixtures("way")

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_dataset(content: str | bytes) -> Path:
        path = tmp_path / "data.jsonl"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_dataset


def ids(path: Path, identity: Identity | None = None) -> list[str]:
    return [found.as_py().hex() for batch in scan(path, identity or Identity()) for found in batch.sample_ids]


def went_by_columns(content: str) -> bool:
    """Whether the second of two equal blocks (the first teaches the schema) is read by Arrow."""
    schema = LearnedSchema()
    schema.learn([parse_row(line) for line in content.split("\n")])
    return jsonl.JSONLinesBlock(content.encode(), schema, False).columns(lambda name: True) is not None


MEMBERS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 5),
        st.integers(-(2**65), 2**65),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.sampled_from(["2020-01-01", "2020-01-01T00:00:00Z", "1", "true", "null"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=6,
)
# Few kinds of members make columns likely, all kinds make them unlikely: both ways are tried.
ROWS = st.one_of(
    st.lists(st.dictionaries(st.sampled_from("abcd"), MEMBERS, max_size=3), min_size=1, max_size=5),
    st.sampled_from(
        [st.integers(-3, 3) | st.none(), st.lists(st.none() | st.text("ab", max_size=2), max_size=3)]
    ).flatmap(lambda member: st.lists(st.dictionaries(st.sampled_from("ab"), member), min_size=1, max_size=8)),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, escaped=st.booleans(), is_table=st.booleans())
def test_ids_are_those_of_the_rows(write: Write, rows: list[dict[str, object]], escaped: bool, is_table: bool) -> None:
    path = write("".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in rows))
    # Whether all columns count, as those of a table do, is decided for all rows together.
    identity = Identity(settled=Settled(table=is_table))
    found = [each.as_py().hex() for batch in scan(path, identity) for each in batch.sample_ids]
    assert found == [id_of_row(row, identity) for row in rows]


@pytest.mark.parametrize(
    "line",
    [
        '{"a":[null,1,2.5]}',
        '{"a":[null,"x"]}',
        '{"a":[null,{"b":1}],"c":[]}',
        '{"a":{},"b":[{}]}',
        '{"a":"2020-01-01"}',
        '{"a":-0,"b":-0.0,"c":1e5,"d":1.0,"e":0.1}',
        '{"a":9223372036854775807}',
        '{"a":"\\u0000\\ud83d\\ude00\\/"}',
        '{"é":1,"\\u00ea":2}',
        ' {"a" : 1 }\t',
        '{"":1}',
        "{}",
    ],
)
def test_forms_that_both_ways_read_alike(write: Write, line: str) -> None:
    row = json.loads(line)
    assert ids(write(f"{line}\n{line}\n")) == [sample_id(row)] * 2
    assert went_by_columns(f"{line}\n{line}") == line.startswith("{")


@pytest.mark.parametrize(
    "lines",
    [
        '{"a":9007199254740993}\n{"a":0.5}',
        '{"a":9223372036854775808}\n{"a":-9223372036854775809}',
        '{"a":1}\n{"a":"x"}',
        '{"a":[1,"x"]}\n{"a":{"b":1}}',
        '{"a":1}\n\n{"a":2}',
    ],
)
def test_forms_that_only_python_reads(write: Write, lines: str) -> None:
    rows = [json.loads(line) for line in lines.splitlines() if line]
    assert ids(write(lines)) == [sample_id(row) for row in rows]
    assert not went_by_columns(lines.replace("\n\n", "\n")) or "\n\n" in lines


def test_later_blocks_may_have_more_members_and_other_types(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_runs, "BLOCK_BYTES", 64)
    rows: list[dict[str, object]] = [{"text": f"row {number}", "n": None} for number in range(20)]
    rows += [{"text": f"row {number}", "n": number, "m": {"x": [number]}} for number in range(20)]
    rows += [{"text": f"row {number}", "n": number / 4, "m": "other"} for number in range(20)]
    path = write("\n".join(map(json.dumps, rows)))
    assert ids(path) == [sample_id(row) for row in rows]
    fields = ("text", "n", "m")
    assert ids(path, Identity(fields=fields)) == [sample_id(row, fields=fields) for row in rows]
    assert list(read_rows(path, Identity())) == list(enumerate(rows, 1))
    assert read_row(path, 33, Identity()) == rows[32]


def test_objects_used_as_maps_do_not_become_thousands_of_columns(write: Write) -> None:
    rows = [{"text": "a", "metadata": {f"{number}-{member}": 1 for member in range(3)}} for number in range(2000)]
    assert ids(write("\n".join(map(json.dumps, rows)))) == [sample_id({"text": "a"})] * 2000


def test_byte_order_mark_blank_lines_and_carriage_returns_are_no_rows(write: Write) -> None:
    expected = [sample_id({"a": 1}), sample_id({"a": 2})]
    for content in (b'\xef\xbb\xbf{"a":1}\n{"a":2}', b'{"a":1}\r\n{"a":2}\r\n', b'\n{"a":1}\n \t\n{"a":2}\n\n\n'):
        path = write(content)
        assert ids(path) == expected
        assert read_row(path, 2, Identity()) == {"a": 2}
    assert ids(write(b"")) == ids(write(b"\n\n")) == []


def test_the_row_that_is_not_there(write: Write) -> None:
    path = write('{"a":1}\n')
    for row in (0, 2):
        with pytest.raises(DataError) as caught:
            read_row(path, row, Identity())
        assert caught.value.row == row


BAD_LINES = [
    (b'{"text":"abc', "Unterminated string .* is the file cut short"),
    (b'{"text":', "is the file cut short"),
    (b'{"text":"caf\xe9"}', "not UTF-8"),
    (b'{"text":"\xed\xa0\x80"}', "not UTF-8"),
    (b'{"text":NaN}', "NaN is not valid JSON"),
    (b'{"text":"a","score":NaN}', "NaN is not valid JSON"),
    (b'{"text":"a","score":[{"x":-Infinity}]}', "-Infinity is not valid JSON"),
    (b'{"text":1e400}', "NaN and infinities"),
    (b'{"text":"a","text":"b"}', "the key 'text' appears twice"),
    (b'{"text":"a","id":1,"id":1}', "the key 'id' appears twice"),
    (b'{"text":"a","meta":[{"x":null,"\\u0078":1}]}', "the key 'x' appears twice"),
    (b'{"text":"\\ud800"}', "surrogate"),
    (b'{"text":"a\tb"}', "Invalid control character"),
    (b'{"text":"a"}{"text":"b"}', "something follows"),
    (b'{"text":"a"},', "something follows"),
    (b"[1]", "this is an array"),
    (b"null", "this is null"),
    (b"true", "this is a boolean"),
    (b'"text"', "this is a string"),
    (b"1", "this is a number"),
    (b'{"text":01}', "not valid JSON"),
    (b"{'text':1}", "not valid JSON"),
    (b'{"text":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
    (b'{"text":' + b"[" * 1000 + b"]" * 1000 + b"}", "nested too deeply"),
    (b'{"text":"a","n":' + b"1" * 5000 + b"}", "4300 digits"),
    ("{\"text\":\"a\"}".encode("utf-16"), "not UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize("rows_before", [0, 3])
@pytest.mark.parametrize(("line", "problem"), BAD_LINES)
def test_bad_lines_are_named(write: Write, line: bytes, problem: str, rows_before: int) -> None:
    path = write(b'{"text":"fine","score":0.5}\n' * rows_before + line)
    for consume in (ids, lambda path: list(read_rows(path, Identity()))):
        if consume is not ids and any(word in problem for word in ("NaN and", "surrogate", "nested")):
            continue  # such rows can be read, but have no id
        with pytest.raises(DataError, match=problem) as caught:
            consume(path)
        assert caught.value.row == rows_before + 1
        assert "\n" not in str(caught.value)


def test_two_rows_on_one_line_are_not_made_up_for_by_a_row_on_two(write: Write) -> None:
    good = b'{"a":0}\n'
    with pytest.raises(DataError, match="something follows") as caught:
        ids(write(good + b'{"a":1}{"a":2}\n{"a":\n3}\n'))
    assert caught.value.row == 2


def test_an_error_in_a_later_block_comes_after_the_rows_before_it(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_runs, "BLOCK_BYTES", 64)
    path = write(b'{"a":1}\n' * 50 + b"{\n" + b'{"a":1}\n' * 50)
    seen: list[int] = []
    with pytest.raises(DataError) as caught:
        seen.extend(batch.first_row + len(batch.sample_ids) - 1 for batch in scan(path, Identity()))
    assert caught.value.row == 51
    assert seen[-1] >= 40 and seen == sorted(set(seen))


def test_rows_of_a_length_that_is_no_row_are_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_runs, "BLOCK_BYTES", 64)
    monkeypatch.setattr(line_runs, "LONGEST_ROW", 1000)
    with pytest.raises(DataError, match="the most that a row may be") as caught:
        ids(write(b'{"a":1}\n' + b'{"a":"' + b"x" * 2000 + b'"}'))
    assert caught.value.row == 2


def test_blank_lines_before_the_first_row_do_not_choose_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "blank.jsonl"
    path.write_bytes(b"\n" * ((8 << 20) + 1) + b'{"text": "a", "id": 1}\n')
    scanned = scan(path, Identity())
    assert [len(batch.sample_ids) for batch in scanned] == [1]
    assert (scanned.rule, scanned.fields) == ("named", ("text",))
