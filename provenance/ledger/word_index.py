"""An index of the words in a dataset's rows, for those who asked for one: SQLite's, without the text itself.

It knows which rows have words that begin so. Whatever it finds is read before it is shown. It is kept beside the row
places, and found like them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.files import scratch_folder
from provenance.identity import scan
from provenance.identity.row_places import NotedRows, about_kept, keep_file, kept_path
from provenance.ledger.row_places import kept_at

if TYPE_CHECKING:
    from provenance.ledger.datasets import RecordedDataset
    from provenance.ledger.sidecars import Sidecars

_WORDS = ".words"
_TABLE = "CREATE VIRTUAL TABLE said USING fts5(text, content='', detail=none)"
# What SQLite takes for one word, too, in scripts that set words apart and that all its versions know.
_WORD = re.compile(r"[^\W_]+")
_END_OF_LATIN = "\u0180"


def index_words(
    ledger: Sidecars, dataset: RecordedDataset, data: Path, progress: Callable[[int], None] | None = None
) -> int | None:
    """Make the index of ``data``, if there is none yet; its size in bytes. None: files are samples themselves.

    Raises:
        DataError: the data cannot be read.
    """
    temporary, md5, identity, name = kept_at(ledger, dataset)
    kept = kept_path(temporary, md5, identity, name, _WORDS)
    if about_kept(kept) is None:
        with scratch_folder(temporary, "words") as workspace:
            scanned = scan(data, identity, texts_and=[], progress=progress)
            noted = NotedRows(scanned, workspace)
            with closing(sqlite3.connect(workspace / "words")) as database:
                database.execute("PRAGMA journal_mode = OFF")
                database.execute("PRAGMA synchronous = OFF")
                database.execute(_TABLE)
                for batch in noted:
                    if batch.texts is None or scanned.samples_are_files:
                        return None
                    rows = enumerate(batch.texts.texts.to_pylist(), batch.first_row)
                    database.executemany("INSERT INTO said(rowid, text) VALUES (?, ?)", rows)
                database.commit()
            noted.keep(temporary, md5, identity, name)
            keep_file(workspace / "words", kept, {})
    return kept.stat().st_size


class WordIndex:
    """The index in the file ``kept``."""

    def __init__(self, kept: Path) -> None:
        self._kept = kept

    @classmethod
    def find(cls, ledger: Sidecars, dataset: RecordedDataset) -> WordIndex | None:
        """The index of the dataset's words, if one was made."""
        kept = kept_path(*kept_at(ledger, dataset), _WORDS)
        return None if about_kept(kept) is None else cls(kept)

    def rows(self, words: str, after: int) -> Iterator[int] | None:
        """The rows behind ``after`` in which words begin as each of ``words`` does; None: the index cannot say."""
        asked = " AND ".join(f'"{word}"*' for word in _WORD.findall(words))
        return self._found(asked, after) if asked and max(words) < _END_OF_LATIN else None

    def _found(self, asked: str, after: int) -> Iterator[int]:
        with closing(sqlite3.connect(f"{self._kept.absolute().as_uri()}?mode=ro", uri=True)) as database:
            query = "SELECT rowid FROM said WHERE said MATCH ? AND rowid > ? ORDER BY rowid"
            for (row,) in database.execute(query, (asked, after)):
                yield row
