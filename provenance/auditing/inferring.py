"""Candidate parents for rows of unknown origin: the row of another dataset whose words are by far the most alike.

Rows are compared as TF-IDF vectors of words and bigrams: (1 + ln tf) (1 + ln((1 + n) / (1 + df))), scaled to length 1,
with df counted over the n possible parents. The cosine of the best parent must reach a least score, since among texts
that are hardly alike one is always the nearest; and it must exceed that of the second best, another sample, by a
margin: a text that resembles many is no one's child. A candidate is a guess. It is never written down as lineage, and
nothing counts it.

Words are compared, and nothing else: of a translation, only names, numbers and words that both languages have.

Blocks of possible parents are multiplied with blocks of rows as sparse matrices, so that memory stays bounded; the time
grows with the product of both numbers of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from provenance.auditing.measure import NotMeasured, Subject
from provenance.auditing.texts.dataset_texts import Texts, texts_of, words_of
from provenance.auditing.texts.groups import Group, of_origins
from provenance.auditing.texts.words import Integers, grams
from provenance.errors import ProvenanceError
from provenance.ledger.part import Part

_FEATURE_BITS = 24
_SHIFT = np.uint64(64 - _FEATURE_BITS)
# What is in more of the possible parents than this does not distinguish them, and costs the most.
_MOST_PARENTS, _MOST_PARENTS_FRACTION = 100, 0.3
# Rows shared 59% of their words and more with 30 possible parents in their own language, and 41% or fewer with 240 in
# another (docs/measures.md).
_FEW_SHARED = 0.5
# Of 100 rows whose parent was absent, 71, 52, 14 and 19 had one named among 1, 2, 5 and 10, 3 to 9 among 20 and more
# (docs/measures.md).
FEW_PARENTS = 20
_BLOCK_VALUES = 4_000_000
_PRODUCT_CELLS = 4_000_000

_Matrix: TypeAlias = Any  # scipy's csr_array, which has no types


@dataclass(frozen=True)
class Candidate:
    """A guess at the parent of a sample: ids in hex, cosine of both, and by how much it exceeds the second best."""

    sample_id: str
    parent: str
    score: float
    margin: float


@dataclass(frozen=True)
class Inference:
    """``unknown``: how many samples of unknown origin were looked at: those that share words with a possible parent.

    ``words_shared``: of the words of all rows of unknown origin, the part that any possible parent has, too; None where
    they have none. Between texts of two languages it is small. ``possible_parents``: how many rows were compared with.
    """

    unknown: int
    words_shared: float | None
    candidates: tuple[Candidate, ...]
    possible_parents: int

    @property
    def has_few_possible_parents(self) -> bool:
        """Whether there are so few that what distinguishes them can hardly be told, and the nearest is often named."""
        return 0 < self.possible_parents < FEW_PARENTS

    @property
    def may_be_of_another_language(self) -> bool:
        """Whether so few words are shared that rows and possible parents may be in different languages."""
        return self.words_shared is not None and self.words_shared < _FEW_SHARED


@dataclass(frozen=True)
class _Block:
    """Rows as vectors of length 1, each sample once; ``ids`` are their sample ids, ``places`` where each of them is."""

    ids: list[bytes]
    vectors: _Matrix
    places: dict[bytes, int]


class _Best:
    """For each of some rows, the most and the second most alike of the possible parents seen so far."""

    def __init__(self, ids: list[bytes]) -> None:
        self.ids = ids
        self.parents: list[bytes | None] = [None] * len(ids)
        self.scores = np.zeros((len(ids), 2), np.float32)

    def see(self, first: int, scores: npt.NDArray[np.float32], parents: _Block) -> None:
        """Take in the ``scores`` of some rows, of which the first is row ``first``, with each of ``parents``."""
        for row in range(len(scores)):
            # A sample is not its own parent; and the best so far may return, in another row of the same content.
            for known in (self.ids[first + row], self.parents[first + row]):
                place = None if known is None else parents.places.get(known)
                if place is not None:
                    scores[row, place] = 0.0
        every = np.arange(len(scores))
        best = scores.argmax(axis=1)
        highest = scores[every, best]
        scores[every, best] = 0.0
        so_far = self.scores[first : first + len(scores)]
        for row in np.flatnonzero(highest > so_far[:, 0]).tolist():
            self.parents[first + row] = parents.ids[best[row]]
        ranked = np.sort(np.column_stack([so_far, highest, scores.max(axis=1)]), axis=1)
        self.scores[first : first + len(scores)] = ranked[:, :-3:-1]

    def candidates(self, margin: float, least_score: float) -> Iterator[Candidate]:
        """The rows whose best parent has ``least_score`` and is ahead by ``margin``."""
        for sample_id, parent, (score, second) in zip(self.ids, self.parents, self.scores.tolist(), strict=True):
            if parent is not None and score >= least_score and score - second >= margin:
                yield Candidate(sample_id.hex(), parent.hex(), score, score - second)


def infer(
    subject: Subject,
    against: Part,
    margin: float,
    least_score: float,
    progress: Callable[[int], None] = lambda rows: None,
) -> Inference:
    """Candidate parents, in ``against``, of the audited samples of unknown origin, in the order of rows.

    ``margin``: by how much the cosine of the best must exceed that of the next; ``least_score``: how large it must be.
    ``progress`` is called with numbers of rows that were compared with all possible parents.

    Raises:
        ProvenanceError: data is not at hand, scipy is not installed, or no word distinguishes one possible parent
            from another.
        DataError: the data cannot be read.
        SidecarError: a sidecar is of other data.
    """
    texts, parents = texts_of(subject.audited, subject), texts_of(against, subject)
    for missing in (texts, parents):
        if isinstance(missing, NotMeasured):
            raise ProvenanceError(missing.reason)
    assert isinstance(texts, Texts) and isinstance(parents, Texts)
    unknown = of_origins(subject, texts, frozenset({"unknown"}))
    return candidates(unknown, Group(parents, against.dataset.path), margin, least_score, progress)


def candidates(
    rows: Group,
    possible: Group,
    margin: float,
    least_score: float = 0.0,
    progress: Callable[[int], None] = lambda rows: None,
) -> Inference:
    """As `infer`, of the samples in ``rows``, among those in ``possible``.

    Raises:
        ProvenanceError: scipy is not installed, or no word distinguishes one possible parent from another.
    """
    if find_spec("scipy") is None:
        raise ProvenanceError("inferring parents needs scipy; install it with `pip install 'dvc-provenance[infer]'`")
    weights, known, many = _weights(possible)
    if not weights.any():
        raise ProvenanceError(
            f"{possible.called}: has no words that distinguish one row from another; no parent can be named"
        )
    found: dict[str, Candidate] = {}
    seen: set[bytes] = set()
    for block in _blocks(rows, weights):
        best = _Best(block.ids)
        for others in _blocks(possible, weights):
            _compare(block, others, best)
        seen.update(block.ids)
        found |= {each.sample_id: each for each in best.candidates(margin, least_score) if each.sample_id not in found}
        progress(len(block.ids))
    return Inference(len(seen), _words_shared(rows, known), tuple(found.values()), many)


def _compare(block: _Block, others: _Block, best: _Best) -> None:
    transposed = others.vectors.T.tocsr()
    rows = max(_PRODUCT_CELLS // len(others.ids), 1)
    for first in range(0, len(block.ids), rows):
        best.see(first, (block.vectors[first : first + rows] @ transposed).toarray(), others)


def _weights(possible: Group) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], int]:
    """The inverse document frequency of each feature among the possible parents; whether it is there at all; and how
    many rows they are.

    The frequency is 0 for a feature that says nothing.
    """
    counts = np.zeros(1 << _FEATURE_BITS, np.int32)
    total = 0
    for batch in possible.batches("words"):
        _, features, _ = _features(batch)
        np.add.at(counts, features, 1)
        total += batch.num_rows
    tells = (counts > 0) & (counts <= max(_MOST_PARENTS, _MOST_PARENTS_FRACTION * total))
    weights = (1 + np.log((1 + total) / (1 + counts))).astype(np.float32)
    weights[~tells] = 0
    return weights, counts > 0, total


def _words_shared(rows: Group, known: npt.NDArray[np.bool_]) -> float | None:
    words = shared = 0
    for batch in rows.batches("words"):
        features = grams(words_of(batch), 1).hashes >> _SHIFT
        words += len(features)
        shared += int(known[features.astype(np.int64)].sum())
    return shared / words if words else None


def _features(batch: pa.RecordBatch) -> tuple[Integers, Integers, Integers]:
    """Rows, the features that each of them has, and how often."""
    text_words = words_of(batch)
    kinds = [grams(text_words, size) for size in (1, 2)]
    rows = np.concatenate([kind.rows for kind in kinds])
    hashed = np.concatenate([kind.hashes >> _SHIFT for kind in kinds]).astype(np.int64)
    together, counts = np.unique((rows << _FEATURE_BITS) | hashed, return_counts=True)
    return together >> _FEATURE_BITS, together & ((1 << _FEATURE_BITS) - 1), counts


def _blocks(group: Group, weights: npt.NDArray[np.float32]) -> Iterator[_Block]:
    """The group's rows that have a feature that says something, some millions of values at a time."""
    waiting: list[tuple[list[bytes], _Matrix]] = []
    for batch in group.batches("sample_id", "words"):
        waiting.append(_vectors(batch, weights))
        if sum(vectors.nnz for _, vectors in waiting) >= _BLOCK_VALUES:
            yield _block(waiting)
            waiting = []
    if any(ids for ids, _ in waiting):
        yield _block(waiting)


def _vectors(batch: pa.RecordBatch, weights: npt.NDArray[np.float32]) -> tuple[list[bytes], _Matrix]:
    from scipy.sparse import csr_array

    rows, features, counts = _features(batch)
    values = (1 + np.log(counts)).astype(np.float32) * weights[features]
    tells = values > 0
    rows, features, values = rows[tells], features[tells], values[tells]
    lengths = np.sqrt(np.bincount(rows, values * values, minlength=batch.num_rows)).astype(np.float32)
    bounds = np.searchsorted(rows, np.arange(batch.num_rows + 1))
    vectors = csr_array((values / lengths[rows], features, bounds), shape=(batch.num_rows, 1 << _FEATURE_BITS))
    has_any = np.flatnonzero(lengths > 0)
    return batch["sample_id"].take(pa.array(has_any)).to_pylist(), vectors[has_any]


def _block(parts: list[tuple[list[bytes], _Matrix]]) -> _Block:
    """The rows of ``parts`` together; of rows with the same content the first."""
    from scipy.sparse import vstack

    ids = [sample_id for some, _ in parts for sample_id in some]
    firsts: dict[bytes, int] = {}
    for row, sample_id in enumerate(ids):
        firsts.setdefault(sample_id, row)
    vectors = vstack([vectors for _, vectors in parts], format="csr")[list(firsts.values())]
    return _Block(list(firsts), vectors, {sample_id: place for place, sample_id in enumerate(firsts)})
