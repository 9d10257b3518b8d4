from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from support.pools import texts_in

from provenance.auditing.texts.groups import LONGEST_TEXT, Group, Size, draw

ROWS = [{"text": f"row {number} " + "x" * (number % 40)} for number in range(3000)] + [{"text": "  "}] * 500
MANY = 10**9


def drawn(group: Group, size: Size, seed: int) -> list[str]:
    texts: list[str] = draw(group, size, seed).rows["text"].to_pylist()
    return texts


def test_a_sample_is_random_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    group = Group(texts_in(tmp_path, "data", ROWS), "all")
    one, again, other = (drawn(group, Size(MANY, 5000), seed) for seed in (1, 1, 2))
    assert one == again != other
    assert len(set(one)) == len(one)
    assert 5000 <= sum(map(len, one)) < 5000 + 60
    assert len(drawn(group, Size(77, MANY), 1)) == 77 and drawn(group, Size(77, MANY), 1) == one[:77]


def test_a_sample_does_not_depend_on_the_order_of_rows_or_on_copies(tmp_path: Path) -> None:
    rows = ROWS[:500]
    shuffled = [rows[row] for row in np.random.default_rng(0).permutation(500)] + rows[:100]
    one, other = (Group(texts_in(tmp_path, name, each), "all") for name, each in (("a", rows), ("b", shuffled)))
    assert drawn(one, Size(200, MANY), 3) == drawn(other, Size(200, MANY), 3)
    assert draw(other, Size(200, MANY), 3).of == 600


def test_every_row_with_words_is_as_likely_as_another(tmp_path: Path) -> None:
    group = Group(texts_in(tmp_path, "data", ROWS[:200] + ROWS[-50:]), "all")
    times = Counter(text for seed in range(300) for text in drawn(group, Size(40, MANY), seed))
    assert not any(text.isspace() for text in times)
    counts = np.array([times[row["text"]] for row in ROWS[:200]])
    assert counts.mean() == 300 * 40 / 200
    assert counts.std() < 2 * np.sqrt(counts.mean())
    assert abs(np.corrcoef(np.arange(200), counts)[0, 1]) < 0.25


def test_a_sample_of_little_is_all_of_it(tmp_path: Path) -> None:
    group = Group(texts_in(tmp_path, "data", ROWS), "all")
    found = draw(group, Size(MANY, MANY), 0)
    assert sorted(found.rows["text"].to_pylist()) == sorted(row["text"] for row in ROWS[:3000])
    assert found.of == 3000
    assert drawn(Group(texts_in(tmp_path, "empty", []), "all"), Size(100, 100), 0) == []


def test_what_comes_first_is_drawn_before_all_others(tmp_path: Path) -> None:
    texts = texts_in(tmp_path, "data", ROWS[:300])
    first = pa.concat_arrays([batch["sample_id"] for batch in texts.batches("sample_id")]).slice(100, 30)
    found = draw(Group(texts, "all"), Size(40, MANY), 0, first=first).rows
    assert {row["text"] for row in ROWS[100:130]} <= set(found["text"].to_pylist()) and len(found) == 40


def test_texts_that_read_alike_are_copies(tmp_path: Path) -> None:
    rows = [
        {"text": "Caf\u00e9 au lait"},
        {"text": "Cafe\u0301 au lait"},
        {"text": "CAF\u00c9 au\u200b lait"},
        {"text": "tea"},
    ]
    found = draw(Group(texts_in(tmp_path, "data", rows), "all"), Size(9, MANY), 0)
    assert len(found.rows) == 2 and found.of == 4


def test_a_group_is_the_rows_of_its_origins(tmp_path: Path) -> None:
    texts = texts_in(tmp_path, "data", ROWS[:100])
    origins = tmp_path / "origins"
    origins.write_bytes(bytes(number % 4 for number in range(100)))
    found = pa.Table.from_batches(Group(texts, "some", origins, (1, 2)).batches("text"))["text"].to_pylist()
    assert found == [row["text"] for number, row in enumerate(ROWS[:100]) if number % 4 in (1, 2)]


def test_a_row_longer_than_the_longest_is_not_drawn(tmp_path: Path) -> None:
    long = {"text": "long " * (LONGEST_TEXT // 5 + 1)}
    group = Group(texts_in(tmp_path, "data", [*ROWS[:10], long, {"text": "x" * LONGEST_TEXT}]), "all")
    lengths = sorted(map(len, drawn(group, Size(MANY, MANY), 0)))
    assert lengths == [*(len(row["text"]) for row in ROWS[:10]), LONGEST_TEXT]
