"""Content fields are chosen once, in provenance.yaml; `provenance add --fields` puts them there."""

from __future__ import annotations

import io
from collections.abc import Sequence
from copy import deepcopy
from glob import escape
from typing import Any

from provenance.errors import RepositoryError
from provenance.repository import Repository
from provenance.settings import SETTINGS_FILE

_NO_FOLDING = 2**20


def settings_with_fields(repository: Repository, paths: Sequence[str], fields: Sequence[str]) -> str:
    """The text of provenance.yaml with ``fields`` as the content fields of the datasets at ``paths`` (from the DVC
    root); all else in it stays as it is.

    Raises:
        RepositoryError: a field has no name, or provenance.yaml is not valid.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.util import load_yaml_guess_indent

    names = [field.strip() for field in fields]
    if not all(names):
        raise RepositoryError("--fields: a field has no name; write them as a,b,c")
    settings = repository.settings()  # an invalid file is an error that names the key
    if all(settings.for_dataset(path).fields == tuple(names) for path in paths):
        return _text(repository)
    text = _text(repository)
    _, indent, offset = load_yaml_guess_indent(text)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _NO_FOLDING
    yaml.indent(mapping=2, sequence=indent or 2, offset=offset or 0)
    content = yaml.load(text) or {"version": 1}
    entries = content.setdefault("datasets", [])
    if not entries:
        content["datasets"] = entries = []
    for path in paths:
        _entry(entries, path, settings.for_dataset(path).path)["fields"] = names
    changed = io.StringIO()
    yaml.dump(content, changed)
    return changed.getvalue()


def _text(repository: Repository) -> str:
    file = repository.root / SETTINGS_FILE
    return file.read_text(encoding="utf-8") if file.exists() else ""


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
