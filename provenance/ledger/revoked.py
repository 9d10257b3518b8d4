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
