"""What was found of a suite in a dataset: by training row as it streams by, and by evaluation row at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from provenance.auditing.contamination.found import Found
from provenance.auditing.contamination.hashing import Array, are_among
from provenance.auditing.contamination.index import Suite
from provenance.auditing.contamination.rules import Copy
from provenance.auditing.contamination.sides import Side
from provenance.auditing.contamination.stream import Batch, look_through
from provenance.auditing.contamination.words import FIELD, Words
from provenance.identity import SampleBatch, scan
from provenance.ledger.contents import named_as
from provenance.ledger.part import Part
from provenance.ledger.row_places import identity_of_sidecar

_LONG_RUN = 13
_MOST_SHOWN_WORDS = 40
_HALF = np.uint64(32)
_BETWEEN = pa.scalar(FIELD, pa.large_string())


@dataclass(frozen=True)
class Finding:
    """A side of an evaluation row that a training row has; rows are counted from 1.

    ``further_rows``: how many more evaluation rows have this side. ``words``: those that are shared, with "…" for
    what stands between them.
    """

    sample_id: str
    training_row: int
    evaluation: str
    evaluation_row: int
    further_rows: int
    side: Side
    copy: Copy
    degree: float
    bits: float
    words: str


@dataclass(frozen=True)
class Looked:
    """What some training rows have of ``suite``: ``samples``, of which ``batch.found`` numbers the rows."""

    suite: Suite
    samples: SampleBatch
    batch: Batch

    @property
    def has_content(self) -> bool:
        """Whether any of the rows has text in a column that counts."""
        texts = self.samples.texts
        return texts is not None and bool(pc.any(pc.not_equal(texts.texts, "")).as_py())

    def rows(self, least_degree: float = 0.0, number: int | None = None) -> Array:
        """The rows in which sides stand at this degree or a greater one, counted from 0 in the samples.

        ``number``: only sides of this set of the suite; those that several sets have are the first's.
        """
        found = self.batch.found
        chosen = found.degree >= least_degree
        if number is not None:
            chosen &= self.suite.sets_of_sides[found.side] == number
        return np.unique(found.row[chosen])


def look(part: Part, data: Path, suite: Suite) -> Iterator[Looked]:
    """What of the suite stands in the dataset ``part``, which is read at ``data``, in whichever column.

    What is no content may be trained on: a prompt that a declaration left out, say.

    Raises:
        DataError: it cannot be read.
    """
    with named_as(part.dataset, data):
        identity = identity_of_sidecar(part.ledger, part.dataset)
        for samples in scan(data, identity, texts_and=(), between=FIELD, texts_beside=True):
            assert samples.texts is not None
            assert samples.texts.beside is not None
            texts = pc.binary_join_element_wise(samples.texts.texts, samples.texts.beside, _BETWEEN)
            for batch in look_through(suite, texts):
                yield Looked(suite, samples, batch)


class _Counted:
    """How many different rows there were; pieces of one row follow each other."""

    def __init__(self) -> None:
        self.rows = 0
        self._last = 0

    def add(self, rows: Array) -> None:
        """Count these rows, which are in order, and none before the last."""
        if len(rows):
            self.rows += int(np.count_nonzero(rows > self._last))
            self._last = int(rows[-1])


class Tally:
    """Counts what is found, by side and by training row, and keeps the findings that say most."""

    def __init__(self, suite: Suite, most_shown: int) -> None:
        self._suite = suite
        self._most_shown = most_shown
        sides = len(suite.sides)
        self._degree = np.zeros(sides)
        self._copied = np.zeros(sides, np.bool_)
        self._long_run = np.zeros(sides, np.bool_)
        self._shown: list[Finding] = []
        self.training_rows = _Counted()
        self.has_content = False
        self.rows_with_words = _Counted()

    def add(self, looked: Looked) -> None:
        """Count what a batch has."""
        batch, found = looked.batch, looked.batch.found
        before = looked.samples.first_row
        self.has_content |= looked.has_content
        self.rows_with_words.add(before + batch.first_row + np.flatnonzero(batch.words.lengths))
        if not len(found):
            return
        np.maximum.at(self._degree, found.side, found.degree)
        self._copied[found.side[found.copy > Copy.INEXACT]] = True
        self._long_run[found.side[found.run >= _LONG_RUN]] = True
        self.training_rows.add(before + looked.rows())
        self._show(looked)

    def by_row(self) -> ByRow:
        """What was found of each evaluation row."""
        suite = self._suite
        sides = np.flatnonzero(self._degree)
        rows, of = suite.rows_of(sides)
        degree = np.zeros(suite.row_count)
        np.maximum.at(degree, rows, self._degree[sides][of])
        flags = [np.zeros(suite.row_count, np.bool_) for _ in range(2)]
        for flag, by_side in zip(flags, (self._copied, self._long_run), strict=True):
            flag[suite.rows_of(np.flatnonzero(by_side))[0]] = True
        return ByRow(suite, degree, *flags)

    def findings(self) -> list[Finding]:
        """Those that say most, the most first, of different evaluation rows."""
        return self._shown

    def _show(self, looked: Looked) -> None:
        found = looked.batch.found
        # More than are shown, as several sides of one row may be found.
        order = np.lexsort((found.row, -found.bits, -found.degree))[: 4 * self._most_shown]
        self._shown += [self._finding(looked, found, int(place)) for place in order]
        self._shown.sort(key=lambda each: (-round(each.degree, 2), -each.bits, each.training_row))
        kept: dict[tuple[str, int], Finding] = {}
        for each in self._shown:
            kept.setdefault((each.evaluation, each.evaluation_row), each)
        self._shown = list(kept.values())[: self._most_shown]

    def _finding(self, looked: Looked, found: Found, place: int) -> Finding:
        suite, side = self._suite, int(found.side[place])
        first, last = suite.row_offsets[side : side + 2].tolist()
        row = int(suite.rows[first])
        number = int(suite.set_of_row[row])
        training_row = int(found.row[place])
        return Finding(
            sample_id=looked.samples.sample_ids[training_row].as_py().hex(),
            training_row=looked.samples.first_row + training_row,
            evaluation=suite.sets[number],
            evaluation_row=row - int(suite.set_rows[:number].sum()) + 1,
            further_rows=last - first - 1,
            side=Side(int(suite.sides[side])),
            copy=Copy(int(found.copy[place])),
            degree=float(found.degree[place]),
            bits=float(found.bits[place]),
            words=_shared_words(suite, side, looked.batch.words, int(found.first[place]), int(found.last[place])),
        )


@dataclass(frozen=True)
class ByRow:
    """Of each evaluation row: the greatest ``degree`` (0: not found), and whether it was copied word for word.

    ``long_run``: whether thirteen of its words in a row stand in the training row that it was found in.
    """

    suite: Suite
    degree: Array
    copied: Array
    long_run: Array

    def of(self, number: int) -> ByRow:
        """The rows of one set."""
        chosen = self.suite.set_of_row == number
        return ByRow(self.suite, self.degree[chosen], self.copied[chosen], self.long_run[chosen])

    def at(self, degree: float) -> int:
        """How many rows were found at this degree or a greater one."""
        return int(np.count_nonzero((self.degree > 0) & (self.degree >= degree)))


def _shared_words(suite: Suite, side: int, words: Words, first: int, last: int) -> str:
    last = min(last, first + 4 * _MOST_SHOWN_WORDS)
    spelled = words.spelled(first, last)
    own = np.sort(suite.words[suite.offsets[side] : suite.offsets[side + 1]]).astype(np.uint64)
    shared = are_among(words.hashes[first:last] >> _HALF, own).tolist()
    said: list[str] = []
    for word, is_shared in zip(spelled, shared, strict=False):
        if is_shared:
            said.append(word)
        elif said and said[-1] != "…":
            said.append("…")
    while said and said[-1] == "…":
        said.pop()
    return " ".join(said[:_MOST_SHOWN_WORDS]) + (" …" if len(said) > _MOST_SHOWN_WORDS else "")
