"""A licence as it is stated for the record: in the spelling of SPDX, or recorded as it is, which is said."""

from __future__ import annotations

from provenance.arguments import require_optional_text, shown, warn
from provenance.capture.redaction import redact_prose
from provenance.lineage.license_terms import is_expression, spelt
from provenance.plurals import counted

_CONSEQUENCE = (
    "not an SPDX expression, such as CC-BY-4.0; it is recorded as stated, and policies say UNKNOWN of it; "
    "terms of your own are written LicenseRef-NAME"
)


def stated_license(argument: str, stated: str | None) -> str | None:
    """The licence ``stated`` for ``argument`` in the spelling that is recorded; a warning where SPDX has none for it.

    Raises:
        ProvenanceError: it is not text, or blank.
    """
    require_optional_text(argument, stated, hint="; give an SPDX expression, such as CC-BY-4.0")
    if stated is None:
        return None
    if not is_expression(stated):
        warn(f"{argument}: {shown(redact_prose(stated))} is {_CONSEQUENCE}")
    return spelt(stated)


class StatedLicenses:
    """The licences of many rows: one warning for all of which SPDX has no spelling."""

    def __init__(self) -> None:
        self._first: str | None = None
        self._rows = 0

    def spelt(self, stated: str) -> str:
        """``stated`` in the spelling that is recorded."""
        if not is_expression(stated):
            self._first = self._first or stated
            self._rows += 1
        return spelt(stated)

    def tell(self, argument: str) -> None:
        """Warn where there were any."""
        if self._first is not None:
            warn(f"{argument}: {shown(redact_prose(self._first))}, of {counted(self._rows, 'row')}, is {_CONSEQUENCE}")
