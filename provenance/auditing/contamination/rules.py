"""What counts as a finding, by the place of a copy, by words and by bits. docs/contamination.md says what it measures.

*Bits*: a word weighs minus the binary logarithm of how often it occurs; a side weighs what its different words do.
*Degree*: the part of a side's bits, template left out, that a training row shares. *Evidence*: for an exact copy all
bits of the side; else (2 · shared · degree + bits of the longest run of words) / 3, which for a whole copy is the same.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from provenance.auditing.contamination.hashing import Array
from provenance.auditing.contamination.sides import Side

Flags = npt.NDArray[np.bool_]


class Copy(IntEnum):
    """How a side stands in a training row. The greater, the less does it take to be evidence."""

    INEXACT = 0
    ANYWHERE = 1
    SENTENCES = 2
    LINE = 3
    FIELD = 4

    @property
    def words(self) -> str:
        """What people call it."""
        return (
            "inexactly",
            "word for word",
            "word for word as whole sentences",
            "word for word as a whole line",
            "word for word as a whole field",
        )[self]


class Level(IntEnum):
    """How far a row of an evaluation set is looked for."""

    NOT_AT_ALL = 0
    WITH_MORE = 1
    WHOLE = 2
    WORD_FOR_WORD = 3
    INEXACTLY = 4


# Words and bits of an exact copy of a question or passage, and of an answer or options that stand alone.
ENOUGH = {Copy.FIELD: (1, 16.0), Copy.LINE: (3, 30.0), Copy.SENTENCES: (5, 45.0), Copy.ANYWHERE: (8, 70.0)}
ENOUGH_ALONE = {
    Copy.FIELD: (8, 100.0),
    Copy.LINE: (12, 130.0),
    Copy.SENTENCES: (12, 130.0),
    Copy.ANYWHERE: (12, 130.0),
}
# Evidence in bits of an inexact copy of a question or passage, of an answer or options alone, and the least degree.
EVIDENCE, EVIDENCE_ALONE = 64.0, 100.0
LEAST_DEGREE = 0.35
# Words that an answer or options alone must have to be looked for inexactly.
WORDS_ALONE = 12
# Bits that a question must have beside its set's template.
OWN_BITS = 16.0
# A question that so many rows of the suite have needs so many bits.
SHARED_ROWS, SHARED_BITS = 3, 100.0
# A question of fewer bits is looked for together with its options and with its answer, too.
JOINED_BELOW = 60.0
# Three words in a row that more rows of a set have, or more than this part of a set of so many rows, are its template.
TEMPLATE_ROWS, TEMPLATE_PART, TEMPLATE_FROM = 100, 0.5, 10
# Three words in a row that more sides have are no seed of inexact copies.
MOST_SIDES_OF_SEED = 32


def are_alone(sides: Array) -> Flags:
    """Whether each side is an answer or options without the question."""
    alone: Flags = (sides == Side.ANSWER) | (sides == Side.OPTIONS)
    return alone


def enough_of_exact(copies: Array, sides: Array, words: Array, bits: Array) -> Flags:
    """Whether an exact copy of a side is evidence where it stands."""
    alone = are_alone(sides)
    found = np.zeros(len(copies), np.bool_)
    for which, enough in ((~alone, ENOUGH), (alone, ENOUGH_ALONE)):
        for copy, (least_words, least_bits) in enough.items():
            found |= which & (copies == copy) & (words >= least_words) & (bits >= least_bits)
    return found


def evidence(degree: Array, shared: Array, longest_run: Array) -> Array:
    """The evidence of inexact copies in bits."""
    found: Array = (2 * shared * degree + longest_run) / 3
    return found


def enough_of_inexact(sides: Array, words: Array, degree: Array, evidence_bits: Array) -> Flags:
    """Whether an inexact copy of a side is evidence."""
    alone = are_alone(sides)
    needed = np.where(alone, EVIDENCE_ALONE, EVIDENCE)
    found: Flags = (degree >= LEAST_DEGREE) & (evidence_bits >= needed) & (~alone | (words >= WORDS_ALONE))
    return found


def are_generic(sides: Array, rows: Array, bits: Array, own_bits: Array) -> Flags:
    """Whether exact copies of a side are no evidence.

    It says little beside its set's template, or is a question of few bits that several ``rows`` of the suite ask.
    """
    asked_often = (sides == Side.QUESTION) & (rows >= SHARED_ROWS) & (bits < SHARED_BITS)
    said: Flags = asked_often | ((own_bits < OWN_BITS) & (sides != Side.PASSAGE))
    return said


def levels(sides: Array, words: Array, bits: Array, own_bits: Array, has_seeds: Flags, generic: Flags) -> Array:
    """How far each side is looked for; an answer or options alone: not at all, or inexactly."""
    inexact = enough_of_inexact(sides, words, np.ones(len(sides)), own_bits) & has_seeds
    exact = {
        level: enough_of_exact(np.full(len(sides), copy), sides, words, bits)
        for level, copy in ((Level.WORD_FOR_WORD, Copy.ANYWHERE), (Level.WHOLE, Copy.FIELD))
    }
    found = np.select(
        [generic, inexact, exact[Level.WORD_FOR_WORD], exact[Level.WHOLE]],
        [Level.NOT_AT_ALL, Level.INEXACTLY, Level.WORD_FOR_WORD, Level.WHOLE],
        Level.NOT_AT_ALL,
    )
    joined = (sides == Side.WITH_OPTIONS) | (sides == Side.WITH_ANSWER)
    lowered: Array = np.where(joined, np.minimum(found, Level.WITH_MORE), found)
    return lowered
