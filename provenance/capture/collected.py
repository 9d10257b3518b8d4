"""Where collected rows are from, as scripts state it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from provenance.arguments import require_optional, require_optional_text, require_text
from provenance.errors import ProvenanceError
from provenance.lineage import records


class Source(records.Source):
    """Where collected rows are from.

    Args:
        name: as selectors and audits name it.
        url: where it can be found; user names, passwords and access tokens have no place in it.
        license: SPDX expression of the licence that it is under.
        publisher: who publishes it.
        collected_at: when the rows were collected; text is read as ISO 8601.

    Raises:
        ProvenanceError: a part is not what it should be.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str | None = None,
        license: str | None = None,  # noqa: A002 - the word that the record uses
        publisher: str | None = None,
        collected_at: datetime | date | str | None = None,
    ) -> None:
        require_text("source: its name", name)
        for part, given in (("url", url), ("license", license), ("publisher", publisher)):
            require_optional_text(f"source: its {part}", given)
        require_optional("source: its collected_at", collected_at, date, str)
        stated: dict[str, Any] = {
            "name": name,
            "url": url,
            "license": license,
            "publisher": publisher,
            "collected_at": collected_at,
        }
        try:
            super().__init__(**stated)
        except ValueError as error:
            raise ProvenanceError(
                f"source: its collected_at is {collected_at!r}, not a day or time such as 2026-01-31"
            ) from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, records.Source) and self.model_dump() == other.model_dump()

    __hash__ = records.Source.__hash__
