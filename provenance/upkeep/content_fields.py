"""Content fields are chosen once, in provenance.yaml; `provenance add --fields` puts them there."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from glob import escape
from typing import Any

from provenance.errors import RepositoryError
from provenance.repository import Repository
from provenance.settings import SETTINGS_FILE
from provenance.upkeep.tracked_files import text_of
from provenance.upkeep.yaml_editing import edited, entries_of


def settings_with_fields(repository: Repository, paths: Sequence[str], fields: Sequence[str]) -> str:
    """The text of provenance.yaml with ``fields`` as the content fields of the datasets at ``paths`` (from the DVC
    root); all else in it stays as it is.

    Raises:
        RepositoryError: a field has no name, or provenance.yaml is not valid.
    """
    names = [field.strip() for field in fields]
    if not all(names):
        raise RepositoryError("--fields: a field has no name; write them as a,b,c")
    settings = repository.settings()  # an invalid file is an error that names the key
    if all(settings.for_dataset(path).fields == tuple(names) for path in paths):
        return text_of(repository, SETTINGS_FILE)

    def put(content: Any) -> None:
        entries = entries_of(content, "datasets")
        for path in paths:
            # A list of its own: YAML writes one that comes twice as an alias.
            _entry(entries, path, settings.for_dataset(path).path)["fields"] = list(names)

    return edited(text_of(repository, SETTINGS_FILE), put)


def _entry(entries: list[dict[str, Any]], path: str, winner: str) -> dict[str, Any]:
    """The entry of ``path`` alone. ``winner``: the glob of the entry that holds for it until now.

    A new one goes last, where it wins, and begins with all that the winner says of it.
    """
    alone = escape(path)
    so_far: dict[str, Any] = next((entry for entry in reversed(entries) if entry["path"] == winner), {})
    if winner == alone and so_far:
        return so_far
    entries.append({**deepcopy(so_far), "path": alone})
    return entries[-1]
