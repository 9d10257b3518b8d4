"""Near-duplicates: rows that share most of their 5-grams with another row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from provenance.auditing.measure import Measured, Needs, NotMeasured, Outstanding, Subject
from provenance.auditing.texts.dataset_texts import Texts, listed_words, part_words, texts_of
from provenance.auditing.texts.words import Hashes64, Words, grams, words
from provenance.engines.interface import MOST_SHOWN
from provenance.files import scratch_folder
from provenance.lineage.database import count, parquet_rows, scratch_database

_WORDS = 5
_BANDS, _ROWS_OF_BAND = 14, 8
_PERMUTATIONS = _BANDS * _ROWS_OF_BAND
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

_HAS_TWIN = "SELECT row FROM {rows} WHERE {band} IN (SELECT {band} FROM {rows} GROUP BY {band} HAVING count(*) > 1)"
# Of rows that share a band, one pair of different samples is shown.
_PAIRS = (
    "SELECT min(sample_id) AS one, max(sample_id) AS other FROM {rows} GROUP BY {band} "
    "HAVING min(sample_id) <> max(sample_id)"
)
_MOST_ALIKE = f"SELECT one, other FROM pairs GROUP BY ALL ORDER BY count(*) DESC, one, other LIMIT {MOST_SHOWN}"


class NearDuplicates:
    """fraction = rows that share at least one of 14 MinHash bands with another row / rows that have words.

    Of a row's text its own part counts: a system prompt, or a passage, that many rows were given makes none of them a
    duplicate, unless all text is asked for.

    A band is 8 of 112 MinHashes of a row's word 5-grams (of a shorter row: of all its words together). Rows whose sets
    of 5-grams have the Jaccard similarity s share a band with the probability 1 - (1 - s^8)^14: 0.56, 0.77, 0.92 and
    0.988 at s = 0.7, 0.75, 0.8 and 0.85; at 0.5 it is 0.05, at 0.3 less than 0.001. Copies are pairs too.
    """

    name = "near_duplicates"
    definition = "rows that share one of 14 bands of 8 MinHashes of word 5-grams with another row, and their share"
    unit = "fraction of rows"
    source = "Penedo et al. 2024, FineWeb (arXiv 2406.17557)"
    needs: Needs = "data"

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """``{rows, fraction, rows_with_text}``; pairs of different samples stand out, the most alike first."""
        texts = texts_of(subject.audited, subject)
        if isinstance(texts, NotMeasured):
            return texts
        with scratch_folder(subject.folder, "bands") as folder:
            file = folder / "bands.parquet"
            rows = _write_bands(file, texts, subject)
            if not rows:
                return NotMeasured(f"{subject.audited.dataset.path}: has no text")
            with scratch_database(folder) as connection:
                paired, pairs = _paired(connection, file)
        values = {"rows": paired, "fraction": paired / rows, "rows_with_text": rows}
        return Measured(values, _shown(texts, pairs), f"112 MinHashes of every row, with seed {subject.seed}")


def shingles(text_words: Words) -> tuple[Hashes64, Hashes64]:
    """Hashes of each row's 5-grams, row by row, and the bounds of rows; a shorter row is one shingle, if not empty."""
    full = grams(text_words, _WORDS)
    lengths = text_words.lengths
    short = np.flatnonzero((lengths > 0) & (lengths < _WORDS))
    sums = np.zeros(len(short), np.uint64)
    for place in range(_WORDS - 1):
        inside = lengths[short] > place
        sums[inside] = (sums[inside] + text_words.hashes[text_words.offsets[short[inside]] + place]) * _FACTOR
    rows = np.concatenate([full.rows, short])
    order = np.argsort(rows, kind="stable")
    bounds = np.searchsorted(rows[order], np.arange(len(lengths) + 1)).astype(np.uint64)
    return np.concatenate([full.hashes, sums])[order], bounds


def bands(hashes: Hashes64, bounds: Hashes64, seed: int) -> Hashes64:
    """The bands of sets of hashes that stand one after the other within ``bounds``: an array, sets by bands."""
    from rensa import RMinHash

    matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, bounds, _PERMUTATIONS, seed)
    minima = np.array(matrix.to_rows(), np.uint64).reshape(-1, _BANDS, _ROWS_OF_BAND)
    combined = np.zeros(minima.shape[:2], np.uint64)
    for place in range(_ROWS_OF_BAND):
        combined = combined * _FACTOR + minima[:, :, place]
    return combined


def _write_bands(file: Path, texts: Texts, subject: Subject) -> int:
    """Write the number, the id and the bands of each row that has words; how many there are."""
    id_type = pa.binary(subject.audited.dataset.sidecar.digest_size)
    schema = pa.schema(
        [("row", pa.int64()), ("sample_id", id_type), *((f"band_{band}", pa.uint64()) for band in range(_BANDS))]
    )
    written = 0
    with pq.ParquetWriter(file, schema, compression="none", use_dictionary=False) as writer:
        for ids, of_rows in _bands(texts, subject.seed):
            numbers = np.arange(written, written + len(ids))
            written += len(ids)
            writer.write_batch(pa.record_batch([numbers, ids, *of_rows.T.copy()], schema=schema))
    return written


def _bands(texts: Texts, seed: int) -> Iterator[tuple[pa.FixedSizeBinaryArray, Hashes64]]:
    """By batch, the ids of the rows that have words, and an array of their bands, rows by bands."""
    for batch in texts.batches("sample_id", "words", "part_words"):
        text_words = listed_words(part_words(batch))
        has_words = text_words.lengths > 0
        yield batch["sample_id"].filter(pa.array(has_words)), bands(*shingles(text_words), seed)[has_words]


def _paired(connection: duckdb.DuckDBPyConnection, file: Path) -> tuple[int, list[tuple[bytes, bytes]]]:
    """How many rows share a band with another, and pairs of ids that share the most bands."""
    connection.execute("CREATE TABLE twins (row BIGINT); CREATE TABLE pairs (one BLOB, other BLOB)")
    for band in range(_BANDS):
        names = {"rows": parquet_rows(file), "band": f"band_{band}"}
        connection.execute(f"INSERT INTO twins {_HAS_TWIN.format(**names)}")
        connection.execute(f"INSERT INTO pairs {_PAIRS.format(**names)}")
    paired = count(connection, "SELECT count(DISTINCT row) FROM twins")
    return paired, connection.execute(_MOST_ALIKE).fetchall()


def _shown(texts: Texts, pairs: list[tuple[bytes, bytes]]) -> tuple[Outstanding, ...]:
    found = texts.find_parts({sample_id for pair in pairs for sample_id in pair})
    alike = [(_similarity(found[one], found[other]), one, other) for one, other in pairs]
    return tuple(
        Outstanding(one.hex(), f"shares {similarity:.0%} of its 5-grams (Jaccard) with {other.hex()}")
        for similarity, one, other in sorted(alike, key=lambda pair: (-pair[0], *pair[1:]))
    )


def _similarity(one: str, other: str) -> float:
    """The Jaccard similarity of two texts' shingles."""
    sets = [set(shingles(words(pa.array([text], pa.large_string())))[0].tolist()) for text in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


MEASURE = NearDuplicates()
