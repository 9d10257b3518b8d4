"""Which columns of a dataset count as content, in words, with the command that settles it otherwise."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from provenance.report.plain_text import safe

if TYPE_CHECKING:
    from provenance.lineage.records import Header, IdentitySettings

_MOST_NAMED = 12


def content_fields(stated: IdentitySettings) -> str | None:
    """The columns that count, and those that do not; safe. None where files are samples, which have no columns."""
    if not stated.fields:
        return None
    beside = f"; not counted: {_named(stated.beside)}" if stated.beside else ""
    return f"{_named(stated.fields)}{beside}"


def text_not_counted(path: str, stated: IdentitySettings, again: str | None) -> str | None:
    """That columns of the dataset at ``path`` read like text and do not count, and what settles it; safe.

    ``again``: what writes the dataset's sidecar once provenance.yaml names its fields, in words; None: the command
    `provenance add`, which also names them there. None is given back where nothing is left to be settled.
    """
    unsettled = [name for name in stated.text_beside or () if name not in (stated.left or ())]
    if not unsettled or stated.rule == "declared":
        return None
    fields = ",".join([*stated.fields, *unsettled])
    if again is None:
        settle = f"run `provenance add {shlex.quote(path)} --fields {shlex.quote(fields)} …`"
    else:
        settle = f"put `fields: [{fields}]` for {path} into provenance.yaml and {again}"
    several = len(unsettled) > 1
    said = "read like text and do not count; if they are" if several else "reads like text and does not count; if it is"
    return f"{_named(unsettled)} {said} content, {safe(settle)}"


def written_again(header: Header) -> str | None:
    """``again`` of `text_not_counted`, for the dataset whose sidecar has this header."""
    from provenance.lineage.records import ActivityType

    is_added = [activity.type for activity in header.activities] in ([], [ActivityType.COLLECTION])
    return None if is_added else "run its stage, or `provenance declare`, again"


def lines_on_content(path: str, stated: IdentitySettings, again: str | None) -> Iterator[str]:
    """What a command that wrote a sidecar reports of the columns that count; the rest as in `text_not_counted`."""
    if counted := content_fields(stated):
        yield f"content fields: {counted}"
    if warning := text_not_counted(path, stated, again):
        yield f"warning: {warning}"


def _named(names: Sequence[str]) -> str:
    more = f", {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(safe(name) for name in names[:_MOST_NAMED]) + more
