"""Content fields are chosen once, in provenance.yaml; `provenance add --fields` writes them there."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from provenance.errors import RepositoryError
from provenance.files import whole_file
from provenance.repository import Repository
from provenance.settings import SETTINGS_FILE, parse_settings


def declare_fields(repository: Repository, paths: Sequence[str], fields: Sequence[str]) -> None:
    """Set the content fields of the datasets at ``paths`` (from the DVC root); the rest of the file stays as it is.

    Raises:
        RepositoryError: a field has no name, or provenance.yaml cannot be read.
    """
    from ruamel.yaml import YAML

    names = [field.strip() for field in fields]
    if not all(names):
        raise RepositoryError("--fields: a field has no name; write them as a,b,c")
    yaml = YAML()
    repository.settings()  # an invalid file is an error that names the key
    file = repository.root / SETTINGS_FILE
    content: Any = (yaml.load(file.read_text(encoding="utf-8")) if file.exists() else None) or {"version": 1}
    entries = content.setdefault("datasets", [])
    for path in paths:
        entry = next((entry for entry in entries if entry["path"] == path), None)
        if entry is None:
            entry = {"path": path}
            entries.append(entry)
        entry["fields"] = names
    text = io.StringIO()
    yaml.dump(content, text)
    parse_settings(text.getvalue(), SETTINGS_FILE)
    with whole_file(file) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
