"""What an index and the stream past it take, each in a process of its own: prints JSON.

python -m benchmarks.contamination.cost build FOLDER STORE
python -m benchmarks.contamination.cost stream FOLDER STORE
python -m benchmarks.contamination.cost large ROWS STORE
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from provenance.auditing.contamination.building import build
from provenance.auditing.contamination.index import Suite
from provenance.auditing.contamination.stream import look_through
from provenance.auditing.contamination.words import FIELD
from provenance.ledger.graph.store import Store

_NAME = "suite"
_BATCH_CHARACTERS = 2_000_000
# So many rows of so many characters, whatever there is: short ones are joined, and looked through again and again.
_ROWS, _CHARACTERS = 100_000, 900
# Different words of a large set that is made up.
_WORDS = 50_000


def rows_of(file: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a JSONL file."""
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def files(folder: Path, kind: str) -> list[Path]:
    """The evaluation sets ("eval") or the training rows ("train")."""
    return sorted((folder / kind).glob("*.jsonl"))


def text_of(value: object) -> str:
    """All texts of a training row, as the stream takes them."""
    if isinstance(value, str):
        return value
    values = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return FIELD.join(filter(None, map(text_of, values)))


def suite(store: Path) -> Suite:
    """The suite that was built."""
    folder = Store(store).find(_NAME)
    assert folder is not None, "build the suite first"
    return Suite.of(folder)


def build_suite(folder: Path, store: Path) -> Mapping[str, float]:
    started = time.process_time()
    with Store(store).draft(_NAME) as draft:
        build([(file.stem, partial(rows_of, file)) for file in files(folder, "eval")], draft)
    found = Store(store).find(_NAME)
    assert found is not None
    return {"cpu": time.process_time() - started, "megabytes": found.bytes / 1e6}


def large(rows: Path, store: Path) -> Mapping[str, float]:
    """The index of one set of so many made-up rows, each a question and an answer, 11 words in all."""
    pick, count = np.random.default_rng(1), int(str(rows))
    shares = 1 / (np.arange(_WORDS) + 10.0)
    bounds = np.cumsum(shares / shares.sum())

    def made_up() -> Iterator[Mapping[str, Any]]:
        for _ in range(count):
            words = [f"w{number}" for number in np.searchsorted(bounds, pick.random(11)).tolist()]
            yield {"question": " ".join(words[:8]), "answer": " ".join(words[8:])}

    started = time.process_time()
    with Store(store).draft("large") as draft:
        build([("large", made_up)], draft)
    found = Store(store).find("large")
    assert found is not None
    return {"cpu": time.process_time() - started, "megabytes": found.bytes / 1e6, "rows": count}


def stream(folder: Path, store: Path) -> Mapping[str, float]:
    """Seconds of CPU to look through `_ROWS` training rows, reading JSON left out."""
    sought = suite(store)
    rows, size, seconds = 0, 0, 0.0
    while rows < _ROWS:
        for batch in _batches(folder):
            texts = pa.array(batch, pa.large_string())
            started = time.process_time()
            for _ in look_through(sought, texts):
                pass
            seconds += time.process_time() - started
            rows += len(batch)
            size += sum(map(len, batch))
    return {"rows": rows, "characters": size, "cpu": seconds}


def _batches(folder: Path) -> Iterator[list[str]]:
    batch: list[str] = []
    held, text = 0, ""
    for file in files(folder, "train"):
        for row in rows_of(file):
            text = FIELD.join(filter(None, (text, text_of(row))))
            if len(text) >= _CHARACTERS:
                batch.append(text)
                held, text = held + len(text), ""
            if held > _BATCH_CHARACTERS:
                yield batch
                batch, held = [], 0
    yield [*batch, text]


if __name__ == "__main__":
    task = {"build": build_suite, "stream": stream, "large": large}[sys.argv[1]]
    print(json.dumps(task(Path(sys.argv[2]), Path(sys.argv[3]))))
