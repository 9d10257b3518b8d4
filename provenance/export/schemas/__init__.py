"""Schemas of other projects, as they were published: ``sources.json`` says of each whence, under which licence, and its
SHA-256."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def pinned(name: str) -> Any:
    """The schema in the file ``name``, such as ``openlineage/OpenLineage.json``."""
    return json.loads(files(__name__).joinpath(name).read_text(encoding="utf-8"))


def pinned_in(folder: str) -> list[Any]:
    """All schemas in ``folder``, by name."""
    found = sorted(files(__name__).joinpath(folder).iterdir(), key=lambda file: file.name)
    return [json.loads(file.read_text(encoding="utf-8")) for file in found if file.name.endswith(".json")]
