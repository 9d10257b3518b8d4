"""The formats by name. Each is imported when it is first asked for.

The terminal's is in the command line: its width and its colours are those of the terminal that is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.report.interface import Format
    from provenance.repository import Repository


def _json(repository: Repository) -> Format:
    from provenance.report.json_document import JsonDocument

    return JsonDocument()


def _markdown(repository: Repository) -> Format:
    from provenance.report.markdown import Markdown

    return Markdown()


def _metrics(repository: Repository) -> Format:
    from provenance.report.metrics import Metrics

    return Metrics()


def _sarif(repository: Repository) -> Format:
    from provenance.report.sarif import Sarif

    return Sarif(repository)


FORMATS: dict[str, Callable[[Repository], Format]] = {
    "json": _json,
    "markdown": _markdown,
    "metrics": _metrics,
    "sarif": _sarif,
}


def format_named(name: str, repository: Repository) -> Format:
    """The format called ``name``, one of `FORMATS`, for audits of ``repository``."""
    return FORMATS[name](repository)
