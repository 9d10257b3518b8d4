"""Checkers of other projects, which need not be installed, and rules that they lack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from provenance.export.interface import Checked

_MOST_PROBLEMS = 20


def check_json(file: Path, rules: Callable[[Any], Checked]) -> Checked:
    """What ``rules`` make of the JSON document in ``file``; that it is not JSON, where it is not."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        return Checked((f"not JSON: {error}",))
    return rules(document)


def not_installed(package: str, module: str | None = None) -> Checked | None:
    """Says that ``package`` is not installed, so that its checks were not made; None where it is."""
    try:
        found = find_spec(module or package)
    except ModuleNotFoundError:
        found = None
    if found is not None:
        return None
    return Checked(not_checked=(f"not checked by {package}, which is not installed: `pip install {package}`",))


def by_schema(document: Any, schema: Mapping[str, Any], registry: Any = None) -> Checked:
    """What of ``document`` does not fit the JSON schema, with the formats of its texts."""
    if missing := not_installed("jsonschema"):
        return missing
    from jsonschema import FormatChecker
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for

    kind = validator_for(schema)
    more = {} if registry is None else {"registry": registry}
    errors = kind(schema, format_checker=FormatChecker(), **more).iter_errors(document)
    # Of alternatives none of which fits, the one that fits best says what is wrong.
    found = (best_match([error]) for error in errors)
    return Checked(tuple(_first(f"{_place(error.absolute_path)}: {_short(error.message)}" for error in found)))


def problems(found: Iterable[str]) -> Checked:
    """The first of the problems that a rule of our own finds."""
    return Checked(tuple(_first(found)))


def is_time(stated: Any) -> bool:
    """Whether it is a date and time with its offset, which schemas name and no checker looks at."""
    try:
        return datetime.fromisoformat(stated).tzinfo is not None
    except (TypeError, ValueError):
        return False


def keys_in(document: Any) -> Iterator[str]:
    """Every key of the objects in ``document``, however deep."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield key
            yield from keys_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from keys_in(value)


def misspelt(document: Any, prefix: str, known: Iterable[str]) -> Iterator[str]:
    """The keys with ``prefix`` that the vocabulary does not have."""
    names = {f"{prefix}{name}" for name in known}
    for key in dict.fromkeys(keys_in(document)):
        if key.startswith(prefix) and key not in names:
            yield f"{key}: the vocabulary has no such term"


def _first(found: Iterable[str]) -> Iterator[str]:
    for number, problem in enumerate(found):
        if number == _MOST_PROBLEMS:
            yield "and more"
            return
        yield problem


def _place(path: Iterable[Any]) -> str:
    return ".".join(str(step) for step in path) or "the document"


def _short(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= 300 else f"{line[:299]}…"
