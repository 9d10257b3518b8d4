"""What an engine answers: questions about the records of several sidecars, each of which has a *place* from 0.

A sample has a record for each of its births, with the rows that were certainly born that way (``rows``) and those that
may have been (``possible_rows``); a record with neither is an ancestor. What all records of a sample have in rows, and
its ``ambiguous_rows``, are its rows of the dataset. Wherever samples are listed, the order is the same each time, and
their number is bounded by what was asked. Ids are given as lower-case hex digits.

An engine raises what its library raises for a damaged file; the ledger turns that into a `SidecarError`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from decimal import Decimal

    import pyarrow as pa

    from provenance.lineage.records import Activity
    from provenance.lineage.sidecar import Sidecar

Item = TypeVar("Item")
Result = TypeVar("Result")

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


@dataclass(frozen=True)
class BornAlike:
    """What births that are counted together agree in.

    ``agent`` and ``activity`` are numbers of the ledger's, ``model`` is the agent's label and ``stage`` the activity's;
    ``source`` is a name; ``license`` the record's own, else its source's; ``currency`` is set where the cost was worked
    out from prices. ``doubts``: names of `schema.DOUBTS`, see there. ``costed``: the cost is known; ``with_usage``: so
    are the tokens that went in and came out.
    """

    origin: str
    kind: str | None
    agent: int | None
    model: str | None
    source: str | None
    license: str | None
    depth: int | None
    evidence: str | None
    chain_evidence: str | None
    verdict: str | None
    verifier: str | None
    real_rooted: bool | None
    doubts: tuple[str, ...]
    activity: int | None
    stage: str | None
    currency: str | None
    costed: bool
    with_usage: bool


@dataclass(frozen=True)
class Cell(BornAlike):
    """Rows that were certainly born alike: the cube that every breakdown adds up."""

    rows: int
    bytes: int
    tokens: int | None
    rows_with_tokens: int


@dataclass(frozen=True)
class Option(BornAlike):
    """One way in which ambiguous rows may have been born, and how many of one sample at most."""

    possible: int


@dataclass(frozen=True)
class AmbiguousSamples:
    """Samples, each of which has ``rest`` rows that were born in one or the other of ``options``.

    ``bytes`` and ``tokens`` are sums over the ``samples``, each counted once; ``tokens`` is of those of
    ``samples_with_tokens``.
    """

    rest: int
    options: tuple[Option, ...]
    samples: int
    bytes: int
    tokens: int | None
    samples_with_tokens: int


@dataclass(frozen=True)
class RowBirths:
    """How the rows of each sample were born, or may have been. ``ways``: all that there are, by number.

    ``batches``: ``sample_id``; ``unit`` (binary): rows that share their births, of one sample; ``way``; ``rows`` that
    certainly were born this way and ``possible`` ones; ``rest``: how many rows of the unit are ambiguous. A sample's
    lines come together, and those of a unit; of the lines with possible rows each has the ``rest`` of its unit.
    """

    ways: tuple[BornAlike, ...]
    batches: Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Spent:
    """What calls took, as far as it is known: sums over calls, whose cost is known of ``calls``.

    ``currency``: see `BornAlike`.
    """

    currency: str | None
    calls: int
    cost: Decimal | None
    input_tokens: int | None
    output_tokens: int | None


# What calls took; ``cost`` with what prices give.
Spending = Literal["cost", "reported_cost", "input_tokens", "output_tokens"]


@dataclass(frozen=True)
class Bounds:
    """Something is this much at least, and at most."""

    least: Decimal
    most: Decimal


@dataclass(frozen=True)
class PooledCell:
    """Some of a dataset that is pooled with others, all of it alike. Amounts are in the unit that was asked for.

    ``amount`` counts every row, ``distinct`` each sample once, ``unique`` each sample once in the first dataset that
    has it. ``doubts``: columns that say nothing as births of a sample differ in them: those that its ambiguous rows may
    have, and where the sample counts once, all of them.
    """

    place: int
    origin: str
    kind: str | None
    model: str | None
    source: str | None
    license: str | None
    depth: int | None
    evidence: str | None
    amount: int
    unique: int
    distinct: int
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bearing:
    """A sample, and how many rows are it; ``kind`` where its record was looked at and has one."""

    sample_id: str
    rows: int
    kind: str | None = None


@dataclass(frozen=True)
class Conflict:
    """A sample that is counted as of one ``origin``, and that further records call ``others`` (joined by commas)."""

    sample_id: str
    rows: int
    origin: str
    others: str


@dataclass(frozen=True)
class Conflicts:
    """Samples with births of different origin, the rows of these samples, and some, those of most rows first."""

    samples: int
    rows: int
    shown: tuple[Conflict, ...]


@dataclass(frozen=True)
class Disputed:
    """Samples in rows that count as real, and that a record of any dataset calls model output; those of most rows.

    ``rows``: those that certainly count as real; ``possible_rows``: what more may.
    """

    samples: int
    rows: int
    possible_rows: int
    shown: tuple[Bearing, ...]


@dataclass(frozen=True)
class Dangling:
    """Parents that no sidecar knows, the rows made directly from one, and some of the samples of these rows.

    ``at_most_rows``: with the rows that may have been.
    """

    samples: int
    rows: int
    at_most_rows: int
    children: tuple[Bearing, ...]


@dataclass(frozen=True)
class ParentUses:
    """How often samples are parents of rows that a model made: once for each row, in however many roles.

    ``uses`` is the sum over the ``parents``, ``uses_by_logarithm`` that of each one's uses times their logarithm;
    ``most``: some, those of most uses first, with their uses as rows. ``ambiguous_rows`` may have other parents, and
    are not counted.
    """

    parents: int
    uses: int
    uses_by_logarithm: float
    most: tuple[Bearing, ...]
    ambiguous_rows: int


@dataclass(frozen=True)
class RowsOfActivity:
    """Rows of known origin that one activity certainly bore, and the first of their samples by id."""

    activity: Activity
    rows: int
    first: str


@dataclass(frozen=True)
class Disagreement:
    """``samples``, ``first`` by id among them, whose births are of ``origins`` here and of ``others`` at ``place``."""

    place: int
    origins: tuple[str, ...]
    others: tuple[str, ...]
    samples: int
    first: str


@dataclass(frozen=True)
class Retained:
    """The real rows of an earlier version, how many of them are still there, and samples that lost most rows.

    ``gone``: the samples, with the rows that each lost.
    """

    rows: int
    retained: int
    gone: tuple[Bearing, ...]


@dataclass(frozen=True)
class Repeats:
    """All rows, distinct samples, and the samples in several rows, the most repeated first."""

    rows: int
    samples: int
    most: tuple[Bearing, ...]


@dataclass(frozen=True)
class ValueAmounts:
    """Rows that have a value of a field of the data, with what their samples amount to."""

    value: str
    rows: int
    bytes: int
    tokens: int | None
    rows_with_tokens: int


@dataclass(frozen=True)
class PooledValue:
    """What of the dataset at ``place`` has a value; ``unique``: each sample once, see `Engine.pooled_values`."""

    place: int
    value: str
    amount: int
    unique: int


class InTasks(Protocol):
    """Has work done by tasks, wherever these are."""

    def __call__(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterable[Result]:
        """``work``, a function of a module of this package, on each of ``items``; the results in their order."""
        ...


class Questions(Protocol):
    """What is asked of one dataset's records."""

    def cells(self) -> list[Cell]:
        """The rows whose birth is certain, grouped by all that breakdowns look at."""
        ...

    def ambiguous(self) -> list[AmbiguousSamples]:
        """The rows whose birth is not certain; samples of which the same is known are counted together."""
        ...

    def row_births(self, batch_rows: int) -> RowBirths:
        """The same rows sample by sample: to be read before anything else is asked."""
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
