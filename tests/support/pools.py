"""Pools and files of texts for measures that read data, made from texts as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from support.project import lines

from provenance.auditing.texts.dataset_texts import Texts, column_of, write_texts
from provenance.auditing.texts.normal import as_read
from provenance.auditing.texts.pools import Pool, joined, pool_of_table
from provenance.auditing.texts.words import words
from provenance.identity import Identity, scan


def pool_of(
    compared: Sequence[str],
    reference: Sequence[str],
    families: Sequence[object] | None = None,
    values: Mapping[str, Sequence[str | None]] | None = None,
    seed: int = 0,
) -> Pool:
    """A pool of these texts, each text once a group; the id of text i, of both lists together, is i.

    ``families`` and ``values`` (of fields) are of all texts, too.
    """
    texts = [*compared, *reference]
    table = _table(texts, values or {})
    own = {text: row for row, text in reversed(list(enumerate(compared)))}
    others = {text: row for row, text in reversed(list(enumerate(texts))) if row >= len(compared)}
    rows = [sorted(own.values()), sorted(others.values())]
    keys = table["key"].to_numpy()
    joins = keys if families is None else np.array([_hashed(repr(each)) for each in families], np.uint64)
    tables = [table.take(pa.array(each, pa.int64())) for each in rows]
    found = joined(tables[0], tables[1], joins[np.concatenate(rows).astype(int)], "all of them")
    return pool_of_table(found, "families as given", seed, tuple(values or {}))


def _hashed(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode())


def _table(texts: Sequence[str], values: Mapping[str, Sequence[str | None]]) -> pa.Table:
    column = pa.array(texts, pa.large_string())
    found = words(column)
    columns = {
        "sample_id": pa.array([number.to_bytes(16, "big") for number in range(len(texts))], pa.binary(16)),
        "text": column,
        "words": pa.LargeListArray.from_arrays(pa.array(found.offsets), pa.array(found.hashes)),
        "key": pa.array([_hashed(as_read(text)) for text in texts], pa.uint64()),
    }
    return pa.table(columns | {column_of(name): pa.array(each, pa.large_string()) for name, each in values.items()})


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
