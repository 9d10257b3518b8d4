"""Pools and files of texts for measures that read data, made from texts as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from support.project import lines

from provenance.auditing.texts.dataset_texts import Texts, write_texts
from provenance.auditing.texts.pools import Pool
from provenance.auditing.texts.words import words
from provenance.identity import Identity, scan


def pool_of(compared: Sequence[str], reference: Sequence[str]) -> Pool:
    """A pool of these texts; the id of row i is i."""
    texts = pa.array([*compared, *reference], pa.large_string())
    ids = pa.array([number.to_bytes(16, "big") for number in range(len(texts))], pa.binary(16))
    return Pool(ids, texts, words(texts), len(compared), "all of them")


def texts_in(folder: Path, name: str, rows: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()) -> Texts:
    """The scratch file of a dataset NAME with these rows."""
    data = folder / f"{name}.jsonl"
    data.write_text(lines([dict(row) for row in rows]), encoding="utf-8")
    file = folder / f"{name}.arrow"
    write_texts(file, scan(data, Identity(), texts_and=fields), fields, Identity().digest_size)
    return Texts(file)


def prose(pick: np.random.Generator, rows: int, words_a_row: int = 40, vocabulary: int = 2000) -> list[str]:
    """Random texts of words that are as unequally frequent as those of a language."""
    frequencies = 1 / np.arange(5, vocabulary + 5)
    chosen = pick.choice(vocabulary, (rows, words_a_row), p=frequencies / frequencies.sum())
    return [" ".join(f"w{word}" for word in row) for row in chosen.tolist()]
