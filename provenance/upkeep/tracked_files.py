"""Changing the YAML files at the DVC root that git tracks: one writer at a time, and the file is always valid."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

from provenance.documents import parse_tracked
from provenance.files import whole_file
from provenance.repository import Repository
from provenance.upkeep.yaml_editing import edited


@contextmanager
def only_writer(repository: Repository, name: str) -> Iterator[None]:
    """Wait until nobody else changes the file ``name``, and keep others from it; for whoever reads and then writes."""
    folder = repository.temporary / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w", encoding="utf-8") as lock:
        # Released by the system when the process ends, however it ends.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def text_of(repository: Repository, name: str) -> str:
    """What is in the file ``name`` now; empty where there is none."""
    file = repository.root / name
    return file.read_text(encoding="utf-8") if file.exists() else ""


def change_file(repository: Repository, name: str, model: type[BaseModel], change: Callable[[Any], None]) -> None:
    """Make ``change`` to the content of the file ``name``; comments stay. The caller is its `only_writer`.

    Raises:
        RepositoryError: the file would not be valid by ``model``; it is left as it was.
    """
    changed = edited(text_of(repository, name), change)
    parse_tracked(changed, name, model)
    with whole_file(repository.root / name) as temporary:
        temporary.write_text(changed, encoding="utf-8")
