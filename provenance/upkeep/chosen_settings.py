"""What is chosen once for a dataset stands in provenance.yaml; `provenance add --fields` and `--parts` put it there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from glob import escape
from typing import Any

from provenance.errors import RepositoryError
from provenance.repository import Repository
from provenance.settings import SETTINGS_FILE, require_parts
from provenance.upkeep.tracked_files import text_of
from provenance.upkeep.yaml_editing import edited, entries_of


def chosen(fields: Sequence[str] | None, parts: int | None) -> dict[str, Any]:
    """What is to stand in provenance.yaml of a dataset: its content fields, and the parts of its sidecar.

    Raises:
        RepositoryError: a field has no name, or there cannot be so many parts.
    """
    choice: dict[str, Any] = {}
    if fields is not None:
        choice["fields"] = [field.strip() for field in fields]
        if not all(choice["fields"]):
            raise RepositoryError("--fields: a field has no name; write them as a,b,c")
    if parts is not None:
        try:
            choice["parts"] = require_parts(parts)
        except ValueError as error:
            raise RepositoryError(f"--parts: {error}") from error
    return choice


def settings_with(repository: Repository, paths: Sequence[str], choice: Mapping[str, Any]) -> str:
    """The text of provenance.yaml with ``choice`` of the datasets at ``paths`` (from the DVC root); all else stays
    as it is.

    Raises:
        RepositoryError: provenance.yaml is not valid.
    """
    settings = repository.settings()  # an invalid file is an error that names the key
    stated = [settings.for_dataset(path).model_dump(mode="json") for path in paths]
    if all(each[key] == value for each in stated for key, value in choice.items()):
        return text_of(repository, SETTINGS_FILE)

    def put(content: Any) -> None:
        entries = entries_of(content, "datasets")
        for path in paths:
            # Lists of its own: YAML writes one that comes twice as an alias.
            _entry(entries, path, settings.for_dataset(path).path).update(deepcopy(dict(choice)))

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
