"""What revocations reach: the samples that they name, and all that came from these, also through registered models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.errors import UnknownReferenceError
from provenance.ledger.models.passages import Reach, reached
from provenance.ledger.selectors import require_selector, select
from provenance.ledger.sidecars import Sidecars

if TYPE_CHECKING:
    from provenance.ledger.graph.store import Array
    from provenance.revocations import Revocation


@dataclass(frozen=True)
class Revoked:
    """What one revocation reaches in a ledger; ``selected``: the samples that it names, in order."""

    revocation: Revocation
    selected: Array
    reach: Reach

    @property
    def samples(self) -> Array:
        """All samples that it reaches, in order."""
        return np.union1d(self.reach.direct, self.reach.through_models)


def revoked(ledger: Sidecars) -> list[Revoked]:
    """What each revocation of the workspace reaches in the ledger, in the order of the file."""
    found = []
    for revocation in ledger.repository.revocations().revocations:
        selected = selected_by(ledger, revocation.selectors)
        found.append(Revoked(revocation, selected, reached(ledger.models, selected)))
    return found


@dataclass(frozen=True)
class Mark:
    """That one sample must not be used: the id and ``reason`` of a revocation, and ``how`` this reaches the sample.

    ``how``: "named" by it, "derived" from what it names, or only "through_models" trained on what is revoked.
    """

    revocation: str
    reason: str
    how: str


def marks(ledger: Sidecars, sample_ids: Sequence[str]) -> dict[str, list[Mark]]:
    """The revocations that reach each of the samples; samples that none reaches are left out."""
    if not ledger.repository.revocations().revocations:
        return {}
    numbers = ledger.graph.numbers(sample_ids)
    found: dict[str, list[Mark]] = {}
    for each in revoked(ledger):
        said = (("through_models", each.reach.through_models), ("derived", each.reach.direct), ("named", each.selected))
        how: dict[str, str] = {}
        for word, samples in said:
            reached_here = np.isin(numbers, samples)
            how |= {sample_ids[place]: word for place in np.flatnonzero(reached_here).tolist()}
        for sample_id, word in how.items():
            found.setdefault(sample_id, []).append(Mark(each.revocation.id, each.revocation.reason, word))
    return found


def revoked_rows(ledger: Sidecars) -> dict[str, int]:
    """For each dataset with a sidecar, the rows that are, or came from, what is revoked."""
    if not ledger.repository.revocations().revocations:
        return dict.fromkeys((dataset.path for dataset in ledger.recorded), 0)
    samples = np.unique(np.concatenate([np.empty(0, np.int64), *(each.samples for each in revoked(ledger))]))
    counted: dict[str, int] = {}
    for dataset in ledger.recorded:
        members, rows = ledger.graph.members(dataset.place)
        counted[dataset.path] = int(rows[np.isin(members, samples)].sum(dtype=np.int64))
    return counted


def revoked_selectors(ledger: Sidecars) -> list[str]:
    """All selectors of the revocations of the workspace."""
    stated = ledger.repository.revocations().revocations
    return [selector for revocation in stated for selector in revocation.selectors]


def selected_by(ledger: Sidecars, selectors: Sequence[str]) -> Array:
    """The samples that fit any of ``selectors``, in order; one that fits nothing at this revision is passed over.

    Raises:
        UnknownReferenceError: one is not a selector at all.
    """
    found = [samples for _, samples in _selected_each(ledger, selectors) if samples is not None]
    return np.unique(np.concatenate([np.empty(0, np.int64), *found]))


def fitting_nothing(ledger: Sidecars, selectors: Sequence[str]) -> list[str]:
    """Those of ``selectors`` that fit nothing at this revision.

    Raises:
        UnknownReferenceError: one is not a selector at all.
    """
    return [selector for selector, samples in _selected_each(ledger, selectors) if samples is None]


def _selected_each(ledger: Sidecars, selectors: Sequence[str]) -> Iterator[tuple[str, Array | None]]:
    """Each selector with its samples, or None. Paths in them are from the root, as in the file."""
    with chdir(ledger.repository.root):
        for selector in selectors:
            require_selector(selector)
            try:
                yield selector, select(ledger, [selector]).astype(np.int64)
            except UnknownReferenceError:
                yield selector, None
