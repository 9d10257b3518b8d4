"""What every export has in common: how it is asked for, what it leaves open, and how its document is checked.

Third parties register exports as entry points of the group ``provenance.exports``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO, runtime_checkable

if TYPE_CHECKING:
    from provenance.export.subject import Subject


@dataclass(frozen=True)
class Gap:
    """A fact that the standard asks for, that lineage lacks and nobody stated. ``fact``: its key under ``about``."""

    fact: str
    needed_for: str

    def __str__(self) -> str:
        return f"{self.fact} (for {self.needed_for})"


@dataclass(frozen=True)
class Need:
    """A fact that a standard asks for: its key under ``about``, and what it is for there."""

    fact: str
    needed_for: str


@dataclass(frozen=True)
class Checked:
    """What checkers say of a document. ``problems``: one line each; ``not_checked``: by whom it was not, and why."""

    problems: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    def __add__(self, other: Checked) -> Checked:
        return Checked(self.problems + other.problems, self.not_checked + other.not_checked)


class Export(Protocol):
    """One standard.

    ``size``: in words, what the size of its document grows with. ``takes_samples``: whether it can be asked for single
    samples and what they came from. The same subject gives the same bytes.
    """

    @property
    def name(self) -> str:
        """What `export --format` calls it."""

    @property
    def media_type(self) -> str:
        """The media type of its document."""

    @property
    def size(self) -> str:
        """What the size of its document grows with."""

    @property
    def takes_samples(self) -> bool:
        """Whether single samples can be asked for."""

    def gaps(self, subject: Subject) -> Sequence[Gap]:
        """What the standard asks for and nobody knows; the document names each."""

    def write(self, subject: Subject, file: TextIO) -> None:
        """Write the document of ``subject``.

        Raises:
            SidecarError: a sidecar cannot be used.
        """

    def check(self, file: Path) -> Checked:
        """What is wrong with the document in ``file``, by the standard's checker and by rules of our own."""


@runtime_checkable
class Sending(Protocol):
    """An export whose standard has a way to send what it writes."""

    def send(self, subject: Subject) -> int:
        """Send it; how many events that were.

        Raises:
            ProvenanceError: it could not be sent.
        """


def missing(subject: Subject, needs: Sequence[Need]) -> list[Gap]:
    """Those of ``needs`` that nobody stated."""
    stated = subject.about.model_dump(exclude_defaults=True)
    return [Gap(need.fact, need.needed_for) for need in needs if need.fact not in stated]
