"""Journals of finished recordings in a stage, kept until DVC has taken over what they hold.

A stage that is killed after its recorder has finished, but before DVC has recorded its outs, runs again, and DVC
deletes the outs before it does. Then the journal is taken up again, and nothing is generated twice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_SUFFIX = ".finished"


def keep(journal: Path, md5: str) -> None:
    """Keep the finished journal at ``journal``, of a dataset whose DVC hash is ``md5``."""
    os.replace(journal, _kept(journal, md5))


def take_up(journal: Path) -> str | None:
    """Make what was kept for the journal at ``journal`` the journal again, unless a later one was begun.

    DVC's hash of the dataset that it made, where it is the journal now.
    """
    taken_up = None
    for kept in journal.parent.glob(f"{journal.stem}.*{_SUFFIX}"):
        if journal.exists():
            kept.unlink()
        else:
            os.replace(kept, journal)
            taken_up = kept.name.removeprefix(f"{journal.stem}.").removesuffix(_SUFFIX)
    return taken_up


def any_kept(folder: Path) -> bool:
    """Whether a finished journal is kept in ``folder``: only then is it worth asking DVC what it has recorded."""
    return next(folder.glob(f"*{_SUFFIX}"), None) is not None


def forget_recorded(recorded: Mapping[Path, str]) -> None:
    """Remove what was kept of datasets that DVC has recorded; ``recorded``: DVC's hash by a dataset's journal."""
    for journal, md5 in recorded.items():
        _kept(journal, md5).unlink(missing_ok=True)


def _kept(journal: Path, md5: str) -> Path:
    return journal.with_name(f"{journal.stem}.{md5}{_SUFFIX}")
