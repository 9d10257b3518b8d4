"""Sums over the datasets that are exported together, and the words in which bounds are given.

A row of two datasets counts in both. What is certain adds up, and so does what is at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from provenance.ledger.composition.breakdowns import BREAKDOWNS, UNKNOWN
from provenance.lineage.license_references import expression_of
from provenance.lineage.rules import made_by_model
from provenance.lineage.words import AMBIGUOUS
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.auditing.measure import Values
    from provenance.engines.answers import BornAlike
    from provenance.export.subject import ExportedDataset


@dataclass(frozen=True)
class Amount:
    """Rows that certainly belong to something, and how many at most do."""

    rows: int = 0
    at_most_rows: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.rows + other.rows, self.at_most_rows + other.at_most_rows)

    @property
    def is_exact(self) -> bool:
        return self.rows == self.at_most_rows

    @property
    def words(self) -> str:
        """Such as: 5 rows; at most 5 rows; at least 5 and at most 7 rows."""
        if self.is_exact:
            return counted(self.rows, "row")
        if not self.rows:
            return f"at most {counted(self.at_most_rows, 'row')}"
        return f"at least {self.rows:,} and at most {counted(self.at_most_rows, 'row')}"

    @property
    def members(self) -> dict[str, int]:
        """The same for programs; a name that says so stands beside what is not exact."""
        if self.is_exact:
            return {"rows": self.rows}
        return {"atLeastRows": self.rows, "atMostRows": self.at_most_rows}


NONE = Amount()
Groups = Mapping[str, Amount]


def amounts_of(values: Values, groups: Sequence[str], single: Sequence[str]) -> dict[str, dict[str, Amount]]:
    """The ``groups`` and the ``single`` values of a measure, each single one as a group of its own name."""
    found = {name: {key: _amount(value) for key, value in _mapping(values[name]).items()} for name in groups}
    return found | {name: {name: _amount(values[name])} for name in single}


def added(several: Iterable[Groups]) -> dict[str, Amount]:
    """The groups of all, the one of most rows first."""
    found: dict[str, Amount] = {}
    for groups in several:
        for name, amount in groups.items():
            found[name] = found.get(name, NONE) + amount
    return dict(sorted(found.items(), key=lambda item: (-item[1].rows, -item[1].at_most_rows, item[0])))


@dataclass(frozen=True)
class Totals:
    """The datasets as one whole. ``tokens`` is of ``rows_with_tokens``, None where no row's are known."""

    datasets: tuple[ExportedDataset, ...]

    @classmethod
    def of(cls, datasets: Sequence[ExportedDataset]) -> Totals:
        return cls(tuple(datasets))

    @cached_property
    def rows(self) -> int:
        return sum(dataset.composition.rows for dataset in self.datasets)

    @cached_property
    def bytes(self) -> int:
        """Of canonical content."""
        return sum(dataset.composition.bytes for dataset in self.datasets)

    @cached_property
    def tokens(self) -> int | None:
        known = [each.composition.tokens for each in self.datasets if each.composition.tokens is not None]
        return sum(known) if known else None

    @cached_property
    def rows_with_tokens(self) -> int:
        shares = (share for each in self.datasets for share in each.composition.by_origin.values())
        return sum(share.rows_with_tokens for share in shares)

    def by(self, breakdown: str) -> dict[str, Amount]:
        """The groups of a breakdown, such as ``by_origin``; ``ambiguous`` rows are in no group for certain."""
        assert breakdown in BREAKDOWNS
        shares = (getattr(dataset.composition, breakdown) for dataset in self.datasets)
        named = _license if breakdown == "by_license" else str
        return added(
            {named(name): Amount(each.rows, each.at_most_rows)} for groups in shares for name, each in groups.items()
        )

    def sure(self, breakdown: str) -> dict[str, Amount]:
        """The same without the group of ambiguous rows, whose bounds the other groups have."""
        return {name: amount for name, amount in self.by(breakdown).items() if name != AMBIGUOUS}

    def licences(self, group: str) -> dict[str, Amount]:
        """Rows by what applies to them, see `ExportedDataset.licences`."""
        return added(dataset.licences[group] for dataset in self.datasets)

    def ancestry(self, group: str) -> dict[str, Amount]:
        """Rows by what they go back to, see `ExportedDataset.ancestry`."""
        return added(dataset.ancestry[group] for dataset in self.datasets)

    @cached_property
    def made(self) -> Amount:
        """Rows that a model made, wholly or in part."""
        found = (dataset.part.rows.where(_is_made).rows for dataset in self.datasets)
        return sum((Amount(*bounds) for bounds in found), NONE)

    @cached_property
    def has_synthetic(self) -> bool | None:
        """Whether any row is a model's; None where that is not known."""
        if self.made.rows:
            return True
        unknown = self.by("by_origin").get("unknown", NONE).at_most_rows
        return None if self.made.at_most_rows or unknown else False


def _is_made(born: BornAlike) -> bool | None:
    return None if "origin" in born.doubts else made_by_model(born.origin)


def _license(group: str) -> str:
    """A licence as its SPDX expression; the words for no licence stay."""
    return group if group in (AMBIGUOUS, UNKNOWN) else expression_of(group) or group


def _mapping(value: Any) -> Mapping[str, Any]:
    assert isinstance(value, Mapping)
    return value


def _amount(value: Any) -> Amount:
    rows = int(value["rows"])
    return Amount(rows, int(value.get("at_most_rows", rows)))
