from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from support.pools import texts_in

from provenance.auditing.texts.dataset_texts import column_of, words_of
from provenance.auditing.texts.words import words
from provenance.identity import sample_id

ROWS = [{"text": f"Row {number}, said", "language": ["en", None][number % 2]} for number in range(30_000)]


def test_what_was_read_is_streamed_by_columns(tmp_path: Path) -> None:
    texts = texts_in(tmp_path, "data", ROWS, ("language",))
    batches = list(texts.batches("words", column_of("language")))
    assert {name for batch in batches for name in batch.schema.names} == {"words", column_of("language")}
    found = pa.Table.from_batches(batches)
    assert found[column_of("language")].to_pylist() == [row["language"] for row in ROWS]
    expected = words(pa.array([row["text"] for row in ROWS], pa.large_string()))
    assert [number for batch in batches for number in words_of(batch).hashes.tolist()] == expected.hashes.tolist()
    sliced = words_of(batches[0].slice(3, 4))
    assert sliced.offsets.tolist() == [0, 3, 6, 9, 12]
    assert sliced.hashes.tolist() == expected.hashes[9:21].tolist()


def test_texts_of_a_few_samples_are_found(tmp_path: Path) -> None:
    texts = texts_in(tmp_path, "data", ROWS)
    wanted = {bytes.fromhex(sample_id({"text": ROWS[row]["text"]})): ROWS[row]["text"] for row in (0, 17, 29_999)}
    assert texts.find_parts(wanted) == wanted
    assert texts.find_parts([b"0" * 16]) == {}
