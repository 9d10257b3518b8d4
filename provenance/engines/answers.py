"""What an engine answers with; see `engines.interface` for the questions, and for what all answers have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    import pyarrow as pa

    from provenance.lineage.records import Activity


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

    ``certain``: ``sample_id``, ``way``, and ``rows`` that certainly were born this way; in any order, and in several
    lines where records of a sample agree in how it was born. ``possible``: ``sample_id``; ``unit`` (binary): rows that
    share their births, of one sample; ``way``; ``possible`` rows; ``rest``: how many rows of the unit are ambiguous.
    The lines of a unit come together.
    """

    ways: tuple[BornAlike, ...]
    certain: Iterator[pa.RecordBatch]
    possible: Iterator[pa.RecordBatch]


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
