"""`.json` by its content: an array, an object a line, or one object."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.samples import ids

from provenance.errors import DataError
from provenance.identity import Identity
from provenance.identity.formats import open_reader
from provenance.identity.samples import sample_id

LINES = b'{"text": "one", "_parents": "aa"}\n{"text": "two"}'
ARRAY = b'[{"text": "one", "_parents": "aa"}, {"text": "two"}]'
ONE = b'{\n  "text": "one",\n  "_parents": "aa"\n}\n'


def compressed(name: str, content: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(content)
    return pa.compress(content, "zstd", asbytes=True) if name.endswith(".zst") else content


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "a.json.zst"])
def test_the_content_says_which_kind_of_json_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    both = [sample_id({"text": text}) for text in ("one", "two")]
    for content, expected in (
        (LINES, both),
        (LINES + b"\n\n", both),
        (b"\xef\xbb\xbf" + LINES, both),
        (b"\r\n \n" + LINES.replace(b"\n", b"\r\n"), both),
        (ARRAY, both),
        (b"\xef\xbb\xbf\n" + ARRAY, both),
        (ONE, both[:1]),
        (b"\xef\xbb\xbf" + ONE, both[:1]),
        (LINES.partition(b"\n")[0], both[:1]),
        (b"\n", []),
    ):
        path.write_bytes(compressed(name, content))
        assert ids(path) == expected, content


def test_an_empty_file_has_no_rows_as_in_json_lines(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"")
    assert ids(tmp_path / "a.json") == []


@pytest.mark.parametrize("content", [LINES, ARRAY, ONE])
def test_members_and_rows_are_taken_out(tmp_path: Path, content: bytes) -> None:
    path, target = tmp_path / "a.json", tmp_path / "b.json"
    path.write_bytes(content)
    before = [row for _, row in open_reader(path, Identity()).numbered_rows()]
    reader = open_reader(path, Identity())
    reader.write_rows(np.array([True] + [False] * (len(before) - 1)), target)  # type: ignore[attr-defined]
    assert [row for _, row in open_reader(target, Identity()).numbered_rows()] == before[:1]
    assert reader.strip(["_parents"])
    rows = [row for _, row in open_reader(path, Identity()).numbered_rows()]
    assert rows == [{name: value for name, value in row.items() if name != "_parents"} for row in before]


@pytest.mark.parametrize("column", ["_parents", "_parent_roles"])
@pytest.mark.parametrize("value", ['"\\ud800"', '["aa", "\\udfff"]', '"[\\"\\\\ud800\\"]"'])
def test_an_unpaired_surrogate_in_a_reserved_column_is_its_rows_error(tmp_path: Path, column: str, value: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(
        f'[{{"text": "one"}}, {{"text": "two", "_parents": ["aa"], "{column}": {value}}}]'.replace(
            '"_parents": ["aa"], "_parents"', '"_parents"'
        )
    )
    with pytest.raises(DataError, match=rf"a\.json:2: {column} holds an unpaired surrogate") as raised:
        ids(path)
    assert raised.value.row == 2
