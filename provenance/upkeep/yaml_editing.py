"""Changing a YAML file that people write: comments, quotes and order stay as they are."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

_NO_FOLDING = 2**20


def edited(text: str, change: Callable[[Any], None]) -> str:
    """``text``, valid YAML, after ``change`` was made to its content; an empty file begins as ``version: 1``."""
    from ruamel.yaml import YAML
    from ruamel.yaml.util import load_yaml_guess_indent

    _, indent, offset = load_yaml_guess_indent(text)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _NO_FOLDING
    yaml.indent(mapping=2, sequence=indent or 2, offset=offset or 0)
    content = yaml.load(text) or {"version": 1}
    change(content)
    changed = io.StringIO()
    yaml.dump(content, changed)
    return changed.getvalue()


def entries_of(content: Any, key: str) -> Any:
    """The list at ``key`` of ``content``, to be appended to; an empty one is written anew, in block style."""
    if not content.get(key):
        content[key] = []
    return content[key]
