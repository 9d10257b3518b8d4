"""The audit as the JSON document of `provenance audit --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provenance.auditing.audited import Audit


def json_text(document: Any) -> str:
    """``document`` as the text that commands write: ASCII, so it is safe to print."""
    import json

    return json.dumps(document, indent=2, allow_nan=False) + "\n"


class JsonDocument:
    """The whole audit."""

    name = "json"

    def write(self, audit: Audit) -> str:
        return json_text(audit.as_json())
