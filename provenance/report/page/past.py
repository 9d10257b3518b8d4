"""How a dataset changed: its rows by origin at each commit that changed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from provenance.faces.charts import Column
from provenance.faces.palette import NAMES
from provenance.lineage.words import Origin
from provenance.plurals import counted

if TYPE_CHECKING:
    from provenance.ledger.composition.composition import Composition
    from provenance.ledger.history.dataset_log import LogEntry
    from provenance.repository import Repository
    from provenance.repository.history import History, Version

_MOST_COLUMNS = 24
_DAY, _DIGITS = 10, 7


def past(
    repository: Repository, history: History | None, composition: Composition, md5: str | None, *, is_committed: bool
) -> list[Column]:
    """The revisions of the dataset in ``history`` (None: there is none yet), which ends where the dataset was read.

    Where that was the workspace, which may be not ``is_committed``, it is one revision more if it differs.
    """
    entries = [] if history is None else _entries(repository, history, composition.path)
    columns = [_column(history, entry) for entry in entries if history is not None and entry.counted is not None]
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

    return list(reversed(log_dataset(repository, history, path).entries)) if history.versions(path) else []


def _column(history: History, entry: LogEntry) -> Column:
    assert entry.counted is not None, "versions of which nothing is known are left out"
    commit = entry.version.commit
    by_origin = _origins(entry.counted.groups["by_origin"])
    label = name_of(history, entry.version)
    return Column(label, commit.date[:_DAY], commit.subject, entry.counted.rows, by_origin)


def name_of(history: History, version: Version, digits: int = _DIGITS) -> str:
    """What a version goes by: a tag of its commit, else one that still has it, else the commit's first ``digits``."""
    commit = version.commit
    return next((name for name in (*history.tags_at(commit), *version.tags) if name), commit.sha[:digits])


def drawn(columns: list[Column]) -> list[Column]:
    """The columns that a picture has room for: of many the first, the last, and in between how many are left out."""
    if len(columns) <= _MOST_COLUMNS:
        return columns
    left_out = len(columns) - (_MOST_COLUMNS - 1)
    return [columns[0], Column("…", counted(left_out, "other"), "", 0), *columns[-(_MOST_COLUMNS - 2) :]]
