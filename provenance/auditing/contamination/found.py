"""Where sides of evaluation rows stand in training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from provenance.auditing.contamination.hashing import Array


@dataclass(frozen=True)
class Found:
    """Sides of a suite in rows of a batch of text, one of each array for one occurrence.

    ``row`` has ``side`` in the batch, from word ``first`` to just before ``last``. ``copy``: how it stands there.
    ``degree``: the part of its bits that is shared; ``bits``: the evidence; ``run``: the most words in a row without a
    change.
    """

    row: Array
    side: Array
    copy: Array
    degree: Array
    bits: Array
    run: Array
    first: Array
    last: Array

    def __len__(self) -> int:
        return len(self.row)

    def chosen(self, which: Array) -> Found:
        """Those that ``which`` says."""
        return Found(*(getattr(self, field.name)[which] for field in fields(self)))

    @classmethod
    def nothing(cls) -> Found:
        whole, part = np.zeros(0, np.int64), np.zeros(0, np.float64)
        return cls(whole, whole, whole, part, part, whole, whole, whole)


def together(parts: Sequence[Found]) -> Found:
    """All of ``parts``."""
    whole = [Found.nothing(), *parts]
    return Found(*(np.concatenate([getattr(part, field.name) for part in whole]) for field in fields(Found)))
