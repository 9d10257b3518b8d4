"""Writing an export's document whole or not at all, and checking it."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.export.interface import Gap, Sending
from provenance.files import scratch_folder, whole_file

if TYPE_CHECKING:
    from provenance.export.interface import Export
    from provenance.export.subject import Subject


@dataclass(frozen=True)
class Exported:
    """What came of an export. ``bytes``: the size of its document; ``problems``: None where it was not checked.

    ``sent``: the number of events that were sent; None where none were to be.
    """

    format: str
    datasets: tuple[str, ...]
    bytes: int
    gaps: tuple[Gap, ...]
    problems: tuple[str, ...] | None = None
    not_checked: tuple[str, ...] = ()
    sent: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, and nothing was found wrong."""
        return not self.gaps and not self.problems

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def export(
    subject: Subject,
    by: Export,
    target: Path | None,
    *,
    rows: Path | None = None,
    check: bool = False,
    send: bool = False,
) -> Exported:
    """Write the document of ``subject`` to ``target`` (None: standard output), and ``check`` it.

    ``rows``: write lineage row by row into this file too, to which the document refers, from its own folder.
    ``send``: send its events by the way that ``by`` has for that; without ``target`` nothing is written then. What was
    found wrong is not sent.

    Raises:
        SidecarError: a sidecar cannot be used.
        ProvenanceError: it could not be sent.
    """
    if rows is not None:
        subject = _with_rows(subject, rows, target)
    with scratch_folder(subject.ledger.repository.temporary, "export") as folder:
        file = folder / "document"
        with open(file, "w", encoding="utf-8", newline="\n") as opened:
            by.write(subject, opened)
        found = by.check(file) if check else None
        size = file.stat().st_size
        if target is not None or not send:
            _deliver(file, target)
    sent = by.send(subject) if send and isinstance(by, Sending) and not (found and found.problems) else None
    return Exported(
        format=by.name,
        datasets=tuple(dataset.path for dataset in subject.datasets),
        bytes=size,
        gaps=tuple(by.gaps(subject)),
        problems=None if found is None else found.problems,
        not_checked=() if found is None else found.not_checked,
        sent=sent,
    )


def _with_rows(subject: Subject, rows: Path, target: Path | None) -> Subject:
    from provenance.export.lineage_rows import write_rows

    beside = Path.cwd() if target is None else target.absolute().parent
    name = Path(os.path.relpath(rows.absolute(), beside)).as_posix()
    with whole_file(rows) as temporary:
        written = write_rows(subject, temporary, name)
    return replace(subject, rows=written)


def _deliver(file: Path, target: Path | None) -> None:
    if target is None:
        with open(file, "rb") as document:
            shutil.copyfileobj(document, sys.stdout.buffer)
        return
    with whole_file(target) as temporary:
        shutil.copyfile(file, temporary)
