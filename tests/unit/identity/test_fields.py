"""Which columns count: by their names and the forms of their values, and the same in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.samples import ids

from provenance.errors import DataError
from provenance.identity import Identity, Settled, sample_id, scan
from provenance.identity.field_names import words

LONG = "a text of more than five words"


def chosen(row: dict[str, Any], **identity: Any) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    path = Path(identity.pop("folder")) / "data.jsonl"
    path.write_text(json.dumps(row) + "\n")
    found = scan(path, Identity(**identity))
    list(found)
    return found.rule, found.fields, found.beside


def test_words_of_a_name() -> None:
    assert words("questionID") == ["question", "id"] == words("question-id")


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ({"text": "a", "code": "b", "task_id": 1, "test_list": ["c"]}, {"text", "code", "test_list"}),
        ({"question": "a", "answer": 1, "score": 0.5, "source": "web"}, {"question", "answer"}),
        ({"messages": [{"content": "a"}], "label": 1, "metadata": {"a": 1}}, {"messages", "label"}),
        ({"text": "a", "score_A": "b", "tags": ["x"], "tag_list": [{}]}, {"text", "tag_list"}),
        ({"input_ids": [1], "attention_mask": [1], "labels": [2]}, {"input_ids", "labels"}),
        ({"sepal_length": 1.5, "species": "iris", "id": 1}, {"sepal_length", "species", "id"}),
        ({"mr": "a", "ref": LONG, "n": 1}, {"mr", "ref"}),
    ],
)
def test_the_rule(tmp_path: Path, row: dict[str, Any], fields: set[str]) -> None:
    assert set(chosen(row, folder=tmp_path)[1]) == fields
    assert sample_id(row) == sample_id(row, fields=sorted(fields))


def test_what_was_settled_is_kept(tmp_path: Path) -> None:
    row = {"text": LONG, "topic": "a", "notes": LONG, "new": LONG}
    settled = Settled(frozenset({"topic"}), frozenset({"notes"}))
    assert chosen(row, folder=tmp_path, settled=settled) == ("named", ("new", "text", "topic"), ("notes",))


def test_an_empty_list_of_objects_is_the_empty_list_of_json(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "a", "tags": []},
        {"text": "b", "tags": [{"x": 1}]},
        {"text": "c", "tags": [None]},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "a.json").write_text(json.dumps(rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    expected = [sample_id(row) for row in rows]
    assert [ids(path) for path in sorted(tmp_path.iterdir())] == [expected] * 3
    assert expected[0] == sample_id({"text": "a"})


def test_values_of_a_column_of_json_have_the_forms_of_what_they_hold(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "a", "steps": 1, "tags": ["x"]},
        {"text": "b", "steps": [1], "tags": [{"y": 1}]},
    ]
    texts = {name: [json.dumps(row[name]) for row in rows] for name in ("text", "steps", "tags")}
    columns = {name: pa.array(values, pa.json_(pa.string())) for name, values in texts.items()}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert ids(tmp_path / "a.parquet") == [sample_id(row) for row in rows]
    assert sample_id(rows[0]) == sample_id({"text": "a"})


def test_csv_takes_for_numbers_what_reads_as_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"tweet,retweeted\n{LONG},1\n{LONG},true\n")
    assert ids(path) == [sample_id({"tweet": LONG})] * 2
    monkeypatch.setattr("provenance.identity.formats.csv_table._LONGEST_ROW", 64)
    path.write_text("tweet,retweeted\n" + f"{LONG},1\n" * 9 + f"{LONG},word\n")
    with pytest.raises(DataError, match=":10: 'retweeted' has text only after rows that read as numbers"):
        ids(path)
