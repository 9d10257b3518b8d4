"""What an engine answers: questions about the records of several sidecars, each of which has a *place* from 0.

A sample has a record for each of its births, with the rows that were certainly born that way (``rows``) and those that
may have been (``possible_rows``); a record with neither is an ancestor. What all records of a sample have in rows, and
its ``ambiguous_rows``, are its rows of the dataset. Wherever samples are listed, the order is the same each time, and
their number is bounded by what was asked. Ids are given as lower-case hex digits.

An engine raises what its library raises for a damaged file; the ledger turns that into a `SidecarError`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

    from provenance.engines.answers import (
        AmbiguousSamples,
        Bearing,
        Bounds,
        Cell,
        Conflicts,
        Dangling,
        Disagreement,
        Disputed,
        ParentUses,
        PooledCell,
        PooledValue,
        Repeats,
        Retained,
        RowBirths,
        RowsOfActivity,
        Spent,
        ValueAmounts,
    )
    from provenance.lineage.sidecar import Sidecar

Item = TypeVar("Item")
Result = TypeVar("Result")
Found = TypeVar("Found")

# How many samples are listed for a person to look at, where nothing else is said.
MOST_SHOWN = 20

Column = Literal[
    "origin",
    "kind",
    "agent",
    "model",
    "source",
    "license",
    "depth",
    "evidence",
    "chain_evidence",
    "verdict",
    "verifier",
    "real_rooted",
]
Unit = Literal["rows", "bytes", "tokens"]


@dataclass(frozen=True)
class Among:
    """A record whose ``column`` has one of ``values``; None stands for nothing stated.

    The columns are those of `Cell`: ``model`` and ``source`` go by name, ``license`` is the effective one.
    """

    column: Column
    values: Sequence[str | int | bool | None]


# What calls took; ``cost`` with what prices give.
Spending = Literal["cost", "reported_cost", "input_tokens", "output_tokens"]


class InTasks(Protocol):
    """Has work done by tasks, wherever these are."""

    def __call__(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterable[Result]:
        """``work``, a function of a module of this package, on each of ``items``; the results in their order."""
        ...


class BetweenTasks(Protocol):
    """Has work done by tasks in two steps, wherever these are: the first ones send to the second ones."""

    def __call__(
        self,
        read: Callable[[Item], Generator[tuple[int, bytes], None, Found]],
        items: Sequence[Item],
        write: Callable[[Iterator[bytes]], Result],
        numbers: int,
    ) -> tuple[list[Found], list[Result]]:
        """What ``read``, a function of a module of this package, says in the end of each of ``items``, in their order;
        and what ``write``, another one, does of the pieces that it gave.

        A piece has a number below ``numbers``. All pieces of a number come to one task, in any order, some with those
        of other numbers. A task may be done again, or twice at once; what counts is one of these.
        """
        ...


class Tasks(NamedTuple):
    """Tasks that work ``alone``, and ``between`` which something is sent."""

    alone: InTasks
    between: BetweenTasks


class Questions(Protocol):
    """What is asked of one dataset's records."""

    def cells(self) -> list[Cell]:
        """The rows whose birth is certain, grouped by all that breakdowns look at."""
        ...

    def ambiguous(self) -> list[AmbiguousSamples]:
        """The rows whose birth is not certain; samples of which the same is known are counted together."""
        ...

    def row_births(self, batch_rows: int) -> RowBirths:
        """The same rows sample by sample: to be read, in the order of its fields, before anything else is asked."""
        ...

    def spent(self) -> list[Spent]:
        """What all calls took that stand behind rows or their ancestors, by currency; each call counts once."""
        ...

    def spent_on_rows(self, what: Spending, made_by: str | None = None) -> Bounds | None:
        """What those calls took whose results are among the rows, each once; None where nothing is known of them.

        Two rows of one record may be one row that came twice: they are certain to be one call only, unless the stage
        ``made_by``, whose out the dataset is, recorded as many calls as there are rows.
        """
        ...

    def most_rows_where(self, where: Sequence[Among], number: int = MOST_SHOWN) -> list[Bearing]:
        """Samples with a record that fits all of ``where``: those of most such rows first, then by id.

        Rows that are only possible come behind all that are certain, and are not counted.
        """
        ...

    def some_where(self, where: Sequence[Among], number: int) -> list[str]:
        """Samples with a record that fits all of ``where``, by id: examples of a group, taken as if at random."""
        ...

    def repeats(self, number: int = MOST_SHOWN) -> Repeats:
        """Rows against samples."""
        ...

    def parent_uses(self, number: int = MOST_SHOWN) -> ParentUses:
        """How often each sample is a parent, by the dataset's own records."""
        ...

    def rows_by_activity(self) -> list[RowsOfActivity]:
        """The rows of known origin by the activity that bore them, in the order of the vocabulary."""
        ...

    def conflicts(self, number: int = MOST_SHOWN) -> Conflicts:
        """Samples in rows whose records differ in origin."""
        ...

    def disputed(self, number: int = MOST_SHOWN) -> Disputed:
        """Samples whose rows count as real here and that any record, also of another dataset, calls model output."""
        ...

    def disagreements(self, others: Sequence[int], own: Collection[int]) -> list[Disagreement]:
        """Samples of which the sidecars at ``others`` together know births too, none of an origin that is stated here.

        Ancestors count as well. ``own``: activities, by their numbers; a sample that one of them bore is left out.
        """
        ...

    def dangling(self, number: int = MOST_SHOWN) -> Dangling:
        """Samples that were named as parents and never seen, and their children."""
        ...

    def retained(self, previous: Sidecar, number: int = MOST_SHOWN) -> Retained:
        """What is left of the real rows of ``previous``, whose ids were made in the same way; any sidecar on disk."""
        ...

    def by_value(self, values: Iterator[pa.RecordBatch], most: int) -> list[ValueAmounts]:
        """The dataset's rows by a value that stands in the data, the most frequent first, and at most ``most``.

        ``values``: a line for each row of the data, in the columns ``sample_id`` and ``value`` (large text, not null).
        """
        ...

    def origins(self, sample_ids: Iterator[pa.RecordBatch], batch_rows: int) -> Iterator[pa.RecordBatch]:
        """For each row of the data, in its order, the place of its sample's origin in ``tuple(Origin)``: ``code``.

        ``sample_ids``: batches with the column ``sample_id``. A sample without a record is of unknown origin, and so is
        one whose rows may be of several.
        """
        ...


class Engine(Protocol):
    """What is asked of all sidecars together."""

    def of(self, place: int) -> Questions:
        """The questions about the dataset at ``place``."""
        ...

    def births(self, sample_id: bytes) -> list[Mapping[str, Any]]:
        """Every record of the sample by its columns, the most credible first, with ``unexplained`` and ``sidecar``."""
        ...

    def rows_by_origin(self) -> list[tuple[int, str, int]]:
        """Place, origin (or `AMBIGUOUS`), and rows of it; for each dataset, the most frequent origin first."""
        ...

    def pooled(self, places: Sequence[int], unit: Unit) -> list[PooledCell]:
        """The datasets at ``places`` together; a sample that stands in several is unique in the first."""
        ...

    def pooled_values(self, values: Mapping[int, Iterator[pa.RecordBatch]], unit: Unit, most: int) -> list[PooledValue]:
        """The datasets of ``values``, by place, by a value in their data; batches are those of `Questions.by_value`.

        A sample is unique under its first value, in the first dataset that has it. At most ``most`` are given, by place
        and value.
        """
        ...
