"""What is asked about who came from whom as a whole, whoever answers: the index on this machine, or an engine.

Single samples and their ways (`trace`, `show`) are the index's own; nobody reads those by the million.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.ledger.graph.births import BirthClass, Descriptions
    from provenance.ledger.graph.identifiers import SampleIds
    from provenance.ledger.models.links import RegisteredModels
    from provenance.ledger.models.passages import Passage
    from provenance.ledger.reached import ReachedRows


@dataclass(frozen=True)
class Named:
    """What one selector names: births that ``fit``, or samples as such, by their ids or as the rows of a dataset.

    ``every``: of births, only those of samples all of whose births fit. ``dataset``: its place.
    """

    sample_ids: tuple[str, ...] = ()
    dataset: int | None = None
    fits: Callable[[BirthClass], bool] | None = None
    every: bool = False


class Samples(Protocol):
    """Samples; iterating gives their ids in order, as hex digits, without holding all of them at once."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[str]: ...

    def to_arrow(self) -> pa.Table:
        """A table with the column ``sample_id``."""
        ...


class AffectedSamples(Protocol):
    """Samples of one dataset with rows that are reached, as ids in their order."""

    def may_be(self, dataset: int) -> SampleIds:
        """Those of dataset number ``dataset`` with a row that may be."""
        ...

    def certainly(self, dataset: int) -> SampleIds:
        """Those all of whose rows certainly are."""
        ...


@dataclass(frozen=True)
class CameOf:
    """What came of a selection: samples that are selected or made from these, and those through models only.

    ``selected``: how many of ``direct`` are selected. ``rows``: by dataset, what is reached of it. ``affected``: which
    samples these rows are.
    """

    selected: int
    direct: Samples
    through_models: Samples
    passages: tuple[Passage, ...]
    rows: Mapping[int, ReachedRows]
    affected: AffectedSamples


class Descent(Protocol):
    """Who came from whom in a ledger, and what its births say."""

    @property
    def classes(self) -> Sequence[BirthClass]:
        """All that births have in common."""
        ...

    @property
    def descriptions(self) -> Descriptions:
        """What these refer to by number."""
        ...

    @property
    def models(self) -> RegisteredModels:
        """The registered models, with what of their training data is here."""
        ...

    def license_of(self, born: BirthClass) -> str | None:
        """The birth's own licence, else its source's."""
        ...

    def beginning_with(self, prefix: str, most: int) -> list[str]:
        """At most ``most`` of the ids that begin with ``prefix`` (lower-case hex digits), in order."""
        ...

    def rows_of(self, sample_id: str) -> Mapping[int, int]:
        """How many rows of each dataset the sample has, by the dataset's place; none is left out."""
        ...

    def came_of(self, named: Sequence[Named]) -> CameOf:
        """What came of all that is ``named``."""
        ...
