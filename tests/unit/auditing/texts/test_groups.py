from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from support.pools import texts_in

from provenance.auditing.texts.groups import SAMPLE_BYTES, Group, draw

ROWS = [{"text": f"row {number} " + "x" * (number % 40)} for number in range(3000)] + [{"text": "  "}] * 500


def drawn(group: Group, size: int, seed: int) -> list[str]:
    texts: list[str] = draw(group, size, seed)["text"].to_pylist()
    return texts


def test_a_sample_is_random_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    group = Group(texts_in(tmp_path, "data", ROWS), "all")
    one, again, other = drawn(group, 5000, 1), drawn(group, 5000, 1), drawn(group, 5000, 2)
    assert one == again != other
    assert len(set(one)) == len(one)
    assert 5000 <= sum(map(len, one)) < 5000 + 60


def test_every_row_with_words_is_as_likely_as_another(tmp_path: Path) -> None:
    group = Group(texts_in(tmp_path, "data", ROWS[:200] + ROWS[-50:]), "all")
    times = Counter(text for seed in range(300) for text in drawn(group, 1000, seed))
    assert not any(text.isspace() for text in times)
    # Each of 200 rows, of 27 bytes on average, should be in about 19% of the samples.
    counts = np.array([times[row["text"]] for row in ROWS[:200]])
    assert abs(counts.mean() / 300 - 1000 / sum(len(row["text"]) for row in ROWS[:200])) < 0.02
    assert counts.std() < 2 * np.sqrt(counts.mean())
    assert abs(np.corrcoef(np.arange(200), counts)[0, 1]) < 0.25


def test_a_sample_of_little_is_all_of_it(tmp_path: Path) -> None:
    group = Group(texts_in(tmp_path, "data", ROWS), "all")
    assert sorted(drawn(group, 10**9, 0)) == sorted(row["text"] for row in ROWS[:3000])
    assert drawn(Group(texts_in(tmp_path, "empty", []), "all"), 100, 0) == []


def test_a_group_is_the_rows_of_its_origins(tmp_path: Path) -> None:
    texts = texts_in(tmp_path, "data", ROWS[:100])
    origins = tmp_path / "origins"
    origins.write_bytes(bytes(number % 4 for number in range(100)))
    found = pa.Table.from_batches(Group(texts, "some", origins, (1, 2)).batches("text"))["text"].to_pylist()
    assert found == [row["text"] for number, row in enumerate(ROWS[:100]) if number % 4 in (1, 2)]


def test_a_row_longer_than_a_sample_is_not_drawn(tmp_path: Path) -> None:
    long = {"text": "long " * (SAMPLE_BYTES // 5 + 1)}
    group = Group(texts_in(tmp_path, "data", [*ROWS[:10], long, {"text": "x" * SAMPLE_BYTES}]), "all")
    lengths = sorted(map(len, drawn(group, 2 * SAMPLE_BYTES, 0)))
    assert lengths == [*(len(row["text"]) for row in ROWS[:10]), SAMPLE_BYTES]
