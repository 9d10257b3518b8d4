"""What every way to write an audit down has in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from provenance.auditing.audited import Audit


class Format(Protocol):
    """One way to write an audit down, whole, as one text."""

    @property
    def name(self) -> str:
        """What the registry calls it."""

    def write(self, audit: Audit) -> str:
        """``audit`` as text that ends with a line break; the same audit gives the same text."""


def write_file(file: Path, form: Format, audit: Audit) -> None:
    """Write ``audit`` into ``file``, which appears whole or not at all."""
    from provenance.files import whole_file

    with whole_file(file) as temporary:
        temporary.write_text(form.write(audit), encoding="utf-8")
