"""What revocations reach: the samples that they name, and all that came from these, also through registered models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from provenance.errors import UnknownReferenceError
from provenance.ledger.descent.by_graph import selection_of
from provenance.ledger.reached import Reached
from provenance.ledger.selectors import named, require_selector
from provenance.ledger.sidecars import Sidecars

if TYPE_CHECKING:
    from provenance.ledger.descent.interface import Named
    from provenance.ledger.graph.store import Array
    from provenance.ledger.models.passages import Reach
    from provenance.revocations import Revocation


@dataclass(frozen=True)
class Revoked:
    """What one revocation reaches in a ledger."""

    revocation: Revocation
    found: Reached

    @property
    def selected(self) -> Array:
        """The samples that it names, or that were born in a way that it names; in order."""
        return self.found.selection.samples

    @property
    def reach(self) -> Reach:
        return self.found.reach

    @property
    def samples(self) -> Array:
        """All samples that it may reach, in order."""
        return self.found.samples


def revoked(ledger: Sidecars) -> list[Revoked]:
    """What each revocation of the workspace reaches in the ledger, in the order of the file."""
    return [
        Revoked(revocation, _reached_by(ledger, revocation.selectors))
        for revocation in ledger.repository.revocations().revocations
    ]


@dataclass(frozen=True)
class Mark:
    """That one sample must not be used: the id and ``reason`` of a revocation, and ``how`` this reaches the sample.

    ``how``: "named" by it, "derived" from what it names, or only "through_models" trained on what is revoked.
    ``certain``: whether this is true of every birth of the sample; else rows of it may have been born otherwise.
    """

    revocation: str
    reason: str
    how: str
    certain: bool


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
        certain = dict(zip(sample_ids, each.found.in_all.certain[numbers].tolist(), strict=True)) if how else {}
        for sample_id, word in how.items():
            mark = Mark(each.revocation.id, each.revocation.reason, word, certain[sample_id])
            found.setdefault(sample_id, []).append(mark)
    return found


def revoked_rows(ledger: Sidecars) -> dict[str, int]:
    """For each dataset with a sidecar, the rows that may be, or may have come from, what is revoked."""
    if not ledger.repository.revocations().revocations:
        return dict.fromkeys((dataset.path for dataset in ledger.recorded), 0)
    found = all_revoked(ledger).in_all
    return {dataset.path: found.rows(dataset.place)[1] for dataset in ledger.recorded}


def all_revoked(ledger: Sidecars) -> Reached:
    """What the revocations of the workspace reach in the ledger, taken together."""
    return _reached_by(ledger, revoked_selectors(ledger))


def _reached_by(ledger: Sidecars, selectors: Sequence[str]) -> Reached:
    return Reached.by(ledger.models, selection_of(ledger.graph, named_by(ledger, selectors)))


def revoked_selectors(ledger: Sidecars) -> list[str]:
    """All selectors of the revocations of the workspace."""
    stated = ledger.repository.revocations().revocations
    return [selector for revocation in stated for selector in revocation.selectors]


def named_by(ledger: Sidecars, selectors: Sequence[str]) -> list[Named]:
    """What ``selectors`` name; one that fits nothing at this revision is passed over.

    Raises:
        UnknownReferenceError: one is not a selector at all.
    """
    return [found for _, found in _named_by_each(ledger, selectors) if found is not None]


def fitting_nothing(ledger: Sidecars, selectors: Sequence[str]) -> list[str]:
    """Those of ``selectors`` that fit nothing at this revision.

    Raises:
        UnknownReferenceError: one is not a selector at all.
    """
    return [selector for selector, found in _named_by_each(ledger, selectors) if found is None]


def _named_by_each(ledger: Sidecars, selectors: Sequence[str]) -> Iterator[tuple[str, Named | None]]:
    """Each selector with what it names, or None. Paths in them are from the root, as in the file."""
    with chdir(ledger.repository.root):
        for selector in selectors:
            require_selector(selector)
            try:
                yield selector, named(ledger, [selector])[0]
            except UnknownReferenceError:
                yield selector, None
