"""How a dataset changed: its rows by origin at each commit that changed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from provenance.errors import UnknownReferenceError
from provenance.faces.charts import Column
from provenance.faces.palette import NAMES
from provenance.lineage.words import Origin
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.ledger.composition.composition import Composition
    from provenance.ledger.history.dataset_log import LogEntry
    from provenance.repository import Repository
    from provenance.repository.history import History

_MOST_COLUMNS = 24
_DAY = 10


def past(
    repository: Repository, history: History | None, composition: Composition, md5: str | None, *, is_committed: bool
) -> list[Column]:
    """The revisions of the dataset in ``history`` (None: there is none yet), which ends where the dataset was read.

    Where that was the workspace, which may be not ``is_committed``, it is one revision more if it differs.
    """
    entries = [] if history is None else _entries(repository, history, composition.path)
    columns = [column for entry in entries if (column := _column(entry)) is not None]
    data = entries[-1].version.data if entries else None
    if not is_committed and (data is None or data.md5 != md5):
        columns.append(Column("now", "not committed", "", composition.rows, composition.origins))
    return columns


def _origins(groups: Mapping[str, int]) -> dict[str, int]:
    """What is not certain is drawn as unknown, so that the columns add up."""
    found = Counter[str]()
    for name, rows in groups.items():
        found[name if name in NAMES else Origin.UNKNOWN] += rows
    return dict(found)


def _entries(repository: Repository, history: History, path: str) -> list[LogEntry]:
    """The log, the oldest first; empty where no commit has the dataset."""
    from provenance.ledger.history.dataset_log import log_dataset

    try:
        return list(reversed(log_dataset(repository, history, path).entries))
    except UnknownReferenceError:
        return []


def _column(entry: LogEntry) -> Column | None:
    if entry.counted is None:
        return None
    commit = entry.version.commit
    by_origin = _origins(entry.counted.groups["by_origin"])
    label = next((name for name in entry.version.tags if name), commit.sha[:7])
    return Column(label, commit.date[:_DAY], commit.subject, entry.counted.rows, by_origin)


def drawn(columns: list[Column]) -> list[Column]:
    """The columns that a picture has room for: of many the first, the last, and in between how many are left out."""
    if len(columns) <= _MOST_COLUMNS:
        return columns
    left_out = len(columns) - (_MOST_COLUMNS - 1)
    return [columns[0], Column("…", counted(left_out, "other"), "", 0), *columns[-(_MOST_COLUMNS - 2) :]]
