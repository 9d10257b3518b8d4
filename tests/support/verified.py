"""What `verify` finds, here and by tasks: the same."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb

from provenance.engines.verify_by_range import verify_by_range
from provenance.errors import SidecarError
from provenance.files import scratch_folder
from provenance.identity import Identity
from provenance.lineage.content_choice import identity_by
from provenance.lineage.database import said_by
from provenance.lineage.problems import Problem
from provenance.lineage.sidecar import open_sidecar
from provenance.lineage.verification import verify


def in_tasks(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """As tasks elsewhere do it: what goes there, and what comes back, is pickled."""
    found = []
    for item in items:
        given, here = pickle.loads(pickle.dumps((work, item)))  # noqa: S301
        found.append(pickle.loads(pickle.dumps(given(here))))  # noqa: S301
    return found


def verified(data: Path, sidecar: Path, name: str, md5: str | None, identity: Identity | None = None) -> list[Problem]:
    """What both find; ``identity``: if not what the sidecar states."""
    by = identity or identity_by(open_sidecar(sidecar).header.identity)
    half = max(1, open_sidecar(sidecar).records // 2)
    with scratch_folder(data.parent, "verified") as folder:
        expected = _told(lambda: verify(data, sidecar, by, name=name, md5=md5, workspace=folder))
        for records, followed in ((half, 0), (1 << 20, 1 << 20)):
            for left in folder.iterdir():
                left.unlink() if left.is_file() else None
            found = _told(
                lambda: verify_by_range(
                    data,
                    sidecar,
                    by,
                    name=name,
                    md5=md5,
                    folder=folder,
                    in_tasks=in_tasks,
                    records_at_once=records,  # noqa: B023
                    followed_here=followed,  # noqa: B023
                )
            )
            assert found == expected, (records, followed)
    if isinstance(expected, str):
        raise SidecarError(expected)
    return expected


def _told(ask: Callable[[], list[Problem]]) -> list[Problem] | str:
    try:
        return ask()
    except (SidecarError, duckdb.Error) as error:
        return str(error) if isinstance(error, SidecarError) else said_by(error)
