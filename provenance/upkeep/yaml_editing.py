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


def one_line(entry: dict[str, Any]) -> Any:
    """``entry`` as YAML writes it on one line, so that git's union of two branches keeps whole entries of both."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    def quoted(value: Any) -> Any:
        # Other styles would write a line break as one.
        return DoubleQuotedScalarString(value) if isinstance(value, str) and len(value.splitlines()) > 1 else value

    line = CommentedMap()
    for name, value in entry.items():
        if isinstance(value, list):
            line[name] = CommentedSeq(quoted(each) for each in value)
            line[name].fa.set_flow_style()
        else:
            line[name] = quoted(value)
    line.fa.set_flow_style()
    return line


def entries_of(content: Any, key: str) -> Any:
    """The list at ``key`` of ``content``, to be appended to; an empty one is rewritten in block style."""
    if not content.get(key):
        content[key] = []
    return content[key]
