from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import DataError
from provenance.identity import Identity, scan
from provenance.identity.fields import Selection
from provenance.identity.formats.arrow_block import ArrowBlock
from provenance.identity.formats.row_block import RowBlock
from provenance.identity.samples import TextPart
from provenance.identity.texts import block_texts

EVERYTHING = Selection("table")
WELL_KNOWN = Selection("named")
TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MESSAGES = st.lists(st.fixed_dictionaries({"role": TEXT, "content": TEXT}), max_size=3) | st.none()


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "question": TEXT,
                "answer": TEXT,
                "messages": MESSAGES,
                "choices": st.none() | st.lists(TEXT, max_size=3),
                "topic": TEXT,
                "difficulty": st.none() | st.integers(-5, 5) | st.booleans(),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_columns_and_rows_say_the_same(rows: list[dict[str, Any]]) -> None:
    if {type(row["difficulty"]) for row in rows} >= {int, bool}:
        for row in rows:
            row["difficulty"] = None
    table = pa.Table.from_pylist(rows)
    by_column = block_texts(ArrowBlock(table), WELL_KNOWN, ("topic", "difficulty"))
    by_row = block_texts(RowBlock(rows), WELL_KNOWN, ("topic", "difficulty"))
    assert by_column.texts.to_pylist() == by_row.texts.to_pylist()
    assert {name: column.to_pylist() for name, column in by_column.values.items()} == {
        name: column.to_pylist() for name, column in by_row.values.items()
    }


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"text": "a b", "id": 7, "source": "no content"}, "a b"),
        ({"answer": "4", "question": "2 + 2?"}, "2 + 2?\n4"),
        ({"completion": "b", "prompt": "a", "system": "s"}, "a\ns\nb"),
        ({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}, "hi\nho"),
        ({"conversations": [{"from": "gpt", "value": "hi"}]}, "hi"),
        ({"text": None, "output": 7}, ""),
    ],
)
def test_what_a_row_says(row: dict[str, Any], text: str) -> None:
    for block in (RowBlock([row]), ArrowBlock(pa.Table.from_pylist([row]))):
        assert block_texts(block, WELL_KNOWN, ()).texts.to_pylist() == [text]


def test_a_slice_of_lists_is_joined_by_its_own_elements() -> None:
    table = pa.table({"choices": [["a", "b"], None, ["c", None, "d"], []]}).slice(1)
    assert block_texts(ArrowBlock(table), EVERYTHING, ()).texts.to_pylist() == ["", "c\nd", ""]


def test_a_scan_gives_texts_with_ids_and_other_fields_beside_the_content(tmp_path: Path) -> None:
    rows = [{"text": f"text {number}", "language": ["en", "fr"][number % 2]} for number in range(5)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ids = [batch.sample_ids.to_pylist() for batch in scan(tmp_path / "x.jsonl", Identity())]
    for name in ("x.parquet", "x.jsonl"):
        (batch,) = scan(tmp_path / name, Identity(), texts_and=("language", "absent"))
        assert [batch.sample_ids.to_pylist()] == ids
        assert batch.texts is not None
        assert batch.texts.texts.to_pylist() == [row["text"] for row in rows]
        assert batch.texts.values["language"].to_pylist() == [row["language"] for row in rows]
        assert batch.texts.values["absent"].to_pylist() == [None] * 5
        (without,) = scan(tmp_path / name, Identity())
        assert without.texts is None


def test_a_field_with_an_unpaired_surrogate_is_its_rows_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a", "topic": "b"}\n{"text": "c", "topic": "\\ud800"}\n')
    assert [batch.sample_ids for batch in scan(tmp_path / "a.jsonl", Identity())]
    with pytest.raises(DataError, match=r"a\.jsonl:2: field 'topic': an unpaired surrogate"):
        list(scan(tmp_path / "a.jsonl", Identity(), texts_and=["topic"]))


def test_a_field_of_a_type_without_text_has_none() -> None:
    table = pa.table({"text": ["a"], "lasts": pa.array([pa.MonthDayNano([1, 2, 3])])})
    assert block_texts(ArrowBlock(table), WELL_KNOWN, ("lasts",)).values["lasts"].to_pylist() == [None]


SPEAKER = st.sampled_from(["system", "developer", "user", "assistant", None])
TURNS = st.lists(st.fixed_dictionaries({"role": SPEAKER, "content": TEXT}), max_size=3) | st.none()
PICTURE = st.fixed_dictionaries({"bytes": st.none() | st.binary(max_size=3), "path": TEXT, "alt": TEXT})


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "messages": TURNS,
                "context": TEXT,
                "question": TEXT,
                "system_prompt": TEXT,
                "image": PICTURE,
                "shot": PICTURE,
            }
        ),
        min_size=1,
        max_size=4,
    ),
    part=st.sampled_from(["own", "given"]),
)
def test_columns_and_rows_agree_on_what_was_given(rows: list[dict[str, Any]], part: TextPart) -> None:
    for row in rows:
        # A column of bytes that all are null is one of bytes; a row's null is of no type.
        row["shot"]["bytes"] = b""
    table = pa.Table.from_pylist(rows)
    by_column = block_texts(ArrowBlock(table), EVERYTHING, (), part)
    by_row = block_texts(RowBlock(rows), EVERYTHING, (), part)
    assert by_column.texts.to_pylist() == by_row.texts.to_pylist()
    assert by_column.part is not None and by_row.part is not None
    assert by_column.part.to_pylist() == by_row.part.to_pylist()


@pytest.mark.parametrize(
    ("row", "own", "given"),
    [
        ({"messages": [{"role": "system", "content": "be good"}, {"role": "user", "content": "hi"}]}, "hi", "be good"),
        ({"conversations": [{"from": "system", "value": "be good"}, {"from": "gpt", "value": "ho"}]}, "ho", "be good"),
        ({"context": "a passage", "question": "what?", "answer": "that"}, "what?\nthat", "a passage"),
        ({"system_prompt": "be good", "output": "ho"}, "ho", "be good"),
        ({"systemPrompt": "be good", "text": "ho"}, "ho", "be good"),
        ({"context": "all there is"}, "all there is", "all there is"),
        ({"prompt": "hi", "output": "ho"}, "hi\nho", ""),
        ({"context": [{"title": "t", "text": "a passage"}], "output": "ho"}, "ho", "a passage\nt"),
    ],
)
def test_what_is_given_is_told_from_a_rows_own_text(row: dict[str, Any], own: str, given: str) -> None:
    for block in (RowBlock([row]), ArrowBlock(pa.Table.from_pylist([row]))):
        for part, text in (("own", own), ("given", given)):
            found = block_texts(block, EVERYTHING, (), part)  # type: ignore[arg-type]
            assert found.part is not None and found.part.to_pylist() == [text]
        assert block_texts(block, EVERYTHING, ()).part is None


@pytest.mark.parametrize(
    "row",
    [
        {"text": "said", "image": "cats/1.png"},
        {"text": "said", "images": ["cats/1.png", "cats/2.png"]},
        {"text": "said", "image": {"bytes": b"x", "path": "cats/1.png"}},
        {"text": "said", "image_url": "https://example.org/1.png", "videoPath": "a.mp4"},
        {"content": [{"type": "text", "text": "said"}, {"type": "image_url", "image_url": {"url": "data:"}}]},
    ],
)
def test_paths_of_images_are_no_text(row: dict[str, Any]) -> None:
    for block in (RowBlock([row]), ArrowBlock(pa.Table.from_pylist([row]))):
        assert block_texts(block, EVERYTHING, ()).texts.to_pylist() == ["said"]


def test_a_caption_of_an_image_is_text() -> None:
    row: dict[str, Any] = {"image_caption": "two cats", "path": "a road"}
    assert block_texts(RowBlock([row]), EVERYTHING, ()).texts.to_pylist() == ["two cats\na road"]


def test_texts_beside_the_content_are_given_apart() -> None:
    rows: list[dict[str, Any]] = [
        {"output": "o", "prompt": "why", "extra": {"said": ["x", "y"]}, "_parents": ["z"], "image": "a.png"},
        {"output": None, "prompt": "who", "extra": None, "_parents": None, "image": None},
    ]
    content = Selection("declared", frozenset({"output"}))
    for block in (ArrowBlock(pa.Table.from_pylist(rows)), RowBlock(rows)):
        found = block_texts(block, content, (), beside=True)
        assert found.texts.to_pylist() == ["o", ""]
        assert found.beside is not None and found.beside.to_pylist() == ["why\nx\ny", "who"]
        assert block_texts(block, content, ()).beside is None
    lone = block_texts(RowBlock([{"output": "o", "note": "\ud800 x"}]), content, (), beside=True)
    assert lone.beside is not None and lone.beside.to_pylist() == ["? x"]


def test_values_may_be_kept_apart_by_another_mark() -> None:
    rows: list[dict[str, Any]] = [
        {"question": "a\nb", "answer": "c", "choices": ["d", None, "e"]},
        {"question": None, "answer": "f", "choices": []},
    ]
    for block in (ArrowBlock(pa.Table.from_pylist(rows)), RowBlock(rows)):
        assert block_texts(block, WELL_KNOWN, (), between="\x1e").texts.to_pylist() == ["a\nb\x1ec\x1ed\x1ee", "f"]
