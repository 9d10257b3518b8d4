"""What a measure is: a number, or a few, that an auditor reads off a dataset, with its definition and source.

A measure reads lineage alone, or the data too. It never holds a dataset in memory; one that works on a sample says
which. What it needs and does not have (a reference, an evaluation set, data) makes it `NotMeasured`, with the reason,
so that a policy's rule about it is UNKNOWN and not passed over.

Third parties register measures as entry points of the group ``provenance.measures``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from provenance.ledger.part import Part

if TYPE_CHECKING:
    from provenance.auditing.chance.together import Judged
    from provenance.identity.samples import TextPart

# Nested, with JSON's types: policies address a value by its dotted path, and DVC metrics keep the numbers.
Values = Mapping[str, "int | float | str | bool | Values | None"]

Needs = Literal["lineage", "graph", "data"]


@dataclass(frozen=True)
class Subject:
    """What is measured: ``audited``, and what it is compared with.

    ``reference``: what synthetic text is compared with (None: the audited dataset's own real part). ``evaluations``:
    sets that must not have leaked into it. ``previous``: the same dataset at an earlier revision. ``folder``: for
    temporary files, on a disk with room. ``seed``: of every random choice, so that anyone can recompute the result.
    ``fields``: fields of the data (a language, a topic) whose values are compared with the reference's. ``family``: the
    field whose value rows that belong together share (a document, a dialogue); None: lineage says which do.
    ``text``: the part of rows' text that is compared with other rows'. ``rules``: how many tests against chance are
    judged together with each of this subject's, itself included.
    """

    audited: Part
    folder: Path
    reference: Part | None = None
    evaluations: tuple[Part, ...] = ()
    previous: Part | None = None
    seed: int = 0
    fields: tuple[str, ...] = ()
    family: str | None = None
    text: TextPart = "own"
    rules: int = 1

    @property
    def fields_read(self) -> tuple[str, ...]:
        """All fields of the data that are looked at."""
        return tuple(dict.fromkeys((*self.fields, *([self.family] if self.family is not None else []))))


@dataclass(frozen=True)
class Outstanding:
    """A sample that stands out, for a person to look at: its id (hex), and in words why.

    ``details``: the same for programs, with JSON's types.
    """

    sample_id: str
    why: str
    details: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Doubt:
    """By how much more than was found a value may be in truth (None: there is no bound), and why.

    Of a value that is None, why it is not known. ``more`` is for all reasons together. ``at_most``: what the value may
    be because rows were born in one of several ways that are known, and for nothing else, whether or not there is a
    bound for all reasons; None: that leaves nothing in doubt, or bounds nothing. No policy passes over it.
    """

    more: float | None
    why: str
    at_most: float | None = None


AMBIGUITY = "rows of equal content were born in several ways, and which row was born in which is not known"


def ambiguity(bounds: Mapping[str, tuple[float, float] | None]) -> dict[str, Doubt]:
    """The doubts about values, by name, of which only bounds are known since rows are ambiguous."""
    return {
        name: Doubt(most - least, AMBIGUITY, most)
        for name, (least, most) in ((name, each) for name, each in bounds.items() if each is not None)
        if most > least
    }


def both_doubts(unknown: Mapping[str, Doubt], ambiguous: Mapping[str, Doubt]) -> dict[str, Doubt]:
    """Doubts about what nobody knows together with those that come of `ambiguity`."""
    return {
        **ambiguous,
        **unknown,
        **{
            name: Doubt(
                None if (more := unknown[name].more) is None else more + (ambiguous[name].more or 0),
                f"{unknown[name].why}; and {ambiguous[name].why}",
                ambiguous[name].at_most,
            )
            for name in unknown.keys() & ambiguous.keys()
        },
    }


@dataclass(frozen=True)
class Measured:
    """What a measure found. ``outstanding``: a bounded number of samples that show it, the worst first.

    ``sampled``: what was measured if not everything, in words that let it be repeated (size and seed). ``doubts``: of
    ``values``, by name, those that count what is known, where more may be so. ``said``: the figures in one sentence.
    ``chance``: of a measure that is held against chance; its values are as if it were judged alone.
    """

    values: Values
    outstanding: tuple[Outstanding, ...] = ()
    sampled: str | None = None
    doubts: Mapping[str, Doubt] = field(default_factory=dict)
    said: str | None = None
    chance: Chance | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Chance:
    """``p``: how likely chance alone gives what was found. ``settle``: what it comes to, judged with other rules.

    It is kept until all datasets of an audit are measured, and so holds figures and no data.
    """

    p: float
    settle: Callable[[Judged], Measured]


@dataclass(frozen=True)
class NotMeasured:
    """Why a measure could not be taken; what is missing and how to give it.

    ``broken``: what it needs is there, and cannot be used, and somebody should know of it.
    """

    reason: str
    broken: bool = False


class Measure(Protocol):
    """One measure."""

    name: str
    definition: str
    unit: str
    source: str

    @property
    def needs(self) -> Needs:
        """What it reads, which is what it costs.

        ``lineage``: columns of the sidecar; ``graph``: all sidecars of the revision, mostly walks along parents, for
        which the ledger's index is built if it is not there yet; ``data``: the data too, in at least one pass over it.
        """
        ...

    def measure(self, subject: Subject) -> Measured | NotMeasured:
        """Take the measure.

        Raises:
            DataError: the data cannot be read.
            SidecarError: a sidecar cannot be used.
        """
        ...
